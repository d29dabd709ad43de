/*-------------------------------------------------------------------------
 *
 * credentials_file.c
 *	  The keys of a profile of a credentials file, read again when it changes.
 *
 * Guarantees: reads only a regular file that nobody else can read or write,
 * and judges the very file that it reads (the descriptor, not the path).  The
 * keys have one place in memory, wiped when they change and at exit.
 *
 * A file that has become unusable, such as one that is being rewritten, does
 * not end the work of a session that has good keys: it keeps those, and says
 * so in the server's log.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/xact.h"
#include "lib/ilist.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "credentials/credentials_file.h"
#include "credentials/small_file.h"
#include "s3/credentials_syntax.h"

#define CHECK_INTERVAL_MS	1000
#define SETTLE_MS			2000	/* coarser than the clocks of file systems */
#define KEPT_MAX			16	/* profiles that a session remembers */

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
	dlist_node	node;
	char	   *path;
	char	   *name;
	FileVersion version;		/* of the last attempt to read it */
	TimestampTz checked_at;
	TimestampTz statement;		/* ... which ran then */
	bool		settled;		/* ... and the file was not just changing */
	bool		usable;			/* keys holds the last good ones */
	S3Error		err;			/* why the last attempt failed, if it did */
	S3AccessKeys keys;
	S3CredentialsProfile profile;	/* points into keys */
} KeptProfile;

/* Most recently used first. */
static dlist_head kept_profiles = DLIST_STATIC_INIT(kept_profiles);
static int	kept_count;

static KeptProfile *find_kept(const char *path, const char *name);
static KeptProfile *keep_new(const char *path, const char *name);
static void drop_least_used(void);
static void wipe_all(int code, Datum arg);
static bool is_fresh(const KeptProfile *kept);
static void refresh(KeptProfile *kept);
static bool has_settled(const FileVersion *version, TimestampTz now);
static FileVersion current_version(const char *path);
static bool same_version(const FileVersion *a, const FileVersion *b);
static bool read_keys(const char *path, const char *name, S3AccessKeys *keys, S3Error *err);
static bool read_file(const char *path, char *text, size_t *len, S3Error *err);
static bool check_file(const char *path, int fd, S3Error *err);
static bool check_permissions(const char *path, const struct stat *st, S3Error *err);
static bool check_keys(const char *name, const S3CredentialsProfile *profile, S3Error *err);
static void copy_keys(const S3CredentialsProfile *profile, S3AccessKeys *keys);

const S3CredentialsProfile *
s3_credentials_file_find(const char *path, const char *name, S3Error *err)
{
	KeptProfile *kept = find_kept(path, name);

	if (kept == NULL)
		kept = keep_new(path, name);
	if (!is_fresh(kept))
		refresh(kept);

	*err = kept->err;
	return kept->usable ? &kept->profile : NULL;
}

static KeptProfile *
find_kept(const char *path, const char *name)
{
	dlist_iter	iter;

	dlist_foreach(iter, &kept_profiles)
	{
		KeptProfile *kept = dlist_container(KeptProfile, node, iter.cur);

		if (strcmp(kept->path, path) == 0 && strcmp(kept->name, name) == 0)
		{
			dlist_move_head(&kept_profiles, &kept->node);
			return kept;
		}
	}
	return NULL;
}

static KeptProfile *
keep_new(const char *path, const char *name)
{
	static bool exit_registered = false;
	KeptProfile *kept;

	if (!exit_registered)
	{
		on_proc_exit(wipe_all, 0);
		exit_registered = true;
	}
	if (kept_count >= KEPT_MAX)
		drop_least_used();

	kept = MemoryContextAllocZero(TopMemoryContext, sizeof(KeptProfile));
	kept->path = MemoryContextStrdup(TopMemoryContext, path);
	kept->name = MemoryContextStrdup(TopMemoryContext, name);
	kept->profile.access_key_id = kept->keys.access_key_id;
	kept->profile.secret_access_key = kept->keys.secret_access_key;
	kept->profile.session_token = kept->keys.session_token;
	kept->profile.expiration = "";
	dlist_push_head(&kept_profiles, &kept->node);
	kept_count++;
	return kept;
}

static void
drop_least_used(void)
{
	KeptProfile *kept = dlist_tail_element(KeptProfile, node, &kept_profiles);

	dlist_delete(&kept->node);
	kept_count--;
	explicit_bzero(&kept->keys, sizeof(kept->keys));
	pfree(kept->path);
	pfree(kept->name);
	pfree(kept);
}

