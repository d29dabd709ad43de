/*-------------------------------------------------------------------------
 *
 * journal.c
 *	  The journal: the file in which a database keeps the intents of its puts,
 *	  $PGDATA/pg_s3store/<database>.
 *
 * Guarantees: records that were appended and synced survive any crash, and
 * incomplete ones are ignored.  An error while appending leaves the file as it
 * was, and unlocked.  Appending takes the same time however long the journal is, except that
 * it rewrites the journal each time that this has doubled.
 *
 * A writer holds the file's lock (flock), which ends with its process, however
 * that ends; it is held for moments, and never during a request.  Readers need
 * no lock: a record that is half written is ignored.  The file may be replaced
 * while others wait for its lock; when they get it, they notice that, and open
 * the new one.
 *
 * What was read is kept: the next look reads only what was appended since.  The
 * first record has a random number, the generation.  It is another one when the
 * file was replaced, or truncated, which comes first: who finds the same number
 * as before finds the same bytes before its own, too.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/fd.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "backend/compat.h"
#include "backend/encoding.h"
#include "journal/intent_outcome.h"
#include "journal/journal.h"
#include "journal/journal_home.h"

#define LOCK_WAIT_MIN	50		/* us */
#define LOCK_WAIT_MAX	2000
#define COMPACT_SIZE	(64 * 1024) /* bytes; a smaller journal is not
									 * rewritten */
#define WRITE_SIZE		(1024 * 1024)	/* bytes */
#define FOREIGN_SHOWN_MAX	20	/* messages about one file */

/* An open file. */
typedef struct Journal
{
	int			fd;				/* -1: it is closed */
	int			replacement_fd; /* of the file that is to replace it, or -1 */
	size_t		size;			/* bytes */
	S3JournalContent head;		/* its first record */
	char		path[MAXPGPATH];
} Journal;

/* What was read of the journal. */
typedef struct LastLook
{
	MemoryContext context;		/* of the content */
	S3JournalContent content;
	size_t		size;			/* bytes that it was read from; 0: it is not
								 * to be gone on with */
	dev_t		device;			/* of the file */
	ino_t		inode;
} LastLook;

static LastLook last_look;
static bool watches;			/* the end of transactions */

static const S3JournalContent nothing;

static void forget_after_error(XactEvent event, void *arg);
static void journal_path(char *path, Oid database);
static void with_lock(bool create, void (*work) (Journal *journal, const StringInfoData *records),
					  const StringInfoData *records);
static void append(Journal *journal, const StringInfoData *records);
static void compact_own(Journal *journal, const StringInfoData *records);
static bool open_file(Journal *journal, int flags);
static bool open_locked(Journal *journal, bool create);
static void lock_file(const Journal *journal);
static bool is_current(Journal *journal);
static void close_file(Journal *journal);
static void close_after_error(Journal *journal);
static void sync_file(int fd, const char *path);
static void examine(const Journal *journal, struct stat *st);
static void read_head(Journal *journal);
static void read_on(const Journal *journal);
static S3Slice read_bytes(const Journal *journal, size_t from);
static void read_all(const Journal *journal, S3JournalContent *content);
static void drop_foreign(Journal *journal);
static void log_foreign(const Journal *journal, const S3JournalContent *content);
static bool is_foreign(const Journal *journal);
static bool write_records(int fd, const StringInfoData *records, off_t offset);
static void take_back(const Journal *journal);
static void truncate_to_head(Journal *journal);
static void add_head(StringInfo records, size_t first_size);
static void compact(Journal *journal);
static void replace(Journal *journal, const S3JournalContent *content, const bool *done);
static off_t write_open(int fd, const char *path, const S3JournalContent *content, const bool *done);
static void remove_journal(const char *path);

static void
journal_path(char *path, Oid database)
{
	snprintf(path, MAXPGPATH, "%s/%u", S3_JOURNAL_DIR, database);
}

void
s3_journal_append(const StringInfoData *records)
{
	with_lock(true, append, records);
}

void
s3_journal_compact(void)
{
	if (s3_journal_home(false) != NULL)
		with_lock(false, compact_own, NULL);
}

/*
 * Closes the file after an error, which unlocks it: whoever catches the error
 * may not end a transaction, and everybody would wait.
 */
static void
with_lock(bool create, void (*work) (Journal *journal, const StringInfoData *records),
		  const StringInfoData *records)
{
	Journal    *journal = palloc(sizeof(Journal));

	journal->fd = journal->replacement_fd = -1;
	PG_TRY();
	{
		if (open_locked(journal, create))
		{
			drop_foreign(journal);
			work(journal, records);
			close_file(journal);
		}
	}
	PG_CATCH();
	{
		close_after_error(journal);
		PG_RE_THROW();
	}
	PG_END_TRY();
	pfree(journal);
}

