/*-------------------------------------------------------------------------
 *
 * driver.c
 *	  Runs a fuzz target without libFuzzer: mutations of the target's seeds,
 *	  the same ones every time.
 *
 *	  fuzz_<target> [-runs=N] [-seed=N] [file...]
 *
 * With files, runs each of them once: to repeat what a fuzzer found.
 *
 *-------------------------------------------------------------------------
 */
#include "fuzz.h"

#define DEFAULT_RUNS	200000
#define INPUT_MAX		4096	/* bytes */
#define MUTATIONS_MAX	8		/* of one input */

/* Of the sanitizers' runtime, which asks for the options. */
extern void __sanitizer_set_death_callback(void (*callback) (void));
extern const char *__asan_default_options(void);

static uint64 random_state;
static uint8 input[INPUT_MAX];
static size_t input_len;

static void run(void);
static uint32 random_below(uint32 limit);
static const FuzzSeed *random_seed(void);
static void make_input(void);
static void mutate(void);
static void splice(size_t at, size_t cut, const uint8 *bytes, size_t len);
static void run_file(const char *path);
static void on_death(void);

int
main(int argc, char **argv)
{
	long		runs = DEFAULT_RUNS;
	uint64		seed = 1;
	int			files = 0;

	__sanitizer_set_death_callback(on_death);
	for (int i = 1; i < argc; i++)
	{
		if (strncmp(argv[i], "-runs=", 6) == 0)
			runs = strtol(argv[i] + 6, NULL, 10);
		else if (strncmp(argv[i], "-seed=", 6) == 0)
			seed = strtoul(argv[i] + 6, NULL, 10);
		else
		{
			run_file(argv[i]);
			files++;
		}
	}
	if (files > 0)
		return 0;

	for (const FuzzSeed *s = fuzz_seeds; s->data != NULL; s++)
	{
		input_len = Min(s->len, INPUT_MAX);
		memcpy(input, s->data, input_len);
		run();
	}
	random_state = seed * UINT64CONST(0x9e3779b97f4a7c15) + 1;
	for (long i = 0; i < runs; i++)
	{
		make_input();
		run();
	}
	return 0;
}

/* Runs the target on an exact copy, so that the sanitizers see its end. */
static void
run(void)
{
	uint8	   *copy = palloc(Max(input_len, 1));

	memcpy(copy, input, input_len);
	fuzz_one(copy, input_len);
	test_memory_reset();
}

/* xorshift64* */
static uint32
random_below(uint32 limit)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32) ((random_state * UINT64CONST(0x2545f4914f6cdd1d)) >> 32) % limit;
}

static const FuzzSeed *
random_seed(void)
{
	uint32		count = 0;

	while (fuzz_seeds[count].data != NULL)
		count++;
	return &fuzz_seeds[random_below(count)];
}

static void
make_input(void)
{
	const FuzzSeed *seed = random_seed();
	uint32		mutations = 1 + random_below(MUTATIONS_MAX);

	input_len = Min(seed->len, INPUT_MAX);
	memcpy(input, seed->data, input_len);
	while (mutations-- > 0)
		mutate();
}

static void
mutate(void)
{
	size_t		at = random_below((uint32) input_len + 1);
	size_t		cut = input_len - at > 0 ? random_below((uint32) (input_len - at)) + 1 : 0;
	uint8		byte = (uint8) random_below(256);
	size_t		few = random_below(16); /* Min() would ask twice */
	const FuzzSeed *other;
	size_t		start;

	switch (random_below(7))
	{
		case 0:					/* a byte changes */
			splice(at, Min(cut, 1), &byte, 1);
			break;
		case 1:					/* a bit changes */
			if (at < input_len)
				input[at] ^= (uint8) (1 << random_below(8));
			break;
		case 2:					/* a byte comes in */
			splice(at, 0, &byte, 1);
			break;
		case 3:					/* some bytes go */
			splice(at, cut, NULL, 0);
			break;
		case 4:					/* some bytes come again */
			splice(at, 0, input + at, cut);
			break;
		case 5:					/* a part of another seed replaces some */
			other = random_seed();
			if (other->len == 0)
				break;
			start = random_below((uint32) other->len);
			splice(at, Min(cut, few), (const uint8 *) other->data + start,
				   1 + random_below((uint32) (other->len - start)));
			break;
		case 6:					/* a byte of the grammar comes in */
			other = random_seed();
			if (other->len > 0)
			{
				start = random_below((uint32) other->len);
				splice(at, Min(cut, 1), (const uint8 *) other->data + start, 1);
			}
			break;
	}
}

/* Replaces "cut" bytes at "at"; what does not fit is left out. */
static void
splice(size_t at, size_t cut, const uint8 *bytes, size_t len)
{
	uint8		copy[INPUT_MAX];

	if (input_len - cut + len > INPUT_MAX)
		return;
	if (len > 0)
		memcpy(copy, bytes, len);
	memmove(input + at + len, input + at + cut, input_len - at - cut);
	memcpy(input + at, copy, len);
	input_len = input_len - cut + len;
}

static void
run_file(const char *path)
{
	FILE	   *file = fopen(path, "rb");

	if (file == NULL)
	{
		perror(path);
		exit(2);
	}
	input_len = fread(input, 1, sizeof(input), file);
	fclose(file);
	run();
}

/* Shows the input that a sanitizer did not survive, as a C string. */
static void
on_death(void)
{
	fputs("input: \"", stderr);
	for (size_t i = 0; i < input_len; i++)
		fprintf(stderr, "\\%03o", input[i]);
	fputs("\"\n", stderr);
}

/*
 * What MUST() finds is a death, too.  Pieces that were freed would pile up to
 * hundreds of MB before the sanitizer uses them again.
 */
const char *
__asan_default_options(void)
{
	return "handle_abort=1:quarantine_size_mb=8";
}
