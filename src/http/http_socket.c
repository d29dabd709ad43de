/*-------------------------------------------------------------------------
 *
 * http_socket.c
 *	  The sockets of all transfers of a backend, and the one WaitEventSet
 *	  that holds them with the process latch and the postmaster's death.
 *
 * Guarantees: every socket counts among the descriptors that PostgreSQL
 * grants; the set has no descriptor that was closed, and is kept while the
 * sockets are the same, so that a kept connection costs no new set.
 * What libcurl calls here never throws.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "miscadmin.h"
#include "storage/fd.h"
#include "storage/latch.h"
#include "utils/memutils.h"

#include "backend/compat.h"
#include "http/http_clock.h"
#include "http/http_socket.h"

#define SPARE_SET_ROOM		6

typedef struct WatchedSocket
{
	curl_socket_t fd;
	bool		opened_here;	/* else the resolver's */
	bool		trusted;		/* it got connected: we are told when it is
								 * closed */
	ino_t		inode;			/* if opened here: tells it from a later
								 * socket that got the same number */
	uint32		interest;		/* WL_SOCKET_…; 0: idle, or not yet wanted */
	int			position;		/* in wait_set, or -1 */
	S3HttpTransfer *transfer;	/* whose progress an event is, or NULL */
} WatchedSocket;

/* malloc'd: it grows inside callbacks */
static WatchedSocket *sockets = NULL;
static int	nsockets = 0;
static int	sockets_size = 0;

/*
 * The kernel forgets a closed descriptor silently and gives its number out
 * again, so that a set that knew it must not be used any more: it is stale.
 */
static WaitEventSet *wait_set = NULL;
static int	wait_set_room = 0;	/* sockets that can still be added */
static bool wait_set_stale = false;

static bool wait_set_fits(void);
static void create_wait_set(void);
static void free_wait_set(void);
static WatchedSocket *find_socket(curl_socket_t fd);
static bool is_closed(const WatchedSocket *watched);
static ino_t inode_of(curl_socket_t fd);
static WatchedSocket *add_socket(curl_socket_t fd);
static void forget_socket(WatchedSocket *watched);

/*
 * Opens a socket for libcurl, counted among the descriptors that PostgreSQL
 * grants.  Programs that the backend starts must not inherit it.
 */
curl_socket_t
s3_http_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	S3HttpTransfer *transfer = arg;
	WatchedSocket *watched;
	int			fd;

	if (transfer == NULL)		/* abandoned */
		return CURL_SOCKET_BAD;
	if (!AcquireExternalFD())
	{
		transfer->stop = S3_HTTP_STOP_DESCRIPTORS;
		return CURL_SOCKET_BAD;
	}

	fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	if (fd >= 0)
		(void) find_socket(fd); /* forgets an earlier one of that number */
	watched = fd >= 0 ? add_socket(fd) : NULL;
	if (watched == NULL)
	{
		if (fd >= 0)
			close(fd);
		ReleaseExternalFD();
		return CURL_SOCKET_BAD;
	}
	watched->opened_here = true;
	watched->inode = inode_of(fd);
	return fd;
}

/*
 * Closes what s3_http_open_socket() opened.  A connection outlives the
 * transfer that opened it, so no transfer may be touched here.
 */
int
s3_http_close_socket(void *arg, curl_socket_t fd)
{
	WatchedSocket *watched = find_socket(fd);

	if (watched != NULL)
		forget_socket(watched);
	return close(fd);
}

int
s3_http_watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *slot)
{
	WatchedSocket *watched = find_socket(fd);
	char	   *private = NULL;

	if (what == CURL_POLL_REMOVE)
	{
		if (watched == NULL)
			return 0;
		watched->interest = 0;
		watched->transfer = NULL;
		/* The resolver's sockets are closed without another word. */
		if (!watched->opened_here)
			forget_socket(watched);
		return 0;
	}

	if (watched == NULL)
		watched = add_socket(fd);
	if (watched == NULL)
		return -1;

	watched->interest = 0;
	if (what & CURL_POLL_IN)
		watched->interest |= WL_SOCKET_READABLE;
	if (what & CURL_POLL_OUT)
		watched->interest |= WL_SOCKET_WRITEABLE;
	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
	watched->transfer = (S3HttpTransfer *) private;
	return 0;
}

bool
s3_http_note_event(curl_socket_t fd)
{
	WatchedSocket *watched = find_socket(fd);

	if (watched == NULL || watched->interest == 0)
		return false;
	if (watched->transfer != NULL)
		watched->transfer->last_progress = s3_http_now();
	return true;
}

/* libcurl opens the sockets on which it waits for such a thread by itself. */
bool
s3_http_is_resolving(const S3HttpTransfer *transfer)
{
	for (int i = 0; i < nsockets; i++)
		if (sockets[i].transfer == transfer && !sockets[i].opened_here)
			return true;
	return false;
}