/*
 * Rewrites the file in a transaction only: what became of others cannot be
 * looked up safely without one.
 */
static void
append(Journal *journal, const StringInfoData *records)
{
	StringInfoData all;

	if (IsTransactionState() &&
		journal->size >= Max(COMPACT_SIZE, journal->head.first_size * 2))
		compact(journal);
	initStringInfo(&all);
	if (journal->size == 0)
	{
		/*
		 * Only now: the directory entry of a file with content is on disk,
		 * and compacting leaves a record in it.
		 */
		fsync_fname(S3_JOURNAL_DIR, true);
		add_head(&all, 0);
	}
	appendBinaryStringInfo(&all, records->data, records->len);
	if (!write_records(journal->fd, &all, journal->size))
	{
		take_back(journal);
		s3_journal_throw("write", journal->path);
	}
	pfree(all.data);
}

static void
compact_own(Journal *journal, const StringInfoData *records)
{
	if (journal->size > S3_HOME_RECORD_LEN)
		compact(journal);
}

void
s3_journal_sync(void)
{
	Journal		journal;

	/* One that was replaced meanwhile is on disk. */
	if (!open_file(&journal, O_RDWR))
		return;
	sync_file(journal.fd, journal.path);
	close_file(&journal);
}

/* After a failure the kernel may have forgotten what it could not write. */
static void
sync_file(int fd, const char *path)
{
	int			result;

	pgstat_report_wait_start(NewExtensionWaitEvent("S3JournalSync"));
	result = pg_fdatasync(fd);
	pgstat_report_wait_end();
	if (result != 0)
		ereport(data_sync_elevel(ERROR),
				(errcode_for_file_access(),
				 errmsg("could not fsync \"%s\", the journal of puts: %m", path)));
}

const S3JournalContent *
s3_journal_look(bool *foreign)
{
	Journal		journal;

	if (foreign != NULL)
		*foreign = false;
	if (!watches)
		RegisterXactCallback(forget_after_error, NULL);
	watches = true;
	s3_intent_outcome_renew();
	if (s3_journal_home(false) == NULL || !open_file(&journal, O_RDONLY))
		return &nothing;
	read_head(&journal);
	read_on(&journal);
	close_file(&journal);
	journal.head = last_look.content;
	if (!is_foreign(&journal))
		return &last_look.content;
	if (foreign == NULL)
		return &nothing;
	*foreign = true;
	return &last_look.content;
}

void
s3_journal_forget(void)
{
	last_look.size = 0;
	memset(&last_look.content, 0, sizeof(last_look.content));
	if (last_look.context != NULL)
		MemoryContextReset(last_look.context);
}

/* Whoever has looked may not have come to s3_journal_forget(). */
static void
forget_after_error(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT)
		s3_journal_forget();
}

bool
s3_journal_is_empty(void)
{
	char		path[MAXPGPATH];
	struct stat st;

	journal_path(path, MyDatabaseId);
	return stat(path, &st) != 0 || st.st_size <= S3_HOME_RECORD_LEN;
}

/* Returns false when it does not exist. */
static bool
open_file(Journal *journal, int flags)
{
	journal->replacement_fd = -1;
	journal_path(journal->path, MyDatabaseId);
	journal->fd = OpenTransientFile(journal->path, flags | PG_BINARY);
	if (journal->fd >= 0)
		return true;
	if (errno != ENOENT)
		s3_journal_throw("open", journal->path);
	return false;
}

static bool
open_locked(Journal *journal, bool create)
{
	if (create)
		(void) s3_journal_home(true);
	do
	{
		if (!open_file(journal, O_RDWR | (create ? O_CREAT : 0)))
			return false;
		lock_file(journal);
	} while (!is_current(journal));
	read_head(journal);
	return true;
}

/* Polls: the lock is held for moments only. */
static void
lock_file(const Journal *journal)
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
is_current(Journal *journal)
{
	struct stat locked;
	struct stat current;

	examine(journal, &locked);
	if (stat(journal->path, &current) == 0 && current.st_dev == locked.st_dev &&
		current.st_ino == locked.st_ino)
		return true;
	close_file(journal);
	return false;
}

static void
close_file(Journal *journal)
{
	int			fd = journal->fd;

	journal->fd = -1;
	if (CloseTransientFile(fd) != 0)
		s3_journal_throw("close", journal->path);
}

