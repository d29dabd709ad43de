/*-------------------------------------------------------------------------
 *
 * list_prefetch_guess.h
 *	  Where in a list of keys the next pages may begin.  Pure.
 *
 *	  Keys are taken for numbers: the digits of a place are the bytes that were
 *	  seen there, and a page is the difference between its last key and its
 *	  first.  A wrong guess costs a request, but does not change the list.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_LIST_PREFETCH_GUESS_H
#define S3STORE_LIST_PREFETCH_GUESS_H

#include "s3/list_page.h"

#define S3_LIST_GUESS_PLACES	96	/* bytes of a key that count */

typedef struct S3ListGuess
{
	uint8		seen[S3_LIST_GUESS_PLACES][256];	/* which bytes, at each
													 * place */
	int			radix[S3_LIST_GUESS_PLACES];	/* how many */
	int			step[S3_LIST_GUESS_PLACES]; /* from one page to the next, as
											 * digits */
	int			places;			/* of the step; 0: none is known */
} S3ListGuess;

/* Zero-initialize a guess; then it learns from pages, in any order. */
extern void s3_list_guess_learn(S3ListGuess *guess, const S3ListPage *page);

/*
 * Sets "next" to a key that is nearly a page behind "key".  Returns false
 * where nothing can be guessed, as at the end of what was seen.
 */
extern bool s3_list_guess_next(const S3ListGuess *guess, S3Slice key, StringInfo next);

#endif							/* S3STORE_LIST_PREFETCH_GUESS_H */
