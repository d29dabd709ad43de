// links.js - how many links two packages of npm make in a second of the processor.
//
//   NODE_PATH=.../node_modules node links.js NAME LINKS
//
// NAME is aws4 or @aws-sdk/s3-request-presigner; the keys are in the environment.
'use strict'
const HOST = 'photos.s3.us-east-1.amazonaws.com'
const credentials = {
  accessKeyId: process.env.AWS_ACCESS_KEY_ID,
  secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY
}
const key = number => 'cars/2026/' + number + '.jpg'

function aws4 () {
  const aws4 = require('aws4')
  return async number => {
    const request = aws4.sign({
      service: 's3', region: 'us-east-1', signQuery: true, host: HOST,
      path: '/' + key(number) + '?X-Amz-Expires=3600'
    }, credentials)
    return 'https://' + HOST + request.path
  }
}

function presigner () {
  const { S3Client, GetObjectCommand } = require('@aws-sdk/client-s3')
  const { getSignedUrl } = require('@aws-sdk/s3-request-presigner')
  const client = new S3Client({ region: 'us-east-1', credentials })
  return number => getSignedUrl(
    client, new GetObjectCommand({ Bucket: 'photos', Key: key(number) }), { expiresIn: 3600 })
}

async function main (name, links) {
  const sign = name === 'aws4' ? aws4() : presigner()
  for (let number = 0; number < links / 4; number++) await sign(number)    // warm
  const start = process.cpuUsage()
  let link
  for (let number = 0; number < links; number++) link = await sign(number)
  const used = process.cpuUsage(start)
  if (!/X-Amz-Signature=[0-9a-f]{64}/.test(link)) throw new Error('no link: ' + link)
  console.log(links / ((used.user + used.system) / 1e6))
}

main(process.argv[2], Number(process.argv[3]))
