/*-------------------------------------------------------------------------
 *
 * crc.c
 *	  The cyclic redundancy checks that S3 uses as checksums.
 *
 * All three are reflected, start with all bits set, and are inverted at the
 * end; they differ in their polynomial and width.  Eight tables take eight
 * bytes at a time ("slicing by 8").  The tables are made when they are needed.
 *
 * Pure.
 *
 *-------------------------------------------------------------------------
 */
#include "s3store.h"

#include "crc.h"

#define SLICES	8

typedef struct Crc
{
	uint64		polynomial;		/* reflected */
	uint64		mask;			/* of its width */
	bool		ready;
	uint64		table[SLICES][256]; /* what byte b makes of a state of zero,
									 * with as many bytes of zero behind it */
} Crc;

static uint64 compute(Crc *crc, S3Slice data);
static void make_tables(Crc *crc);

uint32
s3_crc32(S3Slice data)
{
	static Crc	crc = {.polynomial = UINT64CONST(0xedb88320),.mask = UINT64CONST(0xffffffff)};

	return (uint32) compute(&crc, data);
}

uint32
s3_crc32c(S3Slice data)
{
	static Crc	crc = {.polynomial = UINT64CONST(0x82f63b78),.mask = UINT64CONST(0xffffffff)};

	return (uint32) compute(&crc, data);
}

uint64
s3_crc64nvme(S3Slice data)
{
	static Crc	crc = {.polynomial = UINT64CONST(0x9a6c9329ac4bc9b5),.mask = PG_UINT64_MAX};

	return compute(&crc, data);
}

static uint64
compute(Crc *crc, S3Slice data)
{
	const uint8 *p = (const uint8 *) data.data;
	const uint8 *end = p + data.len;
	uint64		state = crc->mask;

	if (!crc->ready)
		make_tables(crc);
	for (; end - p >= SLICES; p += SLICES)
	{
		uint64		next = 0;

		for (int i = 0; i < SLICES; i++)
			next ^= crc->table[SLICES - 1 - i][(uint8) (state >> (8 * i)) ^ p[i]];
		state = next;
	}
	for (; p < end; p++)
		state = crc->table[0][(uint8) state ^ *p] ^ (state >> 8);
	return state ^ crc->mask;
}

static void
make_tables(Crc *crc)
{
	for (int byte = 0; byte < 256; byte++)
	{
		uint64		state = byte;

		for (int bit = 0; bit < 8; bit++)
			state = (state >> 1) ^ ((state & 1) ? crc->polynomial : 0);
		crc->table[0][byte] = state;
	}
	for (int slice = 1; slice < SLICES; slice++)
		for (int byte = 0; byte < 256; byte++)
		{
			uint64		state = crc->table[slice - 1][byte];

			crc->table[slice][byte] = crc->table[0][(uint8) state] ^ (state >> 8);
		}
	crc->ready = true;
}
