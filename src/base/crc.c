/*-------------------------------------------------------------------------
 *
 * crc.c
 *	  The cyclic redundancy checks that S3 uses as checksums.  Pure.
 *
 * All three are reflected, start with all bits set, and are inverted at the
 * end.  CRC-32 is zlib's and CRC-32C PostgreSQL's; CRC-64/NVME is computed
 * here.  Its eight tables take eight bytes at a time ("slicing by 8"), and are
 * made when they are first needed.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include <zlib.h>

#include "port/pg_crc32c.h"

#include "base/crc.h"

#define SLICES			8
#define NVME_POLYNOMIAL UINT64CONST(0x9a6c9329ac4bc9b5) /* reflected */

/*
 * nvme_tables[n][byte] is the state that a state of zero becomes by the byte
 * and n bytes of zero behind it.
 */
static uint64 nvme_tables[SLICES][256];

static void make_nvme_tables(void);

uint64
s3_crc32(uint64 crc, S3Slice data)
{
	/* For zlib, no data means a new start. */
	return data.len == 0 ? crc : crc32((uLong) crc, (const Bytef *) data.data, (uInt) data.len);
}

uint64
s3_crc32c(uint64 crc, S3Slice data)
{
	pg_crc32c	state = (pg_crc32c) crc;

	FIN_CRC32C(state);			/* undoes what it did to "crc" */
	COMP_CRC32C(state, data.data, data.len);
	FIN_CRC32C(state);
	return state;
}

uint64
s3_crc64nvme(uint64 crc, S3Slice data)
{
	const uint8 *p = (const uint8 *) data.data;
	const uint8 *end = p + data.len;
	uint64		state = ~crc;

	if (nvme_tables[0][1] == 0)
		make_nvme_tables();
	for (; end - p >= SLICES; p += SLICES)
	{
		uint64		next = 0;

		for (int i = 0; i < SLICES; i++)
			next ^= nvme_tables[SLICES - 1 - i][(uint8) (state >> (8 * i)) ^ p[i]];
		state = next;
	}
	for (; p < end; p++)
		state = nvme_tables[0][(uint8) state ^ *p] ^ (state >> 8);
	return ~state;
}

static void
make_nvme_tables(void)
{
	for (int byte = 0; byte < 256; byte++)
	{
		uint64		state = byte;

		for (int bit = 0; bit < 8; bit++)
			state = (state >> 1) ^ ((state & 1) ? NVME_POLYNOMIAL : 0);
		nvme_tables[0][byte] = state;
	}
	for (int slice = 1; slice < SLICES; slice++)
		for (int byte = 0; byte < 256; byte++)
		{
			uint64		state = nvme_tables[slice - 1][byte];

			nvme_tables[slice][byte] = nvme_tables[0][(uint8) state] ^ (state >> 8);
		}
}
