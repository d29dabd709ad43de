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
 * Each returns the check of what "crc" is that of, 0 of nothing, and the data
 * behind it: ISO 3309, as in gzip and zip; Castagnoli, as in iSCSI; and the
 * 64b CRC of NVM Express.
 */
extern uint64 s3_crc32(uint64 crc, S3Slice data);
extern uint64 s3_crc32c(uint64 crc, S3Slice data);
extern uint64 s3_crc64nvme(uint64 crc, S3Slice data);

#endif							/* S3STORE_CRC_H */
