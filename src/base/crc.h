/*-------------------------------------------------------------------------
 *
 * crc.h
 *	  The cyclic redundancy checks that S3 uses as checksums.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_CRC_H
#define S3STORE_CRC_H

#include "base/base.h"

/*
 * Each returns the check of some bytes with the data, less than 4 GB, behind
 * them; "crc" is the check of those bytes, 0 of none.  They are the CRCs of
 * ISO 3309, as in gzip and zip; of Castagnoli, as in iSCSI; and of NVM Express
 * (64 bits).
 */
extern uint64 s3_crc32(uint64 crc, S3Slice data);
extern uint64 s3_crc32c(uint64 crc, S3Slice data);
extern uint64 s3_crc64nvme(uint64 crc, S3Slice data);

#endif							/* S3STORE_CRC_H */
