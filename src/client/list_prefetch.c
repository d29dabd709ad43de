/*-------------------------------------------------------------------------
 *
 * list_prefetch.c
 *	  The pages of one list, several of them under way at a time.
 *
 * A page begins behind a key, and covers all keys up to its last one.  Beside
 * the page that is needed next, pages are requested that begin where other
 * pages probably end (list_prefetch_guess.c).  A guess that is too low repeats
 * keys, which are left out; one that is too high leaves a gap, which is filled
 * before the list goes on.  So the list is complete and in order however good
 * the guesses are: they only make it faster.
 *
 * The fewer guesses turn out to be useful, the fewer are made.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "lib/ilist.h"
#include "utils/memutils.h"

#include "client/list_prefetch.h"
#include "client/list_prefetch_guess.h"

#define USE_MIN			4		/* a guess is useful where a 4th of the page's
								 * keys is new */
#define TRY_AGAIN_EVERY	20		/* pages, where guesses were not useful */

typedef struct Slot
{
	dlist_node	node;
	MemoryContext context;		/* of the slot itself, and all of it */
	S3Slice		start;			/* the page is behind this key */
	bool		first;			/* it is the first page of all: no key */
	bool		guessed;
	bool		here;			/* the page has come */
	S3Call		call;
	S3ListPage	page;
} Slot;

struct S3ListPrefetch
{
	MemoryContext context;
	S3Pipeline *pipeline;
	int			connections;
	S3ListOpenPage open_page;
	void	   *arg;
	dlist_head	slots;			/* in the order of their starts */
	int			count;
	Slot	   *taken;			/* the caller has its page */
	StringInfoData position;	/* all up to this key is delivered */
	bool		started;		/* there is a position */
	int			guesses_max;	/* at a time */
	int			guesses;		/* under way, or not yet used */
	int			pages_without;	/* a guess */
	S3ListGuess guess;
	StringInfoData next;		/* scratch */
};

static void fill(S3ListPrefetch *prefetch);
static bool fill_behind(S3ListPrefetch *prefetch, Slot *slot);
static bool may_guess(const S3ListPrefetch *prefetch, const Slot *slot, S3Slice start);
static void add_slot(S3ListPrefetch *prefetch, Slot *behind, bool first, S3Slice start, bool guessed);
static void wait_for_page(S3ListPrefetch *prefetch);
static void check_sorted(const Slot *slot);
static void release_slot(S3ListPrefetch *prefetch, Slot *slot);
static bool take_head(S3ListPrefetch *prefetch, S3ListPage *page);
static int	count_known(const S3ListPrefetch *prefetch, const S3ListPage *page);
static void note_use(S3ListPrefetch *prefetch, const Slot *slot, int keys);

#define slot_of(pointer)	dlist_container(Slot, node, pointer)

S3ListPrefetch *
s3_list_prefetch_create(int connections, const char *start_after,
						S3ListOpenPage open_page, void *arg)
{
	S3ListPrefetch *prefetch = palloc0(sizeof(S3ListPrefetch));

	prefetch->context = CurrentMemoryContext;
	prefetch->pipeline = s3_pipeline_create(connections);
	prefetch->connections = connections;
	prefetch->guesses_max = connections - 1;
	prefetch->open_page = open_page;
	prefetch->arg = arg;
	dlist_init(&prefetch->slots);
	initStringInfo(&prefetch->position);
	initStringInfo(&prefetch->next);
	if (start_after != NULL)
	{
		appendStringInfoString(&prefetch->position, start_after);
		prefetch->started = true;
	}
	return prefetch;
}

void
s3_list_prefetch_next(S3ListPrefetch *prefetch, S3ListPage *page)
{
	if (prefetch->taken != NULL)
		release_slot(prefetch, prefetch->taken);
	prefetch->taken = NULL;
	do
	{
		fill(prefetch);
		while (!slot_of(dlist_head_node(&prefetch->slots))->here)
		{
			wait_for_page(prefetch);
			fill(prefetch);
		}
	} while (!take_head(prefetch, page));
}

/* Requests the page that is needed next, and those guessed behind it. */
static void
fill(S3ListPrefetch *prefetch)
{
	S3Slice		position = s3_slice(prefetch->position.data, prefetch->position.len);
	Slot	   *head = dlist_is_empty(&prefetch->slots) ? NULL :
		slot_of(dlist_head_node(&prefetch->slots));

	if (head == NULL || (!head->first && s3_slice_compare(head->start, position) > 0))
		add_slot(prefetch, NULL, !prefetch->started, position, false);
	head = slot_of(dlist_head_node(&prefetch->slots));
	while (s3_pipeline_has_room(prefetch->pipeline) && fill_behind(prefetch, head))
	{
		if (!dlist_has_next(&prefetch->slots, &head->node))
			break;
		head = slot_of(dlist_next_node(&prefetch->slots, &head->node));
	}
}

/* Returns false where nothing is known to come behind the slot. */
static bool
fill_behind(S3ListPrefetch *prefetch, Slot *slot)
{
	bool		has_next = dlist_has_next(&prefetch->slots, &slot->node);
	Slot	   *next = has_next ? slot_of(dlist_next_node(&prefetch->slots, &slot->node)) : NULL;
	S3Slice		end;

	if (prefetch->count >= 2 * prefetch->connections)
		return false;
	if (slot->here)
	{
		if (!slot->page.truncated || slot->page.count == 0)
			return false;
		end = slot->page.items[slot->page.count - 1].key;
		if (next == NULL || s3_slice_compare(next->start, end) > 0)
			add_slot(prefetch, slot, false, end, false);
		return true;
	}
	if (!s3_list_guess_next(&prefetch->guess, slot->start, &prefetch->next))
		return has_next;
	end = s3_slice(prefetch->next.data, prefetch->next.len);
	if (may_guess(prefetch, next, end))
		add_slot(prefetch, slot, false, end, true);
	return true;
}

