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
#include "base/base.h"

#include "base/crc.h"

#define SLICES	8

typedef struct CrcRule
{
	uint64		polynomial;		/* reflected */
	uint64		mask;			/* of its width */
	bool		ready;
	uint64		table[SLICES][256]; /* what byte b makes of a state of zero,
									 * with as many bytes of zero behind it */
} CrcRule;

static uint64 compute(CrcRule *rule, uint64 crc, S3Slice data);
static void make_tables(CrcRule *rule);

uint64
s3_crc32(uint64 crc, S3Slice data)
{
	static CrcRule rule = {.polynomial = UINT64CONST(0xedb88320),.mask = UINT64CONST(0xffffffff)};

	return compute(&rule, crc, data);
}

uint64
s3_crc32c(uint64 crc, S3Slice data)
{
	static CrcRule rule = {.polynomial = UINT64CONST(0x82f63b78),.mask = UINT64CONST(0xffffffff)};

	return compute(&rule, crc, data);
}

uint64
s3_crc64nvme(uint64 crc, S3Slice data)
{
	static CrcRule rule = {.polynomial = UINT64CONST(0x9a6c9329ac4bc9b5),.mask = PG_UINT64_MAX};

	return compute(&rule, crc, data);
}

static uint64
compute(CrcRule *rule, uint64 crc, S3Slice data)
{
	const uint8 *p = (const uint8 *) data.data;
	const uint8 *end = p + data.len;
	uint64		state = crc ^ rule->mask;

	if (!rule->ready)
		make_tables(rule);
	for (; end - p >= SLICES; p += SLICES)
	{
		uint64		next = 0;

		for (int i = 0; i < SLICES; i++)
			next ^= rule->table[SLICES - 1 - i][(uint8) (state >> (8 * i)) ^ p[i]];
		state = next;
	}
	for (; p < end; p++)
		state = rule->table[0][(uint8) state ^ *p] ^ (state >> 8);
	return state ^ rule->mask;
}

static void
make_tables(CrcRule *rule)
{
	for (int byte = 0; byte < 256; byte++)
	{
		uint64		state = byte;

		for (int bit = 0; bit < 8; bit++)
			state = (state >> 1) ^ ((state & 1) ? rule->polynomial : 0);
		rule->table[0][byte] = state;
	}
	for (int slice = 1; slice < SLICES; slice++)
		for (int byte = 0; byte < 256; byte++)
		{
			uint64		state = rule->table[slice - 1][byte];

			rule->table[slice][byte] = rule->table[0][(uint8) state] ^ (state >> 8);
		}
	rule->ready = true;
}