static void
close_after_error(Journal *journal)
{
	if (journal->fd >= 0)
		(void) CloseTransientFile(journal->fd);
	if (journal->replacement_fd >= 0)
		(void) CloseTransientFile(journal->replacement_fd);
}

static void
examine(const Journal *journal, struct stat *st)
{
	if (fstat(journal->fd, st) != 0)
		s3_journal_throw("examine", journal->path);
}

/* Reads the file's size and its first record. */
static void
read_head(Journal *journal)
{
	struct stat st;
	char		bytes[S3_HOME_RECORD_LEN];
	ssize_t		got;

	examine(journal, &st);
	journal->size = st.st_size;
	got = pg_pread(journal->fd, bytes, sizeof(bytes), 0);
	if (got < 0)
		s3_journal_throw("read", journal->path);
	s3_intent_records_read(s3_slice(bytes, got), &journal->head);
}

/*
 * Reads what was appended since the last look, or all.  Where something is no
 * record, it may be one that is being written: then the next look reads all.
 */
static void
read_on(const Journal *journal)
{
	size_t		size = last_look.size;
	struct stat st;
	S3Slice		bytes;
	MemoryContext old_context;

	examine(journal, &st);
	if (st.st_dev != last_look.device || st.st_ino != last_look.inode || journal->size < size ||
		!journal->head.has_home || journal->head.generation != last_look.content.generation)
		size = 0;
	if (size == 0)
		s3_journal_forget();
	last_look.size = 0;			/* should this throw */
	if (last_look.context == NULL)
		last_look.context = AllocSetContextCreate(TopMemoryContext, "s3store journal",
												  ALLOCSET_DEFAULT_SIZES);
	bytes = read_bytes(journal, size);
	old_context = MemoryContextSwitchTo(last_look.context);
	s3_intent_records_add(bytes, &last_look.content);
	MemoryContextSwitchTo(old_context);
	pfree(unconstify(char *, bytes.data));
	last_look.device = st.st_dev;
	last_look.inode = st.st_ino;
	if (last_look.content.damaged == 0 && last_look.content.has_home)
		last_look.size = size + bytes.len;
}

/* What is written meanwhile may be missing. */
static S3Slice
read_bytes(const Journal *journal, size_t from)
{
	size_t		len = journal->size - from;
	char	   *bytes = palloc_extended(len + 1, MCXT_ALLOC_HUGE);
	size_t		used = 0;

	while (used < len)
	{
		ssize_t		got = pg_pread(journal->fd, bytes + used, len - used, from + used);

		if (got < 0)
			s3_journal_throw("read", journal->path);
		if (got == 0)
			break;
		used += got;
	}
	return s3_slice(bytes, used);
}

static void
read_all(const Journal *journal, S3JournalContent *content)
{
	S3Slice		bytes = read_bytes(journal, 0);

	s3_intent_records_read(bytes, content);
	pfree(unconstify(char *, bytes.data));
}

static bool
is_foreign(const Journal *journal)
{
	return journal->head.has_home &&
		memcmp(journal->head.home, s3_journal_home(false), S3_HOME_ID_LEN) != 0;
}

/* The objects belong to the original, where the transactions may have committed. */
static void
drop_foreign(Journal *journal)
{
	S3JournalContent content;

	if (!is_foreign(journal))
		return;
	read_all(journal, &content);
	if (content.count > 0)
		log_foreign(journal, &content);
	if (ftruncate(journal->fd, 0) != 0)
		s3_journal_throw("truncate", journal->path);
	journal->size = 0;
	memset(&journal->head, 0, sizeof(journal->head));
}

static void
log_foreign(const Journal *journal, const S3JournalContent *content)
{
	ereport(LOG,
			(errmsg("dropped the content of \"%s\", the journal of puts of another data directory", journal->path),
			 errdetail("This data directory is a copy of it. Intents: %d.", content->count)));
	for (int i = 0; i < Min(content->count, FOREIGN_SHOWN_MAX); i++)
	{
		if (!content->intents[i].settled)
			ereport(LOG,
					(errmsg("object \"%s\" is left to the original database",
							s3_shown_utf8(s3_slice_cstring(content->intents[i].url)))));
	}
}

/* Returns false, with errno set, when not all could be written. */
static bool
write_records(int fd, const StringInfoData *records, off_t offset)
{
	errno = ENOSPC;				/* a short write sets no errno */
	return pg_pwrite(fd, records->data, records->len, offset) == records->len;
}

/*
 * Makes the file what it was before records were written incompletely; should
 * that fail, too, they are ignored.  Keeps errno.
 */
