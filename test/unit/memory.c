/*-------------------------------------------------------------------------
 *
 * memory.c
 *	  palloc for programs: one memory context, which the caller resets.
 *
 * The pure rooms free little of what they allocate, because the server's
 * memory contexts do.  libpgcommon's palloc for programs would leak all of
 * it; this one keeps a list.  Each piece is malloc'd on its own, so that the
 * sanitizers see where it ends.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "memory.h"

typedef struct Piece
{
	struct Piece *previous;
	struct Piece *next;
} Piece;

static Piece head = {&head, &head};

static void *
link_piece(Piece *piece)
{
	if (piece == NULL)
	{
		fputs("out of memory\n", stderr);
		abort();
	}
	piece->previous = &head;
	piece->next = head.next;
	piece->next->previous = piece;
	head.next = piece;
	return piece + 1;
}

static Piece *
unlink_piece(void *pointer)
{
	Piece	   *piece = (Piece *) pointer - 1;

	piece->previous->next = piece->next;
	piece->next->previous = piece->previous;
	return piece;
}

void
test_memory_reset(void)
{
	while (head.next != &head)
		pfree(head.next + 1);
}

void *
palloc(Size size)
{
	return link_piece(malloc(sizeof(Piece) + size));
}

void *
palloc0(Size size)
{
	return link_piece(calloc(1, sizeof(Piece) + size));
}

/* Out of memory is the end, whatever the flags say. */
void *
palloc_extended(Size size, int flags)
{
	return flags & MCXT_ALLOC_ZERO ? palloc0(size) : palloc(size);
}

void *
repalloc(void *pointer, Size size)
{
	return link_piece(realloc(unlink_piece(pointer), sizeof(Piece) + size));
}

void
pfree(void *pointer)
{
	free(unlink_piece(pointer));
}

char *
pstrdup(const char *in)
{
	return pnstrdup(in, strlen(in));
}

char *
pnstrdup(const char *in, Size size)
{
	size_t		len = strnlen(in, size);
	char	   *copy = palloc(len + 1);

	memcpy(copy, in, len);
	copy[len] = '\0';
	return copy;
}