/* Not where the next slot begins within the page that would be guessed. */
static bool
may_guess(const S3ListPrefetch *prefetch, const Slot *next, S3Slice start)
{
	StringInfoData beyond;
	bool		far = true;

	if (prefetch->guesses >= prefetch->guesses_max)
		return false;
	if (next == NULL)
		return true;
	initStringInfo(&beyond);
	if (s3_slice_compare(start, next->start) >= 0)
		far = false;
	else if (s3_list_guess_next(&prefetch->guess, start, &beyond))
		far = s3_slice_compare(s3_slice(beyond.data, beyond.len), next->start) < 0;
	pfree(beyond.data);
	return far;
}

/* "behind": the slot before it, or NULL. */
static void
add_slot(S3ListPrefetch *prefetch, Slot *behind, bool first, S3Slice start, bool guessed)
{
	MemoryContext context = AllocSetContextCreate(prefetch->context, "s3store list range",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old_context = MemoryContextSwitchTo(context);
	Slot	   *slot = palloc0(sizeof(Slot));

	slot->context = context;
	slot->first = first;
	slot->start = s3_slice(s3_slice_dup(start), start.len);
	slot->guessed = guessed;
	if (behind == NULL)
		dlist_push_head(&prefetch->slots, &slot->node);
	else
		dlist_insert_after(&behind->node, &slot->node);
	prefetch->count++;
	prefetch->guesses += guessed;
	prefetch->open_page(prefetch->arg, first ? NULL : slot->start.data, &slot->call);
	s3_pipeline_start(prefetch->pipeline, &slot->call, slot);
	MemoryContextSwitchTo(old_context);
}

static void
wait_for_page(S3ListPrefetch *prefetch)
{
	S3Finished	finished;
	Slot	   *slot;
	MemoryContext old_context;
	S3Error		err;

	if (!s3_pipeline_next(prefetch->pipeline, &finished))
		elog(ERROR, "a page of a list is not under way");
	slot = finished.tag;
	if (!finished.ok)
		s3_call_throw(&slot->call, &finished.err);
	old_context = MemoryContextSwitchTo(slot->context);
	if (!s3_list_page_parse(s3_slice(finished.response.body, finished.response.body_len),
							S3_LIST_PAGE_OBJECTS, &slot->page, &err))
		s3_call_throw(&slot->call, &err);
	pfree(finished.response.body - VARHDRSZ);
	check_sorted(slot);
	slot->here = true;
	s3_list_guess_learn(&prefetch->guess, &slot->page);
	MemoryContextSwitchTo(old_context);
}

/* Only in a sorted list can a page begin behind any key. */
static void
check_sorted(const Slot *slot)
{
	S3Slice		last_key = slot->start;
	S3Error		err;

	for (int i = 0; i < slot->page.count; i++)
	{
		S3Slice		key = slot->page.items[i].key;

		if (s3_slice_compare(key, last_key) <= 0)
		{
			s3_error_set(&err, S3_ERROR_UNSUPPORTED, "the server's list is not sorted");
			s3_error_detail(&err, "Such a list cannot be fetched over several connections.");
			s3_call_throw(&slot->call, &err);
		}
		last_key = key;
	}
	if (slot->page.truncated && slot->page.count == 0)
	{
		s3_error_set(&err, S3_ERROR_PROTOCOL, "could not understand the server's list");
		s3_error_detail(&err, "It goes on, but a page is empty.");
		s3_call_throw(&slot->call, &err);
	}
}

static void
release_slot(S3ListPrefetch *prefetch, Slot *slot)
{
	dlist_delete(&slot->node);
	prefetch->count--;
	prefetch->guesses -= slot->guessed;
	MemoryContextDelete(slot->context);
}

/* Returns false, and releases the page, when it has nothing new. */
static bool
take_head(S3ListPrefetch *prefetch, S3ListPage *page)
{
	Slot	   *slot = slot_of(dlist_head_node(&prefetch->slots));
	int			known = count_known(prefetch, &slot->page);
	S3Slice		last;

	note_use(prefetch, slot, slot->page.count - known);
	*page = slot->page;
	page->items += known;
	page->count -= known;
	if (page->count > 0)
	{
		last = page->items[page->count - 1].key;
		resetStringInfo(&prefetch->position);
		appendBinaryStringInfo(&prefetch->position, last.data, (int) last.len);
		prefetch->started = true;
	}
	else if (page->truncated)
	{
		release_slot(prefetch, slot);
		return false;
	}
	prefetch->taken = slot;
	if (!page->truncated)
		s3_pipeline_free(prefetch->pipeline);	/* pages beyond the end */
	return true;
}

/* How many of the page's keys, all in front, are delivered already. */
static int
count_known(const S3ListPrefetch *prefetch, const S3ListPage *page)
{
	S3Slice		position = s3_slice(prefetch->position.data, prefetch->position.len);
	int			low = 0;
	int			high = page->count;

	while (prefetch->started && low < high)
	{
		int			middle = (low + high) / 2;

		if (s3_slice_compare(page->items[middle].key, position) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
note_use(S3ListPrefetch *prefetch, const Slot *slot, int keys)
{
	if (!slot->guessed)
	{
		if (prefetch->guesses_max == 0 && ++prefetch->pages_without >= TRY_AGAIN_EVERY)
			prefetch->guesses_max = 1;
		return;
	}
	prefetch->pages_without = 0;
	if (keys * USE_MIN >= slot->page.count)
		prefetch->guesses_max = Min(prefetch->guesses_max + 1, prefetch->connections - 1);
	else
		prefetch->guesses_max /= 2;
}
