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
 * Each extends a checksum: "crc" is that of the bytes before the data (0 where
 * there are none), the result that of both.  The data have less than 4 GB.  The
 * CRCs are those of ISO 3309, as in gzip and zip; of Castagnoli, as in iSCSI;
 * and of NVM Express (64 bits).
 */
extern uint64 s3_crc32(uint64 crc, S3Slice data);
extern uint64 s3_crc32c(uint64 crc, S3Slice data);
extern uint64 s3_crc64nvme(uint64 crc, S3Slice data);

#endif							/* S3STORE_CRC_H */
