/*-------------------------------------------------------------------------
 *
 * list_prefetch.c
 *	  The pages of one list, many of them under way at a time.
 *
 * A page begins behind a key, and covers all up to its last one.  The next
 * page that is needed begins where all before it is covered; beside it, pages
 * are asked for that begin where others are guessed to end (list_prefetch_guess.c).  A
 * guess too near repeats keys, which are left out; one too far leaves a gap,
 * which is filled before it is passed.  So the list is complete and in order,
 * however good the guesses are: they only make it faster.
 *
 * The fewer guesses turn out to be of use, the fewer are made.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "lib/ilist.h"
#include "utils/memutils.h"

#include "client/list_prefetch.h"
#include "client/list_prefetch_guess.h"

#define USE_MIN			4		/* a guessed page is of use with a 4th of its
								 * keys */
#define TRY_AGAIN_EVERY	20		/* pages, where guesses were of no use */

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

static void fill(S3ListPrefetch *ranges);
static bool fill_behind(S3ListPrefetch *ranges, Slot *slot);
static bool may_guess(const S3ListPrefetch *ranges, const Slot *slot, S3Slice start);
static void add_slot(S3ListPrefetch *ranges, Slot *behind, bool first, S3Slice start, bool guessed);
static void wait_for_page(S3ListPrefetch *ranges);
static void check_sorted(const Slot *slot);
static void release_slot(S3ListPrefetch *ranges, Slot *slot);
static bool take_head(S3ListPrefetch *ranges, S3ListPage *page);
static int	count_known(const S3ListPrefetch *ranges, const S3ListPage *page);
static void note_use(S3ListPrefetch *ranges, const Slot *slot, int keys);

#define slot_of(pointer)	dlist_container(Slot, node, pointer)

S3ListPrefetch *
s3_list_prefetch_create(int connections, const char *start_after,
						S3ListOpenPage open_page, void *arg)
{
	S3ListPrefetch *ranges = palloc0(sizeof(S3ListPrefetch));

	ranges->context = CurrentMemoryContext;
	ranges->pipeline = s3_pipeline_create(connections);
	ranges->connections = connections;
	ranges->guesses_max = connections - 1;
	ranges->open_page = open_page;
	ranges->arg = arg;
	dlist_init(&ranges->slots);
	initStringInfo(&ranges->position);
	initStringInfo(&ranges->next);
	if (start_after != NULL)
	{
		appendStringInfoString(&ranges->position, start_after);
		ranges->started = true;
	}
	return ranges;
}

void
s3_list_prefetch_next(S3ListPrefetch *ranges, S3ListPage *page)
{
	if (ranges->taken != NULL)
		release_slot(ranges, ranges->taken);
	ranges->taken = NULL;
	do
	{
		fill(ranges);
		while (!slot_of(dlist_head_node(&ranges->slots))->here)
		{
			wait_for_page(ranges);
			fill(ranges);
		}
	} while (!take_head(ranges, page));
}

/* Asks for the page that is needed next, and for those guessed behind it. */
static void
fill(S3ListPrefetch *ranges)
{
	S3Slice		position = s3_slice(ranges->position.data, ranges->position.len);
	Slot	   *head = dlist_is_empty(&ranges->slots) ? NULL :
		slot_of(dlist_head_node(&ranges->slots));

	if (head == NULL || (!head->first && s3_slice_compare(head->start, position) > 0))
		add_slot(ranges, NULL, !ranges->started, position, false);
	head = slot_of(dlist_head_node(&ranges->slots));
	while (s3_pipeline_has_room(ranges->pipeline) && fill_behind(ranges, head))
	{
		if (!dlist_has_next(&ranges->slots, &head->node))
			break;
		head = slot_of(dlist_next_node(&ranges->slots, &head->node));
	}
}

/* Returns false where nothing comes behind the slot, as far as can be told. */
static bool
fill_behind(S3ListPrefetch *ranges, Slot *slot)
{
	bool		has_next = dlist_has_next(&ranges->slots, &slot->node);
	Slot	   *next = has_next ? slot_of(dlist_next_node(&ranges->slots, &slot->node)) : NULL;
	S3Slice		end;

	if (ranges->count >= 2 * ranges->connections)
		return false;
	if (slot->here)
	{
		if (!slot->page.truncated || slot->page.count == 0)
			return false;
		end = slot->page.items[slot->page.count - 1].key;
		if (next == NULL || s3_slice_compare(next->start, end) > 0)
			add_slot(ranges, slot, false, end, false);
		return true;
	}
	if (!s3_list_guess_next(&ranges->guess, slot->start, &ranges->next))
		return has_next;
	end = s3_slice(ranges->next.data, ranges->next.len);
	if (may_guess(ranges, next, end))
		add_slot(ranges, slot, false, end, true);
	return true;
}

