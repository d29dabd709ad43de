/*
 * peer - what a bare program of libcurl's multi interface does: one thread,
 * kept connections, and the same signed requests as s3store sends.
 *
 *   peer [-c] METHOD ENDPOINT BUCKET COUNT CONNECTIONS [SIZE] [CA-FILE]
 *
 * Requests the objects 0.bin, 1.bin, ... of the bucket, COUNT in all, with the
 * headers that s3store sends, and prints the seconds that this took.  SIZE is
 * that of what PUT sends; with -c, the MD5 of each content is compared with its
 * ETag, as s3store does.  Keys come from AWS_ACCESS_KEY_ID and
 * AWS_SECRET_ACCESS_KEY.  Every request is signed (Signature Version 4) with a
 * key that is derived once, and the hash of its payload; what comes is kept
 * whole in memory until the transfer ends.
 */
#include <curl/curl.h>
#include <malloc.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HEX_SIZE	(2 * SHA256_DIGEST_LENGTH + 1)
#define REGION		"us-east-1"
#define USER_AGENT	"s3store/1.0"
#define CONTENT_TYPE	"application/octet-stream"
#define CACHE_CONTROL	"private,max-age=3600"
#define SIGNED_ALWAYS	"host;x-amz-content-sha256;x-amz-date"
#define FIELD_MAX	512
#define KEPT_MEMORY	(16 * 1024 * 1024)
#define CONNECTIONS_MAX 256
#define MD5_SIZE	(2 * 16 + 1)

typedef struct Slot
{
	CURL	   *easy;
	struct curl_slist *headers;
	size_t		sent;
	char	   *content;
	size_t		received;
	char		etag[MD5_SIZE];
} Slot;

static const char *method;
static const char *endpoint;
static const char *host;
static const char *bucket;
static const char *ca_file;
static int	compares;
static const char *access_key_id;
static char *payload;
static size_t payload_size;
static size_t received;
static unsigned char signing_key[SHA256_DIGEST_LENGTH];
static char signing_date[9];

static void
fail(const char *what)
{
	fprintf(stderr, "peer: %s\n", what);
	exit(1);
}

static double
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static void
hex(const unsigned char *data, int len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < len; i++)
	{
		out[2 * i] = digits[data[i] >> 4];
		out[2 * i + 1] = digits[data[i] & 15];
	}
	out[2 * len] = '\0';
}

static void
hash(const char *data, size_t len, char *out)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];

	if (!EVP_Digest(data, len, digest, NULL, EVP_sha256(), NULL))
		fail("no SHA-256");
	hex(digest, sizeof(digest), out);
}

static void
hmac(const void *key, int key_len, const char *text, unsigned char *out)
{
	if (!HMAC(EVP_sha256(), key, key_len, (const unsigned char *) text, strlen(text), out, NULL))
		fail("no HMAC");
}

/* Once a day is enough. */
static void
derive_key(const char *date)
{
	char		secret[FIELD_MAX];
	unsigned char key[SHA256_DIGEST_LENGTH];

	snprintf(secret, sizeof(secret), "AWS4%s", getenv("AWS_SECRET_ACCESS_KEY"));
	hmac(secret, strlen(secret), date, key);
	hmac(key, sizeof(key), REGION, key);
	hmac(key, sizeof(key), "s3", key);
	hmac(key, sizeof(key), "aws4_request", signing_key);
	memcpy(signing_date, date, sizeof(signing_date));
}

static void
add_header(Slot *slot, const char *line)
{
	slot->headers = curl_slist_append(slot->headers, line);
	if (slot->headers == NULL)
		fail("out of memory");
}

