/*-------------------------------------------------------------------------
 *
 * libfuzzer.c
 *	  Runs a fuzz target with libFuzzer, which makes up the inputs.
 *
 *-------------------------------------------------------------------------
 */
#include "fuzz.h"

extern int	LLVMFuzzerTestOneInput(const uint8 *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	fuzz_one(data, size);
	test_memory_reset();
	return 0;
}
