/*-------------------------------------------------------------------------
 *
 * environment.c
 *	  The environment of the database server.  The only user of getenv.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "credentials/environment.h"

const char *
s3_environment_get(const char *name)
{
	const char *value = getenv(name);

	return value == NULL || *value == '\0' ? NULL : value;
}
