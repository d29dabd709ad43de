/*-------------------------------------------------------------------------
 *
 * journal_home.c
 *	  The directory of the journals, and whether it is a copy.
 *
 * A copy of the data directory (a base backup, a clone, a node that was rewound)
 * contains the journals of the original, whose objects belong to the original.
 * The file "home" reveals that: it holds its own inode number and birth time,
 * which differ in a copy, and a random ID, which every journal repeats.  In a
 * snapshot of a whole file system they do not differ; see s3store.writer_token.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/xlog.h"
#include "miscadmin.h"
#include "port/pg_crc32c.h"
#include "storage/fd.h"

#include "journal/journal_home.h"

#define HOME_FILE		S3_JOURNAL_DIR "/home"
#define HOME_MAGIC		UINT64CONST(0x53334a6f75726e31)
#define NS_PER_SECOND	1000000000

/* The content of the file. */
typedef struct Home
{
	uint64		magic;
	uint64		system_identifier;
	uint64		inode;
	int64		birth;			/* ns since 1970; 0: the file system has none */
	uint8		id[S3_HOME_ID_LEN];
	pg_crc32c	crc;
} Home;

static bool home_known = false;
static uint8 home_id[S3_HOME_ID_LEN];

static int	open_home(bool create);
static bool read_home(int fd, Home *home);
static void describe_home(int fd, Home *home);
static void write_home(int fd, Home *home);
static pg_crc32c checksum(const Home *home);

const uint8 *
s3_journal_home(bool create)
{
	Home		found;
	Home		own;
	int			fd;

	if (home_known)
		return home_id;
	fd = open_home(create);
	if (fd < 0)
		return NULL;
	memset(&own, 0, sizeof(own));
	describe_home(fd, &own);
	if (read_home(fd, &found) && found.inode == own.inode && found.birth == own.birth &&
		found.system_identifier == own.system_identifier)
		own = found;
	else
		write_home(fd, &own);
	CloseTransientFile(fd);
	memcpy(home_id, own.id, S3_HOME_ID_LEN);
	home_known = true;
	return home_id;
}

/* Returns -1 when it does not exist.  Waits while another process writes it. */
static int
open_home(bool create)
{
	int			fd;

	if (create)
		s3_journal_make_directory(S3_JOURNAL_DIR, ".");
	fd = OpenTransientFile(HOME_FILE, O_RDWR | PG_BINARY | (create ? O_CREAT : 0));
	if (fd < 0 && errno == ENOENT && !create)
		return -1;
	if (fd < 0)
		s3_journal_throw("open", HOME_FILE);
	if (flock(fd, LOCK_EX) != 0)
		s3_journal_throw("lock", HOME_FILE);
	return fd;
}

static bool
read_home(int fd, Home *home)
{
	return pg_pread(fd, home, sizeof(*home), 0) == sizeof(*home) &&
		home->magic == HOME_MAGIC && EQ_CRC32C(home->crc, checksum(home));
}

/* Sets the members that differ in a copy of the file. */
static void
describe_home(int fd, Home *home)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &st) != 0)
		s3_journal_throw("examine", HOME_FILE);
	home->system_identifier = GetSystemIdentifier();
	home->inode = st.stx_ino;
	if (st.stx_mask & STATX_BTIME)
		home->birth = (int64) st.stx_btime.tv_sec * NS_PER_SECOND + st.stx_btime.tv_nsec;
}

static void
write_home(int fd, Home *home)
{
	home->magic = HOME_MAGIC;
	if (!pg_strong_random(home->id, S3_HOME_ID_LEN))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate a random identifier")));
	home->crc = checksum(home);
	errno = ENOSPC;				/* a short write sets no errno */
	if (ftruncate(fd, 0) != 0 ||
		pg_pwrite(fd, home, sizeof(*home), 0) != sizeof(*home))
		s3_journal_throw("write", HOME_FILE);
	if (pg_fsync(fd) != 0)
		s3_journal_throw("fsync", HOME_FILE);
	fsync_fname(S3_JOURNAL_DIR, true);
}

static pg_crc32c
checksum(const Home *home)
{
	pg_crc32c	crc;

	INIT_CRC32C(crc);
	COMP_CRC32C(crc, home, offsetof(Home, crc));
	FIN_CRC32C(crc);
	return crc;
}

void
s3_journal_make_directory(const char *path, const char *parent)
{
	if (MakePGDirectory(path) == 0)
		fsync_fname(parent, true);
	else if (errno != EEXIST)
		s3_journal_throw("create", path);
}

void
s3_journal_throw(const char *verb, const char *path)
{
	ereport(ERROR,
			(errcode_for_file_access(),
			 errmsg("could not %s \"%s\", the journal of puts: %m", verb, path),
			 errdetail("Before an object is written, that is noted there."),
			 errhint("Check the free space, and the permissions of the directory \"%s\" below the data directory.",
					 S3_JOURNAL_DIR)));
}