static void
take_back(const Journal *journal)
{
	int			error = errno;
	StringInfoData records;

	initStringInfo(&records);
	add_head(&records, journal->head.first_size);
	if ((journal->head.has_home && !write_records(journal->fd, &records, 0)) ||
		ftruncate(journal->fd, journal->size) != 0)
		ereport(LOG,
				(errcode_for_file_access(),
				 errmsg("could not truncate \"%s\": %m", journal->path)));
	errno = error;
}

/*
 * What stays is a first record with another generation.  That comes first: should
 * what follows fail, others read the file from its start.
 */
static void
truncate_to_head(Journal *journal)
{
	StringInfoData records;

	initStringInfo(&records);
	add_head(&records, 0);
	if (!write_records(journal->fd, &records, 0))
		s3_journal_throw("write", journal->path);
	if (ftruncate(journal->fd, S3_HOME_RECORD_LEN) != 0)
		s3_journal_throw("truncate", journal->path);
	journal->size = S3_HOME_RECORD_LEN;
}

static void
add_head(StringInfo records, size_t first_size)
{
	uint64		generation;

	if (!pg_strong_random(&generation, sizeof(generation)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate a random identifier")));
	s3_intent_record_home(records, s3_journal_home(true), first_size, generation);
}

/*
 * Rewrites the file without what is done.  With nothing left it stays, with its
 * first record, so that the next writer need not sync the directory; the
 * truncation need not be durable.
 */
static void
compact(Journal *journal)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "s3store journal",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old_context = MemoryContextSwitchTo(context);
	S3JournalContent content;
	bool	   *done;

	s3_intent_outcome_renew();
	read_all(journal, &content);
	if (content.damaged > 0)
		ereport(LOG,
				(errmsg("ignored %zu bytes of \"%s\", the journal of puts, that are no whole record",
						content.damaged, journal->path),
				 errdetail("A process that wrote them was interrupted.")));
	done = s3_intent_find_done(&content);
	if (content.has_home && content.first_size <= S3_HOME_RECORD_LEN && memchr(done, false, content.count) == NULL)
		truncate_to_head(journal);
	else
		replace(journal, &content, done);
	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(context);
}

/* Goes on with a new file, which is on disk, in place of this one. */
static void
replace(Journal *journal, const S3JournalContent *content, const bool *done)
{
	char		temporary[MAXPGPATH + 8];
	int			fd;
	off_t		size;

	snprintf(temporary, sizeof(temporary), "%s.tmp", journal->path);
	fd = journal->replacement_fd = OpenTransientFile(temporary, O_RDWR | O_CREAT | O_TRUNC | PG_BINARY);
	if (fd < 0)
		s3_journal_throw("create", temporary);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		s3_journal_throw("lock", temporary);
	size = write_open(fd, temporary, content, done);
	/* Whoever syncs the new file may do so before its name is on disk. */
	sync_file(journal->fd, journal->path);
	/* Syncs the file, and its directory. */
	(void) durable_rename(temporary, journal->path, ERROR);
	close_file(journal);
	journal->fd = fd;
	journal->replacement_fd = -1;
	journal->size = size;
	journal->head.first_size = size;
}

/* Returns how many bytes that are. */
static off_t
write_open(int fd, const char *path, const S3JournalContent *content, const bool *done)
{
	off_t		size = S3_HOME_RECORD_LEN;
	StringInfoData records;

	initStringInfo(&records);
	for (int i = 0; i < content->count; i++)
	{
		if (!done[i])
			s3_intent_record_all(&records, &content->intents[i]);
		if (records.len < WRITE_SIZE && i < content->count - 1)
			continue;
		if (!write_records(fd, &records, size))
			s3_journal_throw("write", path);
		size += records.len;
		resetStringInfo(&records);
	}
	add_head(&records, size);
	if (!write_records(fd, &records, 0))
		s3_journal_throw("write", path);
	return size;
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
		journal_path(path, (Oid) database);
		remove_journal(path);
	}
	FreeDir(directory);
}

/* The database does not exist any more: nothing can write there, or undo puts. */
static void
remove_journal(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && st.st_size > S3_HOME_RECORD_LEN)
		ereport(WARNING,
				(errmsg("removing \"%s\", the journal of puts of a dropped database", path),
				 errdetail("Objects of transactions that did not commit may remain.")));
	if (unlink(path) != 0 && errno != ENOENT)
		ereport(WARNING,
				(errcode_for_file_access(),
				 errmsg("could not remove \"%s\": %m", path)));
}