static void
sign(Slot *slot, const char *path)
{
	time_t		seconds = time(NULL);
	struct tm	tm;
	char		stamp[17];
	char		date[9];
	char		payload_hash[HEX_SIZE];
	char		request_hash[HEX_SIZE];
	char		signature[HEX_SIZE];
	unsigned char mac[SHA256_DIGEST_LENGTH];
	char		text[4 * FIELD_MAX];
	int			sends = strcmp(method, "PUT") == 0;
	const char *signed_headers = sends ? "cache-control;content-type;" SIGNED_ALWAYS : SIGNED_ALWAYS;

	gmtime_r(&seconds, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	memcpy(date, stamp, 8);
	date[8] = '\0';
	if (strcmp(date, signing_date) != 0)
		derive_key(date);
	hash(payload, payload_size, payload_hash);
	snprintf(text, sizeof(text),
			 "%s\n%s\n\n%shost:%s\nx-amz-content-sha256:%s\nx-amz-date:%s\n\n%s\n%s",
			 method, path, sends ? "cache-control:" CACHE_CONTROL "\ncontent-type:" CONTENT_TYPE "\n" : "",
			 host, payload_hash, stamp, signed_headers, payload_hash);
	hash(text, strlen(text), request_hash);
	snprintf(text, sizeof(text), "AWS4-HMAC-SHA256\n%s\n%s/" REGION "/s3/aws4_request\n%s",
			 stamp, date, request_hash);
	hmac(signing_key, sizeof(signing_key), text, mac);
	hex(mac, sizeof(mac), signature);

	snprintf(text, sizeof(text), "x-amz-content-sha256: %s", payload_hash);
	add_header(slot, text);
	snprintf(text, sizeof(text), "x-amz-date: %s", stamp);
	add_header(slot, text);
	snprintf(text, sizeof(text), "Authorization: AWS4-HMAC-SHA256 Credential=%s/%s/" REGION
			 "/s3/aws4_request, SignedHeaders=%s, Signature=%s",
			 access_key_id, date, signed_headers, signature);
	add_header(slot, text);
	if (sends)
	{
		add_header(slot, "content-type: " CONTENT_TYPE);
		add_header(slot, "cache-control: " CACHE_CONTROL);
	}
	add_header(slot, "Accept:");
	add_header(slot, "Expect:");
}

static size_t
send_payload(char *data, size_t size, size_t count, void *arg)
{
	Slot	   *slot = arg;
	size_t		len = size * count;

	if (len > payload_size - slot->sent)
		len = payload_size - slot->sent;
	memcpy(data, payload + slot->sent, len);
	slot->sent += len;
	return len;
}

static size_t
receive(char *data, size_t size, size_t count, void *arg)
{
	Slot	   *slot = arg;
	curl_off_t	length = 0;

	curl_easy_getinfo(slot->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	if (slot->content == NULL)
		slot->content = malloc(length);
	if (slot->content == NULL || slot->received + size * count > (size_t) length)
		return 0;
	memcpy(slot->content + slot->received, data, size * count);
	slot->received += size * count;
	return size * count;
}

static size_t
receive_header(char *data, size_t size, size_t count, void *arg)
{
	static const char name[] = "etag: \"";
	size_t		start = sizeof(name) - 1;

	if (size * count > start + MD5_SIZE && strncasecmp(data, name, start) == 0)
		memcpy(((Slot *) arg)->etag, data + start, MD5_SIZE - 1);
	return size * count;
}

static void
compare(const Slot *slot)
{
	int			sent = strcmp(method, "PUT") == 0;
	unsigned char digest[EVP_MAX_MD_SIZE];
	char		md5[MD5_SIZE];

	if (!EVP_Digest(sent ? payload : slot->content, sent ? payload_size : slot->received,
					digest, NULL, EVP_md5(), NULL))
		fail("no MD5");
	hex(digest, 16, md5);
	if (strcmp(md5, slot->etag) != 0)
		fail("another content");
}

/* A handle is used again, and its connection with it. */
static void
start(CURLM *multi, Slot *slot, int number)
{
	char		path[FIELD_MAX];
	char		url[2 * FIELD_MAX];

	snprintf(path, sizeof(path), "/%s/%d.bin", bucket, number);
	snprintf(url, sizeof(url), "%s%s", endpoint, path);
	slot->headers = NULL;
	slot->sent = 0;
	sign(slot, path);
	curl_easy_setopt(slot->easy, CURLOPT_URL, url);
	curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, slot->headers);
	if (curl_multi_add_handle(multi, slot->easy) != CURLM_OK)
		fail("could not start a transfer");
}

static void
prepare(Slot *slot)
{
	CURL	   *easy = curl_easy_init();

	slot->easy = easy;
	curl_easy_setopt(easy, CURLOPT_PRIVATE, slot);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_USERAGENT, USER_AGENT);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
	if (compares)
	{
		curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, receive_header);
		curl_easy_setopt(easy, CURLOPT_HEADERDATA, slot);
	}
	if (ca_file != NULL)
		curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
	if (strcmp(method, "HEAD") == 0)
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	if (strcmp(method, "PUT") == 0)
	{
		curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t) payload_size);
		curl_easy_setopt(easy, CURLOPT_READFUNCTION, send_payload);
		curl_easy_setopt(easy, CURLOPT_READDATA, slot);
	}
}

