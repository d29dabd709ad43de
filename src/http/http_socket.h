/*-------------------------------------------------------------------------
 *
 * http_socket.h
 *	  The sockets of all transfers of a backend.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_HTTP_SOCKET_H
#define S3STORE_HTTP_SOCKET_H

#include "http/http_transfer.h"

/* libcurl's callbacks: it needs a socket, needs it no more, or waits for it. */
extern curl_socket_t s3_http_open_socket(void *arg, curlsocktype purpose,
										 struct curl_sockaddr *address);
extern int	s3_http_close_socket(void *arg, curl_socket_t fd);
extern int	s3_http_watch_socket(CURL *easy, curl_socket_t fd, int what,
								 void *arg, void *slot);

/* An event came: is the socket still watched?  If so, its transfer lives. */
extern bool s3_http_note_event(curl_socket_t fd);

/* Does a thread resolve a name for the transfer? */
extern bool s3_http_is_resolving(const S3HttpTransfer *transfer);

/* Does a connection stand, TLS aside?  libcurl's times differ by its version. */
extern bool s3_http_is_connected(const S3HttpTransfer *transfer);

/* The transfer is connected: so are those of its sockets that are open. */
extern void s3_http_trust_sockets(const S3HttpTransfer *transfer);

/* The transfer goes; its connection may stay. */
extern void s3_http_disown_sockets(const S3HttpTransfer *transfer);

/*
 * Returns the set to wait on, in line with what libcurl watches.  Throws when
 * there is no descriptor for it.
 */
extern struct WaitEventSet *s3_http_wait_set(void);

/* Is any socket open, idle ones included? */
extern bool s3_http_has_sockets(void);

/* Shuts all connections down; a signal handler may call it between transfers. */
extern void s3_http_shut_sockets(void);

#endif							/* S3STORE_HTTP_SOCKET_H */
