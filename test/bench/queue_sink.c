/*
 * queue_sink.c - as much of S3 as a drain needs: HEAD and DeleteObjects.
 *
 *     queue_sink FILE      writes its port there, and serves until killed
 *
 * Every object is there, and old; whatever is to be deleted is deleted.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS		64
#define REQUEST_MAX (4 * 1024 * 1024)

static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nETag: \"0\"\r\n"
"Last-Modified: Sat, 01 Jan 2000 00:00:00 GMT\r\n\r\n";

typedef struct Client
{
	int			fd;
	size_t		len;
	char		data[REQUEST_MAX + 1];
} Client;

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static void
send_all(int fd, const char *data, size_t len)
{
	while (len > 0)
	{
		ssize_t		sent = send(fd, data, len, MSG_NOSIGNAL);

		if (sent < 0)
		{
			if (errno == EINTR)
				continue;
			return;				/* the client has gone: recv tells */
		}
		data += sent;
		len -= sent;
	}
}

/* Every key of the request, as deleted. */
static void
answer_delete(int fd, const char *body, const char *end)
{
	static char answer[2 * REQUEST_MAX];
	char		fields[128];
	char	   *to = answer;
	const char *key = body;

	to += sprintf(to, "<DeleteResult>");
	while ((key = memmem(key, end - key, "<Key>", 5)) != NULL)
	{
		const char *key_end = memmem(key, end - key, "</Key>", 6);

		if (key_end == NULL)
			break;
		to += sprintf(to, "<Deleted>");
		to = mempcpy(to, key, key_end + 6 - key);
		to += sprintf(to, "</Deleted>");
		key = key_end;
	}
	to += sprintf(to, "</DeleteResult>");
	send_all(fd, fields, sprintf(fields, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n",
								 (size_t) (to - answer)));
	send_all(fd, answer, to - answer);
}

/* Answers the first request, when it is whole; how long it was, or 0. */
static size_t
answer(Client *client)
{
	char	   *end = memmem(client->data, client->len, "\r\n\r\n", 4);
	char	   *length;
	size_t		size;

	if (end == NULL)
		return 0;
	size = end + 4 - client->data;
	if (client->len >= 4 && memcmp(client->data, "HEAD", 4) == 0)
	{
		send_all(client->fd, head, sizeof(head) - 1);
		return size;
	}
	client->data[client->len] = '\0';
	length = strcasestr(client->data, "\ncontent-length:");
	if (length != NULL && length < end)
		size += strtoul(length + strlen("\ncontent-length:"), NULL, 10);
	if (size > REQUEST_MAX)
		exit(1);
	if (client->len < size)
		return 0;
	answer_delete(client->fd, end + 4, client->data + size);
	return size;
}

static bool
serve(Client *client)
{
	ssize_t		got = recv(client->fd, client->data + client->len, REQUEST_MAX - client->len, 0);
	size_t		done;

	if (got <= 0)
		return false;
	client->len += got;
	while ((done = answer(client)) > 0)
	{
		client->len -= done;
		memmove(client->data, client->data + done, client->len);
	}
	return true;
}

static int
listen_somewhere(const char *path)
{
	struct sockaddr_in address = {.sin_family = AF_INET,.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t	len = sizeof(address);
	int			fd = socket(AF_INET, SOCK_STREAM, 0);
	FILE	   *file;

	if (fd < 0 || bind(fd, (struct sockaddr *) &address, len) != 0 || listen(fd, 128) != 0 ||
		getsockname(fd, (struct sockaddr *) &address, &len) != 0)
		die("socket");
	file = fopen(path, "w");
	if (file == NULL || fprintf(file, "%d", ntohs(address.sin_port)) < 0 || fclose(file) != 0)
		die(path);
	return fd;
}

static void
accept_client(int epoll, int listener)
{
	struct epoll_event event = {.events = EPOLLIN};
	Client	   *client = malloc(sizeof(Client));
	int			on = 1;

	if (client == NULL)
		die("malloc");
	client->len = 0;
	client->fd = accept(listener, NULL, NULL);
	if (client->fd < 0)
		die("accept");
	(void) setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	event.data.ptr = client;
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, client->fd, &event) != 0)
		die("epoll_ctl");
}

int
main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];
	struct epoll_event event = {.events = EPOLLIN};
	int			epoll = epoll_create1(0);
	int			listener;

	if (argc != 2)
	{
		fprintf(stderr, "queue_sink FILE\n");
		return 2;
	}
	listener = listen_somewhere(argv[1]);
	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) != 0)
		die("epoll");
	for (;;)
	{
		int			count = epoll_wait(epoll, events, EVENTS, -1);

		for (int i = 0; i < count; i++)
		{
			Client	   *client = events[i].data.ptr;

			if (client == NULL)
				accept_client(epoll, listener);
			else if (!serve(client))
			{
				close(client->fd);
				free(client);
			}
		}
	}
}
