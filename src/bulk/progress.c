/*-------------------------------------------------------------------------
 *
 * progress.c
 *	  How far a run over a bucket has come, for other sessions to see.
 *
 * A run has a file of one entry in pg_stat_tmp, which is there in all versions
 * and in no base backup, and needs nothing to be preloaded.  The file is
 * locked (flock) as long as its backend lives, for the kernel lets a lock go
 * whatever way a process ends: an entry whose lock is free is nobody's, and is
 * removed by whoever comes across it.  It is locked before it gets the name
 * that others look for.
 *
 * An entry is written in one go, with a checksum: a reader that comes in
 * between reads it again.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog/pg_authid.h"
#include "commands/dbcommands.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "port/pg_crc32c.h"
#include "storage/fd.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "backend/compat.h"
#include "backend/encoding.h"
#include "backend/rows.h"
#include "bulk/progress.h"
#include "settings/privileges.h"

PG_FUNCTION_INFO_V1(s3store_progress);

#define FILE_PREFIX		"s3store_progress."
#define NEW_FILE_PREFIX "s3store_progress_new."
#define COMMAND_MAX		64
#define URL_MAX			1400	/* a scheme, a bucket and a key */
#define MAGIC			0x53335031	/* "S3P1" */
#define SHOW_EVERY		100000	/* microseconds */
#define READ_TRIES		10

/* What stands in a file. */
typedef struct ProgressEntry
{
	pg_crc32c	crc;			/* of what follows */
	uint32		magic;
	int32		pid;
	Oid			database;
	Oid			role;
	TimestampTz started_at;
	TimestampTz updated_at;
	S3ProgressCounts counts;
	char		command[COMMAND_MAX];
	char		url[URL_MAX];	/* UTF-8 */
} ProgressEntry;

struct S3Progress
{
	ProgressEntry entry;
	int			fd;				/* -1: nothing is shown */
	char		path[MAXPGPATH];
	MemoryContextCallback release;
};

/* Columns of a row, in order. */
enum ProgressColumn
{
	PROGRESS_PID,
	PROGRESS_DATABASE,
	PROGRESS_ROLE,
	PROGRESS_COMMAND,
	PROGRESS_URL,
	PROGRESS_STARTED_AT,
	PROGRESS_UPDATED_AT,
	PROGRESS_LISTED,
	PROGRESS_ROWS_READ,
	PROGRESS_FOUND,
	PROGRESS_DONE,
	PROGRESS_CHANGED,
	PROGRESS_SKIPPED,
	PROGRESS_FAILED,
	PROGRESS_TOTAL,
	PROGRESS_PER_SECOND,
	PROGRESS_SECONDS_LEFT,
	PROGRESS_COLUMNS
};

static void create_file(S3Progress *progress);
static bool lock_and_name(S3Progress *progress, const char *new_path);
static void release_progress(void *arg);
static bool write_entry(S3Progress *progress);
static pg_crc32c checksum(const ProgressEntry *entry);
static double rate_of(const ProgressEntry *entry);
static double left_of(const ProgressEntry *entry);
static bool read_file(const char *name, ProgressEntry *entry);
static bool read_entry(int fd, ProgressEntry *entry);
static bool may_see(const ProgressEntry *entry);
static void put_row(const ProgressEntry *entry, S3Rows *rows);
static void set_count(Datum *values, bool *nulls, int column, int64 count);
static void set_rate(Datum *values, bool *nulls, int column, double rate);

S3Progress *
s3_progress_start(const char *command, text *url)
{
	S3Progress *progress = palloc0(sizeof(S3Progress));
	ProgressEntry *entry = &progress->entry;
	S3Slice		utf8 = s3_utf8_slice(VARDATA_ANY(url), VARSIZE_ANY_EXHDR(url));

	progress->fd = -1;
	progress->release.func = release_progress;
	progress->release.arg = progress;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &progress->release);

	entry->magic = MAGIC;
	entry->pid = MyProcPid;
	entry->database = MyDatabaseId;
	entry->role = GetUserId();
	entry->started_at = entry->updated_at = GetCurrentTimestamp();
	memset(&entry->counts, 0xff, sizeof(entry->counts));	/* all unknown */
	strlcpy(entry->command, command, sizeof(entry->command));
	strlcpy(entry->url, s3_slice_dup(utf8), sizeof(entry->url));
	create_file(progress);
	return progress;
}

