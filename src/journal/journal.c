/*-------------------------------------------------------------------------
 *
 * journal.c
 *	  The journals: files in which a database keeps the intents of its puts,
 *	  $PGDATA/pg_s3store/<database>/<number>.
 *
 * Guarantees: records that were appended and synced survive any crash, and
 * incomplete ones are ignored.  An error while appending leaves the file as it
 * was.  The lock of a file (flock) ends with the process that has it, however
 * that ends; it is held while reading and writing, never during a request.
 *
 * A file may be replaced while others wait for its lock; when they get it, they
 * notice that, and open the new file.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/syscache.h"

#include "backend/compat.h"
#include "journal/journal.h"
#include "journal/journal_home.h"

#define LOCK_WAIT_MIN	50		/* us */
#define LOCK_WAIT_MAX	2000
#define FOREIGN_SHOWN_MAX	20	/* warnings about one file */

static bool open_file(S3Journal *journal, S3JournalMode mode);
static void lock_file(const S3Journal *journal);
static bool is_current(const S3Journal *journal);
static void read_file(S3Journal *journal);
static void repair(S3Journal *journal);
static void warn_foreign(const S3Journal *journal);
static void truncate_file(S3Journal *journal, size_t size);
static void write_records(int fd, const char *path, const StringInfoData *records, off_t offset);
static void sync_directory(void);
static void directory_path(char *path, Oid database);
static bool has_intents(const char *path);
static void remove_directory(const char *path);

int
s3_journal_number(const char *target)
{
	return (int) (s3_intent_hash(target) % S3_JOURNAL_FILES);
}

S3Journal *
s3_journal_open(int number, S3JournalMode mode)
{
	S3Journal  *journal = palloc0(sizeof(S3Journal));
	const uint8 *home = s3_journal_home(mode == S3_JOURNAL_CREATE);

	if (home == NULL)
		return NULL;
	journal->number = number;
	do
	{
		if (!open_file(journal, mode))
			return NULL;
		lock_file(journal);
	} while (!is_current(journal));
	read_file(journal);
	journal->foreign = journal->content.has_home &&
		memcmp(journal->content.home, home, S3_HOME_ID_LEN) != 0;
	if (mode != S3_JOURNAL_READ)
		repair(journal);
	return journal;
}

static bool
open_file(S3Journal *journal, S3JournalMode mode)
{
	int			flags = PG_BINARY | (mode == S3_JOURNAL_READ ? O_RDONLY : O_RDWR);
	char		directory[MAXPGPATH];

	directory_path(directory, MyDatabaseId);
	snprintf(journal->path, MAXPGPATH, "%s/%d", directory, journal->number);
	journal->fd = OpenTransientFile(journal->path, flags);
	if (journal->fd < 0 && errno == ENOENT)
	{
		if (mode != S3_JOURNAL_CREATE)
			return false;
		s3_journal_make_directory(directory, S3_JOURNAL_DIR);
		journal->fd = OpenTransientFile(journal->path, flags | O_CREAT);
	}
	if (journal->fd < 0)
		s3_journal_throw("open", journal->path);
	return true;
}

/* Polls: the lock is held for moments only. */
static void
lock_file(const S3Journal *journal)
{
	long		wait = LOCK_WAIT_MIN;

	while (flock(journal->fd, LOCK_EX | LOCK_NB) != 0)
	{
		if (errno != EWOULDBLOCK && errno != EINTR)
			s3_journal_throw("lock", journal->path);
		CHECK_FOR_INTERRUPTS();
		pg_usleep(wait);
		wait = Min(wait * 2, LOCK_WAIT_MAX);
	}
}

/* Closes the file when it was replaced or removed. */
static bool
is_current(const S3Journal *journal)
{
	struct stat locked;
	struct stat current;

	if (fstat(journal->fd, &locked) != 0)
		s3_journal_throw("examine", journal->path);
	if (stat(journal->path, &current) == 0 && current.st_dev == locked.st_dev &&
		current.st_ino == locked.st_ino)
		return true;
	CloseTransientFile(journal->fd);
	return false;
}

static void
read_file(S3Journal *journal)
{
	struct stat st;
	char	   *bytes;
	size_t		used = 0;

	if (fstat(journal->fd, &st) != 0)
		s3_journal_throw("examine", journal->path);
	journal->size = st.st_size;
	bytes = palloc(journal->size + 1);
	while (used < journal->size)
	{
		ssize_t		got = pg_pread(journal->fd, bytes + used, journal->size - used, used);

		if (got < 0)
			s3_journal_throw("read", journal->path);
		if (got == 0)
			break;
		used += got;
	}
	s3_intent_records_read(s3_slice(bytes, used), &journal->content);
	pfree(bytes);
}

static void
repair(S3Journal *journal)
{
	S3JournalContent *content = &journal->content;

	if (journal->foreign)
	{
		if (content->count > 0)
			warn_foreign(journal);
		memset(content, 0, sizeof(*content));
		journal->foreign = false;
	}
	else if (content->valid < journal->size)
		ereport(LOG,
				(errmsg("removed an incomplete record of %zu bytes from \"%s\", a journal of puts",
						journal->size - content->valid, journal->path),
				 errdetail("The process that wrote it was interrupted.")));
	if (content->valid < journal->size)
		truncate_file(journal, content->valid);
}

/* The objects belong to the original, where the transactions may have committed. */
static void
warn_foreign(const S3Journal *journal)
{
	const S3JournalContent *content = &journal->content;

	ereport(LOG,
			(errmsg("dropped the content of \"%s\", a journal of puts of another data directory", journal->path),
			 errdetail("This data directory is a copy of it. Intents: %d.", content->count)));
	for (int i = 0; i < Min(content->count, FOREIGN_SHOWN_MAX); i++)
	{
		if (!content->intents[i].settled)
			ereport(LOG,
					(errmsg("object \"%s\" is left to the original database",
							content->intents[i].url)));
	}
}

