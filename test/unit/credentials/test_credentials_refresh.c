/*-------------------------------------------------------------------------
 *
 * test_credentials_refresh.c
 *	  When temporary keys are renewed.
 *
 *-------------------------------------------------------------------------
 */
#include "credentials/credentials_refresh.h"
#include "tap.h"

#define START	1700000000
#define HOUR	3600
#define END		(START + HOUR)

static const struct
{
	double		chance;
	int64		attempted;		/* seconds before the end; 0: at the start */
	int64		now;			/* likewise */
	bool		usable;
	bool		due;
}			cases[] =
{
	{0, 0, HOUR, true, false},
	{0, 0, 901, true, false},
	{0, 0, 900, true, true},
	{1, 0, 1021, true, false},
	{1, 0, 1020, true, true},
	{0.5, 0, 961, true, false},
	{0.5, 0, 960, true, true},

	/* nobody answered: again each minute */
	{0, 900, 900, true, false},
	{0, 900, 841, true, false},
	{0, 900, 840, true, true},

	/* ... and soon in the last ten minutes */
	{0, 602, 601, true, false},
	{0, 605, 600, true, true},
	{0, 604, 600, true, false},
	{0, 4, 1, true, false},
	{0, 6, 1, true, true},

	/* the end */
	{0, 1, 0, false, true},
	{0, 0, -HOUR, false, true},

	/* the clock was set back */
	{0, 100, 700, true, true},
};

int
main(void)
{
	S3CredentialsRefresh schedule = {0};

	ok(!s3_credentials_refresh_is_usable(&schedule, START), "without keys there are none to use");
	ok(s3_credentials_refresh_is_due(&schedule, START), "... and they are asked for");
	for (int i = 0; i < lengthof(cases); i++)
	{
		s3_credentials_refresh_set(&schedule, END, START, cases[i].chance);
		if (cases[i].attempted != 0)
			schedule.attempted_at = END - cases[i].attempted;
		ok(s3_credentials_refresh_is_usable(&schedule, END - cases[i].now) == cases[i].usable,
		   "case %d: usable", i);
		ok(s3_credentials_refresh_is_due(&schedule, END - cases[i].now) == cases[i].due,
		   "case %d: due", i);
	}
	return tap_done();
}
