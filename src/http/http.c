/*-------------------------------------------------------------------------
 *
 * http.c
 *	  Transfers under way together, and the wait for any of them.
 *
 * Guarantees: handles, header lists and buffers of a group's transfers are
 * released with its memory context, and when the (sub)transaction fails in
 * which it was made; never before.  The callback for the former is registered
 * before the first transfer exists.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "access/xact.h"
#include "utils/memutils.h"

#include "http/http.h"
#include "http/http_error.h"
#include "http/http_idle.h"
#include "http/http_setup.h"
#include "http/http_socket.h"
#include "http/http_transfer.h"
#include "http/http_wait.h"

struct S3HttpGroup
{
	MemoryContext context;		/* holds this and the transfers */
	MemoryContextCallback callback;
	dlist_node	node;			/* in the list of all groups */
	uint64		serial;
	SubTransactionId subid;		/* in which it was made */
	dlist_head	running;
	dlist_head	done;
	dlist_head	spare;			/* structs to use again */
};

static dlist_head groups = DLIST_STATIC_INIT(groups);
static uint64 last_serial = 0;

static void watch_transactions(void);
static void end_transaction(XactEvent event, void *arg);
static void end_subtransaction(SubXactEvent event, SubTransactionId subid,
							   SubTransactionId parent, void *arg);
static void release_group(void *arg);
static void release_transfer(S3HttpTransfer *transfer);
static void wipe_headers(struct curl_slist *headers);
static S3HttpTransfer *new_transfer(S3HttpGroup *group);
static bool tend_group(S3HttpGroup *group);
static int64 earliest_deadline(S3HttpGroup *group);
static void check_deadlines(S3HttpGroup *group);

#define transfer_of(pointer)	dlist_container(S3HttpTransfer, node, pointer)

S3HttpGroup *
s3_http_group_create(void)
{
	MemoryContext context;
	S3HttpGroup *group;

	watch_transactions();
	s3_http_stop_idle_clock();
	s3_http_start_engine();

	context = AllocSetContextCreate(CurrentMemoryContext, "s3store transfers",
									ALLOCSET_SMALL_SIZES);
	group = MemoryContextAllocZero(context, sizeof(S3HttpGroup));
	group->context = context;
	group->serial = ++last_serial;
	group->subid = GetCurrentSubTransactionId();
	dlist_init(&group->running);
	dlist_init(&group->done);
	dlist_init(&group->spare);
	dlist_push_tail(&groups, &group->node);
	group->callback.func = release_group;
	group->callback.arg = group;
	MemoryContextRegisterResetCallback(context, &group->callback);
	return group;
}

void
s3_http_group_free(S3HttpGroup *group)
{
	MemoryContextDelete(group->context);
}

uint64
s3_http_mark(void)
{
	return last_serial;
}

void
s3_http_release_since(uint64 mark)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &groups)
	{
		S3HttpGroup *group = dlist_container(S3HttpGroup, node, iter.cur);

		if (group->serial > mark)
			release_group(group);
	}
}

static void
watch_transactions(void)
{
	static bool watching = false;

	if (watching)
		return;
	RegisterXactCallback(end_transaction, NULL);
	RegisterSubXactCallback(end_subtransaction, NULL);
	watching = true;
}

/* A group that was made outside of a transaction is for its maker to release. */
static void
end_transaction(XactEvent event, void *arg)
{
	bool		aborted = event == XACT_EVENT_ABORT || event == XACT_EVENT_PARALLEL_ABORT;
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &groups)
	{
		S3HttpGroup *group = dlist_container(S3HttpGroup, node, iter.cur);

		if (aborted && group->subid != InvalidSubTransactionId)
			release_group(group);
	}
	if ((aborted || event == XACT_EVENT_COMMIT || event == XACT_EVENT_PARALLEL_COMMIT ||
		 event == XACT_EVENT_PREPARE) && dlist_is_empty(&groups))
		s3_http_start_idle_clock();
}

static void
end_subtransaction(SubXactEvent event, SubTransactionId subid,
				   SubTransactionId parent, void *arg)
{
	dlist_mutable_iter iter;

	if (event != SUBXACT_EVENT_ABORT_SUB && event != SUBXACT_EVENT_COMMIT_SUB)
		return;
	dlist_foreach_modify(iter, &groups)
	{
		S3HttpGroup *group = dlist_container(S3HttpGroup, node, iter.cur);

		if (group->subid != subid)
			continue;
		if (event == SUBXACT_EVENT_ABORT_SUB)
			release_group(group);
		else
			group->subid = parent;
	}
}

/* Releases all that is not palloc'd; may be called twice.  Never throws. */
static void
release_group(void *arg)
{
	S3HttpGroup *group = arg;

	if (group->serial == 0)
		return;
	group->serial = 0;
	dlist_delete(&group->node);
	while (!dlist_is_empty(&group->running))
		release_transfer(transfer_of(dlist_head_node(&group->running)));
	while (!dlist_is_empty(&group->done))
		release_transfer(transfer_of(dlist_head_node(&group->done)));
	if (dlist_is_empty(&groups))
		s3_http_start_idle_clock();
}