S3ProgressCounts *
s3_progress_counts(S3Progress *progress)
{
	return &progress->entry.counts;
}

bool
s3_progress_show(S3Progress *progress)
{
	TimestampTz now = GetCurrentTimestamp();

	if (now < progress->entry.updated_at + SHOW_EVERY && now >= progress->entry.updated_at)
		return false;
	progress->entry.updated_at = now;
	if (progress->fd >= 0)
		(void) write_entry(progress);
	return true;
}

void
s3_progress_end(S3Progress *progress)
{
	release_progress(progress);
}

double
s3_progress_rate(const S3Progress *progress)
{
	return rate_of(&progress->entry);
}

double
s3_progress_left(const S3Progress *progress)
{
	return left_of(&progress->entry);
}

/*
 * s3_progress_entries() returns setof record: the columns of the view
 * s3_progress, of the runs that the current user may see
 */
Datum
s3store_progress(PG_FUNCTION_ARGS)
{
	S3Rows		rows = s3_rows_start(fcinfo, PROGRESS_COLUMNS);
	DIR		   *dir = AllocateDir(PG_STAT_TMP_DIR);
	struct dirent *item;

	while ((item = ReadDir(dir, PG_STAT_TMP_DIR)) != NULL)
	{
		ProgressEntry entry;

		CHECK_FOR_INTERRUPTS();
		if (s3_starts_with(item->d_name, FILE_PREFIX) &&
			read_file(item->d_name, &entry) && may_see(&entry))
			put_row(&entry, &rows);
	}
	FreeDir(dir);
	PG_RETURN_NULL();
}

/* Runs may be nested, as where a function of the settings starts another one. */
static void
create_file(S3Progress *progress)
{
	static uint32 number = 0;
	char		new_path[MAXPGPATH];

	number++;
	snprintf(new_path, sizeof(new_path), PG_STAT_TMP_DIR "/" NEW_FILE_PREFIX "%d.%u",
			 MyProcPid, number);
	snprintf(progress->path, sizeof(progress->path), PG_STAT_TMP_DIR "/" FILE_PREFIX "%d.%u",
			 MyProcPid, number);
	if (AcquireExternalFD())
	{
		progress->fd = BasicOpenFile(new_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | PG_BINARY);
		if (progress->fd < 0)
			ReleaseExternalFD();
	}
	if (progress->fd >= 0 && lock_and_name(progress, new_path))
		return;
	ereport(WARNING,
			(errmsg("could not show the progress of %s in the view s3_progress: %m",
					progress->entry.command)));
}

static bool
lock_and_name(S3Progress *progress, const char *new_path)
{
	int			saved_errno;

	if (flock(progress->fd, LOCK_EX | LOCK_NB) == 0 && write_entry(progress) &&
		rename(new_path, progress->path) == 0)
		return true;
	saved_errno = errno;
	unlink(new_path);
	release_progress(progress);
	errno = saved_errno;
	return false;
}

/* Never throws, and may be called twice. */
static void
release_progress(void *arg)
{
	S3Progress *progress = arg;

	if (progress->fd < 0)
		return;
	unlink(progress->path);
	close(progress->fd);
	progress->fd = -1;
	ReleaseExternalFD();
}

static bool
write_entry(S3Progress *progress)
{
	ProgressEntry *entry = &progress->entry;

	entry->crc = checksum(entry);
	errno = 0;
	if (pg_pwrite(progress->fd, entry, sizeof(*entry), 0) == sizeof(*entry))
		return true;
	if (errno == 0)
		errno = ENOSPC;
	return false;
}

static pg_crc32c
checksum(const ProgressEntry *entry)
{
	size_t		start = offsetof(ProgressEntry, magic);
	pg_crc32c	crc;

	INIT_CRC32C(crc);
	COMP_CRC32C(crc, (const char *) entry + start, sizeof(*entry) - start);
	FIN_CRC32C(crc);
	return crc;
}

/* Of what is dealt with, or where that is no count of the run, of the list. */
static double
rate_of(const ProgressEntry *entry)
{
	int64		count = entry->counts.done >= 0 ? entry->counts.done : entry->counts.listed;
	TimestampTz elapsed = entry->updated_at - entry->started_at;

	if (count < 0 || elapsed <= 0)
		return -1;
	return (double) count * USECS_PER_SEC / elapsed;
}