/* Returns how many ended; each must have gone well. */
static int
collect(CURLM *multi, Slot **ended)
{
	CURLMsg    *msg;
	int			left;
	int			n = 0;

	while ((msg = curl_multi_info_read(multi, &left)) != NULL)
	{
		Slot	   *slot;
		long		status = 0;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_RESPONSE_CODE, &status);
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **) &slot);
		if (msg->data.result != CURLE_OK || status / 100 != 2)
		{
			fprintf(stderr, "peer: %s, status %ld\n", curl_easy_strerror(msg->data.result), status);
			exit(1);
		}
		if (compares)
			compare(slot);
		received += slot->received;
		slot->received = 0;
		free(slot->content);
		slot->content = NULL;
		curl_multi_remove_handle(multi, slot->easy);
		curl_slist_free_all(slot->headers);
		ended[n++] = slot;
	}
	return n;
}

static void
run(CURLM *multi, Slot *slots, int connections, int count)
{
	Slot	   *ended[CONNECTIONS_MAX];
	int			started = 0;
	int			done = 0;
	int			running;

	for (; started < connections && started < count; started++)
		start(multi, &slots[started], started);
	while (done < count)
	{
		int			n;

		if (curl_multi_perform(multi, &running) != CURLM_OK)
			fail("could not go on");
		n = collect(multi, ended);
		done += n;
		for (int i = 0; i < n && started < count; i++)
			start(multi, ended[i], started++);
		if (n == 0 && curl_multi_poll(multi, NULL, 0, 1000, NULL) != CURLM_OK)
			fail("could not wait");
	}
}

int
main(int argc, char **argv)
{
	static Slot slots[CONNECTIONS_MAX];
	int			count;
	int			connections;
	CURLM	   *multi;
	double		begin;

	if (argc > 1 && strcmp(argv[1], "-c") == 0)
	{
		compares = 1;
		argc--;
		argv++;
	}
	if (argc < 6)
		fail("which requests?");
	method = argv[1];
	endpoint = argv[2];
	host = strstr(endpoint, "://") + 3;
	bucket = argv[3];
	count = atoi(argv[4]);
	connections = atoi(argv[5]);
	payload_size = argc > 6 ? strtoul(argv[6], NULL, 10) : 0;
	ca_file = argc > 7 ? argv[7] : NULL;
	access_key_id = getenv("AWS_ACCESS_KEY_ID");
	if (access_key_id == NULL || getenv("AWS_SECRET_ACCESS_KEY") == NULL ||
		connections < 1 || connections > CONNECTIONS_MAX)
		fail("no keys, or too many connections");
	payload = malloc(payload_size + 1);
	memset(payload, 'x', payload_size);

	/* The system would get the buffer of each upload back. */
	mallopt(M_TRIM_THRESHOLD, KEPT_MEMORY);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	multi = curl_multi_init();
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long) connections);
	for (int i = 0; i < connections; i++)
		prepare(&slots[i]);
	run(multi, slots, connections, count);	/* untimed: connections are made */
	received = 0;
	begin = now();
	run(multi, slots, connections, count);
	printf("%.6f %zu\n", now() - begin, received);
	return 0;
}
