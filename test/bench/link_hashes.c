/*
 * The hashes that a link in Signature Version 4 cannot do without: one of the
 * CanonicalRequest, and an HMAC of the StringToSign with both states kept.
 *
 *	  link_hashes [BYTES OF THE CANONICAL REQUEST [LINKS]]
 *
 * The rest of a link is not made: this is the limit that test/bench/presign
 * compares with.  Time is that of the processor.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CANONICAL_MAX	4096
#define TO_SIGN_LEN		138		/* algorithm, time, scope, hash in hex */
#define BLOCK_LEN		64

static double
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
	long		len = argc > 1 ? strtol(argv[1], NULL, 10) : 330;
	long		links = argc > 2 ? strtol(argv[2], NULL, 10) : 1000000;
	unsigned char canonical[CANONICAL_MAX] = {0};
	unsigned char to_sign[TO_SIGN_LEN] = {0};
	unsigned char hash[SHA256_DIGEST_LENGTH];
	SHA256_CTX	inner;
	SHA256_CTX	outer;
	double		start;
	double		seconds;

	if (len < 1 || len > CANONICAL_MAX || links < 1)
		return 2;
	SHA256_Init(&inner);
	SHA256_Update(&inner, canonical, BLOCK_LEN);
	outer = inner;
	start = now();
	for (long i = 0; i < links; i++)
	{
		SHA256_CTX	state;

		SHA256_Init(&state);
		SHA256_Update(&state, canonical, len);
		SHA256_Final(hash, &state);
		/* Each link waits for the one before, as it waits for its own hashes. */
		memcpy(to_sign, hash, sizeof(hash));
		state = inner;
		SHA256_Update(&state, to_sign, sizeof(to_sign));
		SHA256_Final(hash, &state);
		state = outer;
		SHA256_Update(&state, hash, sizeof(hash));
		SHA256_Final(hash, &state);
		memcpy(canonical, hash, 1);
	}
	seconds = now() - start;
	printf("%-40s %12.0f links/s\n", "the hashes of links", links / seconds);
	return 0;
}