static void
truncate_file(S3Journal *journal, size_t size)
{
	if (ftruncate(journal->fd, size) != 0)
		s3_journal_throw("truncate", journal->path);
	journal->size = size;
}

void
s3_journal_append(S3Journal *journal, const StringInfoData *records)
{
	StringInfoData all;

	initStringInfo(&all);
	if (journal->size == 0)
	{
		/*
		 * The directory entry of a file with content is durable already,
		 * since s3_journal_clear leaves a record in it.
		 */
		sync_directory();
		s3_intent_record_home(&all, s3_journal_home(true));
	}
	appendBinaryStringInfo(&all, records->data, records->len);
	write_records(journal->fd, journal->path, &all, journal->size);
	journal->size += all.len;
	pfree(all.data);
}

/*
 * Truncates the file when not all could be written; should that fail, too, the
 * next session that opens the file does it.
 */
static void
write_records(int fd, const char *path, const StringInfoData *records, off_t offset)
{
	ssize_t		written;
	int			error;

	errno = 0;
	written = pg_pwrite(fd, records->data, records->len, offset);
	if (written == records->len)
		return;
	error = errno == 0 ? ENOSPC : errno;	/* a short write sets no errno */
	if (written > 0 && ftruncate(fd, offset) != 0)
		ereport(LOG,
				(errcode_for_file_access(),
				 errmsg("could not truncate \"%s\": %m", path)));
	errno = error;
	s3_journal_throw("write", path);
}

void
s3_journal_unlock(S3Journal *journal)
{
	if (flock(journal->fd, LOCK_UN) != 0)
		s3_journal_throw("unlock", journal->path);
}

void
s3_journal_sync(S3Journal *journal)
{
	int			result;

	pgstat_report_wait_start(NewExtensionWaitEvent("S3JournalSync"));
	result = pg_fdatasync(journal->fd);
	pgstat_report_wait_end();
	if (result != 0)
		s3_journal_throw("fsync", journal->path);
}

static void
sync_directory(void)
{
	char		directory[MAXPGPATH];

	directory_path(directory, MyDatabaseId);
	fsync_fname(directory, true);
}

void
s3_journal_rewrite(S3Journal *journal, const StringInfoData *records)
{
	StringInfoData all;
	char		temporary[MAXPGPATH];
	int			fd;

	if (records->len == 0)
	{
		s3_journal_clear(journal);
		return;
	}
	initStringInfo(&all);
	s3_intent_record_home(&all, s3_journal_home(true));
	appendBinaryStringInfo(&all, records->data, records->len);
	snprintf(temporary, MAXPGPATH, "%s.tmp", journal->path);
	fd = OpenTransientFile(temporary, O_RDWR | O_CREAT | O_TRUNC | PG_BINARY);
	if (fd < 0)
		s3_journal_throw("create", temporary);
	write_records(fd, temporary, &all, 0);
	if (CloseTransientFile(fd) != 0)
		s3_journal_throw("close", temporary);
	/* Syncs the file, and its directory. */
	(void) durable_rename(temporary, journal->path, ERROR);
	pfree(all.data);
	s3_journal_close(journal);
}

/*
 * The file stays, with its first record, so that the next writer need not sync
 * the directory.  The truncation need not be durable: the intents are settled.
 */
void
s3_journal_clear(S3Journal *journal)
{
	if (journal->size > S3_HOME_RECORD_LEN)
		truncate_file(journal, S3_HOME_RECORD_LEN);
	s3_journal_close(journal);
}

void
s3_journal_close(S3Journal *journal)
{
	if (CloseTransientFile(journal->fd) != 0)
		s3_journal_throw("close", journal->path);
}

static void
directory_path(char *path, Oid database)
{
	snprintf(path, MAXPGPATH, "%s/%u", S3_JOURNAL_DIR, database);
}

void
s3_journal_remove_dropped(void)
{
	DIR		   *directory = AllocateDir(S3_JOURNAL_DIR);
	struct dirent *entry;

	if (directory == NULL && errno == ENOENT)
		return;
	while ((entry = ReadDir(directory, S3_JOURNAL_DIR)) != NULL)
	{
		char		path[MAXPGPATH];
		char	   *end;
		unsigned long database = strtoul(entry->d_name, &end, 10);

		if (end == entry->d_name || *end != '\0' ||
			SearchSysCacheExists1(DATABASEOID, ObjectIdGetDatum((Oid) database)))
			continue;
		directory_path(path, (Oid) database);
		remove_directory(path);
	}
	FreeDir(directory);
}

static bool
has_intents(const char *path)
{
	bool		found = false;

	for (int number = 0; number < S3_JOURNAL_FILES; number++)
	{
		char		file[MAXPGPATH * 2];
		struct stat st;

		snprintf(file, sizeof(file), "%s/%d", path, number);
		found = found || (stat(file, &st) == 0 && st.st_size > S3_HOME_RECORD_LEN);
	}
	return found;
}

/* The database does not exist any more: nothing can write there, or undo puts. */
static void
remove_directory(const char *path)
{
	if (has_intents(path))
		ereport(WARNING,
				(errmsg("removing \"%s\", the journals of puts of a dropped database", path),
				 errdetail("Objects of transactions that did not commit may remain.")));
	if (!rmtree(path, true))
		s3_journal_throw("remove", path);
}
