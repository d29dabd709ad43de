/*
 * chains - what a bare program of libcurl's multi interface gets out of a
 * server: chains of requests, each sent when the one before it has been
 * answered, many chains at a time.
 *
 *   chains FILE CONNECTIONS
 *
 * A line of FILE is a request: its method, its URL (signed, so that nothing is
 * to be computed here), and headers, with tabs between.  An empty line ends a
 * chain.  Prints the seconds that all of it took; what comes is thrown away.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CONNECTIONS_MAX 256

typedef struct Slot
{
	CURL	   *easy;
	struct curl_slist *headers;
	char	   *next;			/* request of the chain */
} Slot;

static char *unread;			/* what no slot has taken yet */

static void
fail(const char *what)
{
	fprintf(stderr, "chains: %s\n", what);
	exit(1);
}

static double
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static char *
read_file(const char *name)
{
	FILE	   *file = fopen(name, "r");
	long		size;
	char	   *text;

	if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0)
		fail("no file");
	rewind(file);
	text = malloc(size + 1);
	if (text == NULL || fread(text, 1, size, file) != (size_t) size)
		fail("could not read the file");
	text[size] = '\0';
	fclose(file);
	return text;
}

static size_t
ignore(char *data, size_t size, size_t count, void *arg)
{
	return size * count;
}

/* Sets the request up, and leaves slot->next at the one behind it. */
static void
prepare(Slot *slot)
{
	char	   *line = slot->next;
	char	   *end = strchr(line, '\n');
	char	   *method = line;
	char	   *url;
	char	   *header;

	if (end == NULL)
		fail("a line without an end");
	*end = '\0';
	slot->next = end + 1;
	url = strchr(method, '\t');
	if (url == NULL)
		fail("a line without a URL");
	*url++ = '\0';
	slot->headers = curl_slist_append(NULL, "Accept:");
	while ((header = strrchr(url, '\t')) != NULL)
	{
		*header = '\0';
		slot->headers = curl_slist_append(slot->headers, header + 1);
	}
	curl_easy_reset(slot->easy);
	curl_easy_setopt(slot->easy, CURLOPT_PRIVATE, slot);
	curl_easy_setopt(slot->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(slot->easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(slot->easy, CURLOPT_PROXY, "");
	curl_easy_setopt(slot->easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(slot->easy, CURLOPT_WRITEFUNCTION, ignore);
	curl_easy_setopt(slot->easy, CURLOPT_URL, url);
	curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, slot->headers);
	if (strcmp(method, "HEAD") == 0)
		curl_easy_setopt(slot->easy, CURLOPT_NOBODY, 1L);
	else if (strcmp(method, "PUT") == 0)
	{
		curl_easy_setopt(slot->easy, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(slot->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t) 0);
	}
}

/* Sends the next request of the slot's chain, or of another one. */
static int
start(CURLM *multi, Slot *slot)
{
	if (slot->next == NULL || *slot->next == '\n')
	{
		char	   *end;

		if (*unread == '\0')
			return 0;
		slot->next = unread;
		end = strstr(unread, "\n\n");
		if (end == NULL)
			fail("a chain without an end");
		unread = end + 2;
	}
	prepare(slot);
	if (curl_multi_add_handle(multi, slot->easy) != CURLM_OK)
		fail("could not start a transfer");
	return 1;
}

/* Takes what has ended, and goes on with its slot; returns what is under way. */
static int
go_on(CURLM *multi, int running)
{
	CURLMsg    *msg;
	int			left;

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
			fprintf(stderr, "chains: %s, status %ld\n", curl_easy_strerror(msg->data.result), status);
			exit(1);
		}
		curl_multi_remove_handle(multi, slot->easy);
		curl_slist_free_all(slot->headers);
		running += start(multi, slot) - 1;
	}
	return running;
}

int
main(int argc, char **argv)
{
	static Slot slots[CONNECTIONS_MAX];
	int			connections = argc == 3 ? atoi(argv[2]) : 0;
	int			running = 0;
	int			active;
	CURLM	   *multi;
	double		begin;

	if (connections < 1 || connections > CONNECTIONS_MAX)
		fail("which file, how many connections?");
	unread = read_file(argv[1]);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	multi = curl_multi_init();
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long) connections);
	begin = now();
	for (int i = 0; i < connections; i++)
	{
		slots[i].easy = curl_easy_init();
		running += start(multi, &slots[i]);
	}
	while (running > 0)
	{
		if (curl_multi_perform(multi, &active) != CURLM_OK)
			fail("could not go on");
		running = go_on(multi, running);
		if (running == active && curl_multi_poll(multi, NULL, 0, 1000, NULL) != CURLM_OK)
			fail("could not wait");
	}
	printf("%.6f\n", now() - begin);
	return 0;
}
