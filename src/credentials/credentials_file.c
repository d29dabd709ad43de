/*-------------------------------------------------------------------------
 *
 * credentials_file.c
 *	  The access keys of a profile of a credentials file, read again when it
 *	  changes.
 *
 * When the file becomes unusable, for example while it is being rewritten, a
 * session that has good keys keeps them, and the server's log says so.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include <sys/stat.h>

#include "access/xact.h"
#include "utils/timestamp.h"

#include "backend/encoding.h"
#include "backend/error_report.h"
#include "credentials/credentials_file.h"
#include "credentials/credentials_profile.h"
#include "credentials/secret_cache.h"
#include "credentials/small_file.h"

#define CHECK_INTERVAL_MS	1000
#define SETTLE_MS			2000	/* coarser than the clocks of file systems */

/* A file that has been changed differs in one of these. */
typedef struct FileVersion
{
	dev_t		device;
	ino_t		inode;
	off_t		size;
	struct timespec modified;
	struct timespec changed;	/* its owner or mode, too */
} FileVersion;

/* A profile of a file, as it was last read. */
typedef struct KeptProfile
{
	S3SecretCacheEntry entry;	/* source: the file's path */
	FileVersion version;		/* of the last attempt to read it */
	TimestampTz checked_at;
	TimestampTz statement;		/* ... which ran then */
	bool		settled;		/* ... and the file had not just changed */
	bool		usable;			/* entry.keys are the last good ones */
	S3Error		err;			/* why the last attempt failed, if it did */
} KeptProfile;

static S3SecretCache cache = S3_SECRET_CACHE_INIT(cache, KeptProfile);

static bool is_fresh(const KeptProfile *kept);
static void refresh(KeptProfile *kept);
static bool has_settled(const FileVersion *version, TimestampTz now);
static FileVersion current_version(const char *path);
static bool same_version(const FileVersion *a, const FileVersion *b);
static bool read_keys(const char *path, const char *name, S3AccessKeys *keys, S3Error *err);
static bool find_keys(const char *path, char *text, size_t len, const char *name,
					  S3AccessKeys *keys, S3Error *err);
static bool check_keys(const char *name, const S3CredentialsProfile *profile, S3Error *err);
static void copy_keys(const S3CredentialsProfile *profile, S3AccessKeys *keys);

const S3AccessKeys *
s3_credentials_file_find(const char *path, const char *name, S3Error *err)
{
	KeptProfile *kept = s3_secret_cache_find(&cache, path, name);

	if (!is_fresh(kept))
		refresh(kept);

	*err = kept->err;
	return kept->usable ? &kept->entry.keys : NULL;
}

/* Within a statement, looks at the file once a second. */
static bool
is_fresh(const KeptProfile *kept)
{
	TimestampTz now = GetCurrentTimestamp();

	return kept->usable &&
		kept->statement == GetCurrentStatementStartTimestamp() &&
		now >= kept->checked_at &&
		!TimestampDifferenceExceeds(kept->checked_at, now, CHECK_INTERVAL_MS);
}

/*
 * Reads the file when it has changed, or could not be read the last time.
 * The version is taken before the file is opened: a change in between shows as
 * another version the next time.  Two changes within the resolution of the
 * file system's clock may have the same version, so a version counts as read
 * only when it was old enough then.
 */
static void
refresh(KeptProfile *kept)
{
	const char *path = kept->entry.source;
	FileVersion version = current_version(path);
	bool		changed = !same_version(&version, &kept->version);
	S3AccessKeys keys;

	kept->checked_at = GetCurrentTimestamp();
	kept->statement = GetCurrentStatementStartTimestamp();
	if (kept->usable && kept->settled && !changed && kept->err.kind == S3_ERROR_NONE)
		return;

	kept->version = version;
	kept->settled = has_settled(&version, kept->checked_at);
	if (read_keys(path, kept->entry.name, &keys, &kept->err))
	{
		memset(&kept->err, 0, sizeof(kept->err));
		s3_secret_cache_replace(&kept->entry, &keys);
		kept->usable = true;
	}
	else if (kept->usable && changed)
		ereport(LOG,
				(errmsg("keeping the access keys that were read before: %s", s3_error_message(&kept->err)),
				 kept->err.detail[0] == '\0' ? 0 :
				 errdetail_internal("%s", s3_error_text(kept->err.detail))));
}

