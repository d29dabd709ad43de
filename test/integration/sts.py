"""sts.py - temporary access keys, which come with a session token."""
import json
import uuid

import boto3
from harness import environment


def temporary_keys():
    """Of a role that may do everything, as settings of an endpoint."""
    user = {'endpoint_url': environment('RGW_ENDPOINT'), 'region_name': 'us-east-1',
            'aws_access_key_id': environment('RGW_ACCESS_KEY_ID'),
            'aws_secret_access_key': environment('RGW_SECRET_ACCESS_KEY')}
    iam, sts = boto3.client('iam', **user), boto3.client('sts', **user)
    name = 'role-' + uuid.uuid4().hex[:12]
    # Ceph reads '+' in a form as a plus: no blanks.
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=dense({
        'Version': '2012-10-17', 'Statement': [
            {'Effect': 'Allow', 'Principal': {'AWS': ['arn:aws:iam:::user/one']},
             'Action': ['sts:AssumeRole']}]}))['Role']
    iam.put_role_policy(RoleName=name, PolicyName='all', PolicyDocument=dense({
        'Version': '2012-10-17', 'Statement': [
            {'Effect': 'Allow', 'Action': ['s3:*'], 'Resource': ['arn:aws:s3:::*']}]}))
    keys = sts.assume_role(RoleArn=role['Arn'], RoleSessionName='test')['Credentials']
    return {'access_key_id': keys['AccessKeyId'], 'secret_access_key': keys['SecretAccessKey'],
            'session_token': keys['SessionToken']}


def dense(value):
    return json.dumps(value, separators=(',', ':'))