static double
left_of(const ProgressEntry *entry)
{
	const S3ProgressCounts *counts = &entry->counts;
	double		rate = rate_of(entry);

	if (counts->total < counts->done || counts->done < 0 || rate <= 0)
		return -1;
	return (counts->total - counts->done) / rate;
}

/* Returns false, and removes the file, when its backend is gone. */
static bool
read_file(const char *name, ProgressEntry *entry)
{
	char		path[MAXPGPATH];
	bool		good;
	int			fd;

	snprintf(path, sizeof(path), PG_STAT_TMP_DIR "/%s", name);
	fd = OpenTransientFile(path, O_RDONLY | PG_BINARY);
	if (fd < 0)
		return false;			/* its run has just ended */
	if (flock(fd, LOCK_SH | LOCK_NB) == 0)
	{
		unlink(path);
		good = false;
	}
	else
		good = read_entry(fd, entry);
	CloseTransientFile(fd);
	return good;
}

static bool
read_entry(int fd, ProgressEntry *entry)
{
	for (int i = 0; i < READ_TRIES; i++)
	{
		if (pg_pread(fd, entry, sizeof(*entry), 0) == sizeof(*entry) &&
			entry->magic == MAGIC && entry->crc == checksum(entry))
			return true;
		pg_usleep(100);			/* it is being written */
	}
	return false;
}

static bool
may_see(const ProgressEntry *entry)
{
	Oid			user = GetUserId();
	Oid			admin = get_role_oid(S3_ROLE_ADMIN, true);

	return has_privs_of_role(user, entry->role) ||
		has_privs_of_role(user, ROLE_PG_READ_ALL_STATS) ||
		(OidIsValid(admin) && has_privs_of_role(user, admin));
}

static void
put_row(const ProgressEntry *entry, S3Rows *rows)
{
	const S3ProgressCounts *counts = &entry->counts;
	char	   *database = get_database_name(entry->database);
	char	   *role = GetUserNameFromId(entry->role, true);
	Datum		values[PROGRESS_COLUMNS] = {0};
	bool		nulls[PROGRESS_COLUMNS] = {false};
	NameData	name;
	NameData	role_name;

	values[PROGRESS_PID] = Int32GetDatum(entry->pid);
	namestrcpy(&name, database == NULL ? "" : database);
	values[PROGRESS_DATABASE] = NameGetDatum(&name);
	nulls[PROGRESS_DATABASE] = database == NULL;
	namestrcpy(&role_name, role == NULL ? "" : role);
	values[PROGRESS_ROLE] = NameGetDatum(&role_name);
	nulls[PROGRESS_ROLE] = role == NULL;
	values[PROGRESS_COMMAND] = CStringGetTextDatum(entry->command);
	values[PROGRESS_URL] = PointerGetDatum(s3_text_from_server(entry->url));
	values[PROGRESS_STARTED_AT] = TimestampTzGetDatum(entry->started_at);
	values[PROGRESS_UPDATED_AT] = TimestampTzGetDatum(entry->updated_at);
	set_count(values, nulls, PROGRESS_LISTED, counts->listed);
	set_count(values, nulls, PROGRESS_ROWS_READ, counts->rows_read);
	set_count(values, nulls, PROGRESS_FOUND, counts->found);
	set_count(values, nulls, PROGRESS_DONE, counts->done);
	set_count(values, nulls, PROGRESS_CHANGED, counts->changed);
	set_count(values, nulls, PROGRESS_SKIPPED, counts->skipped);
	set_count(values, nulls, PROGRESS_FAILED, counts->failed);
	set_count(values, nulls, PROGRESS_TOTAL, counts->total);
	set_rate(values, nulls, PROGRESS_PER_SECOND, rate_of(entry));
	set_rate(values, nulls, PROGRESS_SECONDS_LEFT, left_of(entry));
	s3_rows_put(rows, values, nulls);
}

static void
set_count(Datum *values, bool *nulls, int column, int64 count)
{
	nulls[column] = count < 0;
	values[column] = Int64GetDatum(count);
}

static void
set_rate(Datum *values, bool *nulls, int column, double rate)
{
	nulls[column] = rate < 0;
	values[column] = Float8GetDatum(rate);
}