static bool
has_settled(const FileVersion *version, TimestampTz now)
{
	TimestampTz changed = time_t_to_timestamptz(version->changed.tv_sec);

	return TimestampDifferenceExceeds(changed, now, SETTLE_MS);
}

/* All zero when there is no such file. */
static FileVersion
current_version(const char *path)
{
	FileVersion version;
	struct stat st;

	memset(&version, 0, sizeof(version));
	if (lstat(path, &st) == 0)
	{
		version.device = st.st_dev;
		version.inode = st.st_ino;
		version.size = st.st_size;
		version.modified = st.st_mtim;
		version.changed = st.st_ctim;
	}
	return version;
}

static bool
same_version(const FileVersion *a, const FileVersion *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
		a->modified.tv_sec == b->modified.tv_sec &&
		a->modified.tv_nsec == b->modified.tv_nsec &&
		a->changed.tv_sec == b->changed.tv_sec &&
		a->changed.tv_nsec == b->changed.tv_nsec;
}

static bool
read_keys(const char *path, const char *name, S3AccessKeys *keys, S3Error *err)
{
	char	   *text = palloc(S3_SMALL_FILE_MAX + 2);
	size_t		len;
	bool		good = s3_small_file_private("credentials file", path, path, text, &len, err) &&
		find_keys(path, text, len, name, keys, err);

	explicit_bzero(text, S3_SMALL_FILE_MAX + 2);
	pfree(text);
	return good;
}

static bool
find_keys(const char *path, char *text, size_t len, const char *name, S3AccessKeys *keys,
		  S3Error *err)
{
	S3CredentialsProfile profile;
	S3Error		why;

	if (s3_credentials_profile_find(text, len, name, &profile, &why) &&
		check_keys(name, &profile, &why))
	{
		copy_keys(&profile, keys);
		return true;
	}
	s3_error_set(err, S3_ERROR_NO_CREDENTIALS, "could not use credentials file \"%s\"", path);
	return s3_error_detail(err, "%c%s.", pg_ascii_toupper((unsigned char) why.message[0]),
						   why.message + 1);
}

static bool
check_keys(const char *name, const S3CredentialsProfile *profile, S3Error *err)
{
	if (profile->unsupported != NULL)
		return s3_error_set(err, S3_ERROR_NO_CREDENTIALS,
							"profile \"%s\" has %s, which s3store does not support", name,
							profile->unsupported);
	if (*profile->access_key_id == '\0')
		return s3_error_set(err, S3_ERROR_NO_CREDENTIALS,
							"profile \"%s\" has no aws_access_key_id", name);
	if (*profile->secret_access_key == '\0')
		return s3_error_set(err, S3_ERROR_NO_CREDENTIALS,
							"profile \"%s\" has no aws_secret_access_key", name);
	return s3_check_access_key_id("aws_access_key_id", profile->access_key_id, err) &&
		s3_check_secret_access_key("aws_secret_access_key", profile->secret_access_key, err) &&
		s3_check_session_token("aws_session_token", profile->session_token, err);
}

/* The checks have bounded the lengths. */
static void
copy_keys(const S3CredentialsProfile *profile, S3AccessKeys *keys)
{
	strlcpy(keys->access_key_id, profile->access_key_id, sizeof(keys->access_key_id));
	strlcpy(keys->secret_access_key, profile->secret_access_key,
			sizeof(keys->secret_access_key));
	keys->expires_at = profile->expires_at;
	strlcpy(keys->session_token, profile->session_token, sizeof(keys->session_token));
}