bool
s3_http_is_connected(const S3HttpTransfer *transfer)
{
	struct sockaddr_storage peer;

	for (int i = 0; i < nsockets; i++)
	{
		socklen_t	len = sizeof(peer);

		if (sockets[i].transfer == transfer && sockets[i].opened_here &&
			getpeername(sockets[i].fd, (struct sockaddr *) &peer, &len) == 0)
			return true;
	}
	return false;
}

void
s3_http_trust_sockets(const S3HttpTransfer *transfer)
{
	struct sockaddr_storage peer;

	for (int i = 0; i < nsockets; i++)
	{
		WatchedSocket *watched = &sockets[i];
		socklen_t	len = sizeof(peer);

		if (watched->transfer == transfer && watched->opened_here && !watched->trusted)
			watched->trusted = !is_closed(watched) &&
				getpeername(watched->fd, (struct sockaddr *) &peer, &len) == 0;
	}
}

/*
 * libcurl 7.88 closes a socket that never got connected without telling, so we
 * look.
 */
void
s3_http_disown_sockets(const S3HttpTransfer *transfer)
{
	for (int i = nsockets - 1; i >= 0; i--)
	{
		if (sockets[i].transfer == transfer)
			sockets[i].transfer = NULL;
		if (is_closed(&sockets[i]))
			forget_socket(&sockets[i]);
	}
}

bool
s3_http_has_sockets(void)
{
	return nsockets > 0;
}

void
s3_http_shut_sockets(void)
{
	for (int i = 0; i < nsockets; i++)
		if (sockets[i].opened_here && !is_closed(&sockets[i]))
			(void) shutdown(sockets[i].fd, SHUT_RDWR);
}

WaitEventSet *
s3_http_wait_set(void)
{
	if (wait_set != NULL && !wait_set_fits())
		free_wait_set();
	if (wait_set == NULL)
		create_wait_set();

	/* If adding throws, the set knows a socket whose place we do not. */
	wait_set_stale = true;
	for (int i = 0; i < nsockets; i++)
	{
		WatchedSocket *watched = &sockets[i];

		if (watched->interest == 0)
			continue;
		if (watched->position >= 0)
			ModifyWaitEvent(wait_set, watched->position, watched->interest, NULL);
		else
		{
			watched->position = AddWaitEventToSet(wait_set, watched->interest,
												  watched->fd, NULL, NULL);
			wait_set_room--;
		}
	}
	wait_set_stale = false;
	return wait_set;
}

/* Sockets can be added to a set, but never taken out. */
static bool
wait_set_fits(void)
{
	int			missing = 0;

	for (int i = 0; i < nsockets; i++)
	{
		if (sockets[i].interest == 0 && sockets[i].position >= 0)
			return false;
		if (sockets[i].interest != 0 && sockets[i].position < 0)
			missing++;
	}
	return !wait_set_stale && missing <= wait_set_room;
}

/*
 * The set belongs to the session, not to a resource owner: it outlives the
 * transaction on purpose.
 */
static void
create_wait_set(void)
{
	int			room = nsockets + SPARE_SET_ROOM;

	wait_set = CreateSessionWaitEventSet(room + 2);
	wait_set_stale = true;		/* should one of these throw */
	wait_set_room = room;
	for (int i = 0; i < nsockets; i++)
		sockets[i].position = -1;

	AddWaitEventToSet(wait_set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	if (IsUnderPostmaster)
		AddWaitEventToSet(wait_set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
}

static void
free_wait_set(void)
{
	FreeWaitEventSet(wait_set);
	wait_set = NULL;
}

/* Returns NULL for a new socket, even if its number was another's before. */
static WatchedSocket *
find_socket(curl_socket_t fd)
{
	for (int i = 0; i < nsockets; i++)
	{
		if (sockets[i].fd != fd)
			continue;
		if (!is_closed(&sockets[i]))
			return &sockets[i];
		forget_socket(&sockets[i]);
		break;
	}
	return NULL;
}

static bool
is_closed(const WatchedSocket *watched)
{
	return watched->opened_here && !watched->trusted &&
		inode_of(watched->fd) != watched->inode;
}

/* Returns 0 for what is not open. */
static ino_t
inode_of(curl_socket_t fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

/* Returns NULL when memory runs out. */
static WatchedSocket *
add_socket(curl_socket_t fd)
{
	if (nsockets == sockets_size)
	{
		int			size = Max(8, sockets_size * 2);
		WatchedSocket *grown = realloc(sockets, size * sizeof(WatchedSocket));

		if (grown == NULL)
			return NULL;
		sockets = grown;
		sockets_size = size;
	}
	memset(&sockets[nsockets], 0, sizeof(WatchedSocket));
	sockets[nsockets].fd = fd;
	sockets[nsockets].position = -1;
	return &sockets[nsockets++];
}

/* The socket is closed, or about to be. */
static void
forget_socket(WatchedSocket *watched)
{
	if (watched->opened_here)
		ReleaseExternalFD();
	if (watched->position >= 0)
		wait_set_stale = true;
	*watched = sockets[--nsockets];
}
