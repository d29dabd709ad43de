/*-------------------------------------------------------------------------
 *
 * random.h
 *	  Random numbers that spread retries over time.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_RANDOM_H
#define S3STORE_RANDOM_H

/*
 * Returns a random number from 0 up to, but not including, 1; 0 when the
 * system has no entropy: sessions may then do something at the same time, but
 * nothing fails.
 */
extern double s3_random_fraction(void);

#endif							/* S3STORE_RANDOM_H */