static void
wipe_all(int code, Datum arg)
{
	dlist_iter	iter;

	dlist_foreach(iter, &kept_profiles)
	{
		KeptProfile *kept = dlist_container(KeptProfile, node, iter.cur);

		kept->usable = false;
		explicit_bzero(&kept->keys, sizeof(kept->keys));
	}
}

/* A query that makes a million links looks at the file once a second. */
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
 * The version is taken before the file is opened: a change in between is
 * seen as one the next time.  So is a change that shares its time stamp with
 * the one before it, as a version is final only when it has settled.
 */
static void
refresh(KeptProfile *kept)
{
	FileVersion version = current_version(kept->path);
	bool		changed = !same_version(&version, &kept->version);
	S3AccessKeys keys;

	kept->checked_at = GetCurrentTimestamp();
	kept->statement = GetCurrentStatementStartTimestamp();
	if (kept->usable && kept->settled && !changed && kept->err.kind == S3_ERROR_NONE)
		return;

	kept->version = version;
	kept->settled = has_settled(&version, kept->checked_at);
	if (read_keys(kept->path, kept->name, &keys, &kept->err))
	{
		memset(&kept->err, 0, sizeof(kept->err));
		explicit_bzero(&kept->keys, sizeof(kept->keys));
		kept->keys = keys;
		kept->profile.expires_at = keys.expires_at;
		kept->usable = true;
	}
	else if (kept->usable && changed)
		ereport(LOG,
				(errmsg("keeping the access keys that were read before: %s", kept->err.message),
				 kept->err.detail[0] == '\0' ? 0 : errdetail_internal("%s", kept->err.detail)));
	explicit_bzero(&keys, sizeof(keys));
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
	size_t		len = 0;
	S3CredentialsProfile profile;
	S3Error		why;
	bool		ok;

	ok = read_file(path, text, &len, err);
	if (ok)
	{
		ok = s3_credentials_profile_find(text, len, name, &profile, &why) &&
			check_keys(name, &profile, &why);
		if (ok)
			copy_keys(&profile, keys);
		else
		{
			s3_error_set(err, S3_ERROR_NO_CREDENTIALS,
						 "could not use credentials file \"%s\"", path);
			s3_error_detail(err, "%c%s.", pg_ascii_toupper((unsigned char) why.message[0]),
							why.message + 1);
		}
	}
	explicit_bzero(text, S3_SMALL_FILE_MAX + 2);
	pfree(text);
	return ok;
}

/* Nothing throws while the descriptor is open. */
static bool
read_file(const char *path, char *text, size_t *len, S3Error *err)
{
	/* O_NONBLOCK: a FIFO in the file's place must not hold us up. */
	int			fd = BasicOpenFile(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	bool		ok;

	if (fd < 0)
	{
		bool		link = errno == ELOOP;

		s3_error_set(err, S3_ERROR_NO_CREDENTIALS,
					 "could not open credentials file \"%s\": %m", path);
		return link ? s3_error_hint(err, "Symbolic links are not followed.") : false;
	}
	ok = check_file(path, fd, err) &&
		s3_small_file_read("credentials file", path, fd, text, len, err);
	close(fd);
	return ok;
}

static bool
check_file(const char *path, int fd, S3Error *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return s3_error_set(err, S3_ERROR_NO_CREDENTIALS,
							"could not stat credentials file \"%s\": %m", path);
	if (!S_ISREG(st.st_mode))
		return s3_error_set(err, S3_ERROR_NO_CREDENTIALS,
							"credentials file \"%s\" is not a regular file", path);
	return check_permissions(path, &st, err);
}

/* The rules that the server has for the keys of its TLS certificates. */
static bool
check_permissions(const char *path, const struct stat *st, S3Error *err)
{
	bool		own = st->st_uid == geteuid();

	if (!own && st->st_uid != 0)
		return s3_error_set(err, S3_ERROR_NO_CREDENTIALS,
							"credentials file \"%s\" must be owned by the database user or root",
							path);
	if ((own && (st->st_mode & (S_IRWXG | S_IRWXO)) != 0) ||
		(!own && (st->st_mode & (S_IWGRP | S_IXGRP | S_IRWXO)) != 0))
	{
		s3_error_set(err, S3_ERROR_NO_CREDENTIALS,
					 "credentials file \"%s\" has group or world access", path);
		return s3_error_detail(err, "File must have permissions u=rw (0600) or less if owned by the database user, or permissions u=rw,g=r (0640) or less if owned by root.");
	}
	return true;
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
