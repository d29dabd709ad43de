/*-------------------------------------------------------------------------
 *
 * memory.h
 *	  palloc for programs: one memory context, which the caller resets.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_TEST_MEMORY_H
#define S3STORE_TEST_MEMORY_H

/* Frees all that was palloc'd. */
extern void test_memory_reset(void);

#endif							/* S3STORE_TEST_MEMORY_H */