/* Releases all that is not palloc'd.  Never throws. */
static void
release_transfer(S3HttpTransfer *transfer)
{
	dlist_delete(&transfer->node);
	s3_http_detach(transfer);
	s3_http_give_back_handle(transfer->handle, transfer->clean);
	wipe_headers(transfer->headers);
	free(transfer->head);
}

/* Headers hold signatures and session tokens. */
static void
wipe_headers(struct curl_slist *headers)
{
	for (struct curl_slist *item = headers; item != NULL; item = item->next)
		explicit_bzero(item->data, strlen(item->data));
	curl_slist_free_all(headers);
}

void
s3_http_start(S3HttpGroup *group, const S3HttpRequest *request, void *tag)
{
	S3HttpTransfer *transfer = new_transfer(group);

	transfer->tag = tag;
	transfer->request = request;
	transfer->result_context = CurrentMemoryContext;
	transfer->started = s3_http_now();
	transfer->handle = s3_http_take_handle();
	transfer->easy = transfer->handle->easy;
	s3_http_set_options(transfer);
	s3_http_attach(transfer);
}

static S3HttpTransfer *
new_transfer(S3HttpGroup *group)
{
	S3HttpTransfer *transfer;

	Assert(group->serial != 0);
	if (dlist_is_empty(&group->spare))
		transfer = MemoryContextAlloc(group->context, sizeof(S3HttpTransfer));
	else
		transfer = transfer_of(dlist_pop_head_node(&group->spare));
	memset(transfer, 0, sizeof(*transfer));
	transfer->group = group;
	dlist_push_tail(&group->running, &transfer->node);
	return transfer;
}

S3HttpTransfer *
s3_http_wait_for_any(S3HttpGroup *group, int64 deadline)
{
	while (dlist_is_empty(&group->done))
	{
		int64		until = deadline;

		s3_http_run();
		if (tend_group(group))
			continue;
		if (!dlist_is_empty(&group->done))
			break;
		if (dlist_is_empty(&group->running) && deadline < 0)
			return NULL;
		if (deadline >= 0 && s3_http_now() >= deadline)
			return NULL;
		if (!dlist_is_empty(&group->running))
		{
			until = earliest_deadline(group);
			if (deadline >= 0)
				until = Min(until, deadline);
		}
		s3_http_wait(until);
		check_deadlines(group);
	}
	return transfer_of(dlist_head_node(&group->done));
}

/*
 * Looks after the transfers between two waits, and sorts out those that have
 * ended.  Returns true when one can go on without a wait.
 */
static bool
tend_group(S3HttpGroup *group)
{
	dlist_mutable_iter iter;
	bool		goes_on = false;

	dlist_foreach_modify(iter, &group->running)
	{
		S3HttpTransfer *transfer = transfer_of(iter.cur);

		if (s3_http_check_connected(transfer))
			s3_http_trust_sockets(transfer);
		if (s3_http_tend(transfer))
		{
			s3_http_resume(transfer);
			goes_on |= !transfer->done;
		}
		if (!transfer->done)
			continue;
		dlist_delete(&transfer->node);
		dlist_push_tail(&group->done, &transfer->node);
	}
	return goes_on;
}

static int64
earliest_deadline(S3HttpGroup *group)
{
	int64		earliest = PG_INT64_MAX;
	dlist_iter	iter;

	dlist_foreach(iter, &group->running)
	{
		earliest = Min(earliest, s3_http_deadline(transfer_of(iter.cur)));
	}
	return earliest;
}

static void
check_deadlines(S3HttpGroup *group)
{
	int64		now = s3_http_now();
	dlist_iter	iter;

	dlist_foreach(iter, &group->running)
	{
		s3_http_check_deadline(transfer_of(iter.cur), now);
	}
}

void *
s3_http_tag(const S3HttpTransfer *transfer)
{
	return transfer->tag;
}

bool
s3_http_finish(S3HttpTransfer *transfer, S3HttpResponse *response, S3Error *err)
{
	S3HttpGroup *group = transfer->group;
	bool		ok = s3_http_take_answer(transfer, response);

	if (!ok)
		s3_http_explain(transfer, err);
	if (!ok && transfer->body != NULL)
		pfree(transfer->body);
	release_transfer(transfer);
	dlist_push_head(&group->spare, &transfer->node);
	return ok;
}

bool
s3_http_perform(const S3HttpRequest *request, S3HttpResponse *response, S3Error *err)
{
	S3HttpGroup *group = s3_http_group_create();
	bool		ok;

	s3_http_start(group, request, NULL);
	ok = s3_http_finish(s3_http_wait_for_any(group, -1), response, err);
	s3_http_group_free(group);
	return ok;
}