/* Not where the next page is nearly there. */
static bool
may_guess(const S3ListPrefetch *ranges, const Slot *next, S3Slice start)
{
	StringInfoData beyond;
	bool		far = true;

	if (ranges->guesses >= ranges->guesses_max)
		return false;
	if (next == NULL)
		return true;
	initStringInfo(&beyond);
	if (s3_slice_compare(start, next->start) >= 0)
		far = false;
	else if (s3_list_guess_next(&ranges->guess, start, &beyond))
		far = s3_slice_compare(s3_slice(beyond.data, beyond.len), next->start) < 0;
	pfree(beyond.data);
	return far;
}

/* "behind": the slot before it, or NULL. */
static void
add_slot(S3ListPrefetch *ranges, Slot *behind, bool first, S3Slice start, bool guessed)
{
	MemoryContext context = AllocSetContextCreate(ranges->context, "s3store list range",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old_context = MemoryContextSwitchTo(context);
	Slot	   *slot = palloc0(sizeof(Slot));

	slot->context = context;
	slot->first = first;
	slot->start = s3_slice(s3_slice_dup(start), start.len);
	slot->guessed = guessed;
	if (behind == NULL)
		dlist_push_head(&ranges->slots, &slot->node);
	else
		dlist_insert_after(&behind->node, &slot->node);
	ranges->count++;
	ranges->guesses += guessed;
	ranges->open_page(ranges->arg, first ? NULL : slot->start.data, &slot->call);
	s3_pipeline_start(ranges->pipeline, &slot->call, slot);
	MemoryContextSwitchTo(old_context);
}

static void
wait_for_page(S3ListPrefetch *ranges)
{
	S3Finished	finished;
	Slot	   *slot;
	MemoryContext old_context;
	S3Error		err;

	if (!s3_pipeline_next(ranges->pipeline, &finished))
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
	s3_list_guess_learn(&ranges->guess, &slot->page);
	MemoryContextSwitchTo(old_context);
}

/* Pages of other keys than those asked for would make a list of nonsense. */
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
release_slot(S3ListPrefetch *ranges, Slot *slot)
{
	dlist_delete(&slot->node);
	ranges->count--;
	ranges->guesses -= slot->guessed;
	MemoryContextDelete(slot->context);
}

/* Returns false when the page has nothing new; then it is let go. */
static bool
take_head(S3ListPrefetch *ranges, S3ListPage *page)
{
	Slot	   *slot = slot_of(dlist_head_node(&ranges->slots));
	int			known = count_known(ranges, &slot->page);
	S3Slice		last;

	note_use(ranges, slot, slot->page.count - known);
	*page = slot->page;
	page->items += known;
	page->count -= known;
	if (page->count > 0)
	{
		last = page->items[page->count - 1].key;
		resetStringInfo(&ranges->position);
		appendBinaryStringInfo(&ranges->position, last.data, (int) last.len);
		ranges->started = true;
	}
	else if (page->truncated)
	{
		release_slot(ranges, slot);
		return false;
	}
	ranges->taken = slot;
	if (!page->truncated)
		s3_pipeline_free(ranges->pipeline); /* what is beyond the end */
	return true;
}

/* How many of the page's keys, all in front, are delivered already. */
static int
count_known(const S3ListPrefetch *ranges, const S3ListPage *page)
{
	S3Slice		position = s3_slice(ranges->position.data, ranges->position.len);
	int			low = 0;
	int			high = page->count;

	while (ranges->started && low < high)
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
note_use(S3ListPrefetch *ranges, const Slot *slot, int keys)
{
	if (!slot->guessed)
	{
		if (ranges->guesses_max == 0 && ++ranges->pages_without >= TRY_AGAIN_EVERY)
			ranges->guesses_max = 1;
		return;
	}
	ranges->pages_without = 0;
	if (keys * USE_MIN >= slot->page.count)
		ranges->guesses_max = Min(ranges->guesses_max + 1, ranges->connections - 1);
	else
		ranges->guesses_max /= 2;
}
