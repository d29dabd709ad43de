/*-------------------------------------------------------------------------
 *
 * small_file.c
 *	  Reads small files that hold secrets.
 *
 * Checks the very file that it reads: the descriptor, not the path.  Nothing
 * throws while the descriptor is open.  What was read is wiped, but for the
 * result.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/fd.h"

#include "credentials/small_file.h"

/* Which file is read, and what may be wrong with it. */
typedef struct SmallFile
{
	const char *what;
	const char *name;			/* as messages show it */
	const char *path;
	bool		private;		/* no links, and no access for others */
} SmallFile;

static bool read_file(const SmallFile *file, char *text, size_t *len, S3Error *err);
static bool check(const SmallFile *file, int fd, S3Error *err);
static bool check_permissions(const SmallFile *file, const struct stat *st, S3Error *err);
static bool read_all(const SmallFile *file, int fd, char *text, size_t *len, S3Error *err);
static bool check_token(const SmallFile *file, char *text, size_t len, S3Error *err);

bool
s3_small_file_private(const char *what, const char *name, const char *path, char *text, size_t *len,
					  S3Error *err)
{
	SmallFile	file = {what, name, path, true};

	return read_file(&file, text, len, err);
}

char *
s3_small_file_token(const char *what, const char *path, S3Error *err)
{
	SmallFile	file = {what, path, path, false};
	char	   *text = palloc(S3_SMALL_FILE_MAX + 2);
	char	   *token = NULL;
	size_t		len;

	if (read_file(&file, text, &len, err) && check_token(&file, text, len, err))
		token = pstrdup(text);
	explicit_bzero(text, S3_SMALL_FILE_MAX + 2);
	pfree(text);
	return token;
}

static bool
read_file(const SmallFile *file, char *text, size_t *len, S3Error *err)
{
	/* Without O_NONBLOCK, opening a FIFO in the file's place would wait. */
	int			flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (file->private ? O_NOFOLLOW : 0);
	int			fd = BasicOpenFile(file->path, flags);
	bool		link = fd < 0 && file->private && errno == ELOOP;
	bool		good;

	if (fd < 0)
	{
		s3_error_set(err, S3_ERROR_NO_CREDENTIALS, "could not open %s \"%s\": %m",
					 file->what, file->name);
		return link ? s3_error_hint(err, "Symbolic links are not followed.") : false;
	}
	good = check(file, fd, err) && read_all(file, fd, text, len, err);
	close(fd);
	return good;
}

static bool
check(const SmallFile *file, int fd, S3Error *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return s3_error_set(err, S3_ERROR_NO_CREDENTIALS, "could not stat %s \"%s\": %m",
							file->what, file->name);
	if (!S_ISREG(st.st_mode))
		return s3_error_set(err, S3_ERROR_NO_CREDENTIALS, "%s \"%s\" is not a regular file",
							file->what, file->name);
	return !file->private || check_permissions(file, &st, err);
}

/* The rules that the server has for the keys of its TLS certificates. */
static bool
check_permissions(const SmallFile *file, const struct stat *st, S3Error *err)
{
	bool		own = st->st_uid == geteuid();

	if (!own && st->st_uid != 0)
		return s3_error_set(err, S3_ERROR_NO_CREDENTIALS,
							"%s \"%s\" must be owned by the database user or root",
							file->what, file->name);
	if ((own && (st->st_mode & (S_IRWXG | S_IRWXO)) != 0) ||
		(!own && (st->st_mode & (S_IWGRP | S_IXGRP | S_IRWXO)) != 0))
	{
		s3_error_set(err, S3_ERROR_NO_CREDENTIALS, "%s \"%s\" has group or world access",
					 file->what, file->name);
		return s3_error_detail(err, "File must have permissions u=rw (0600) or less if owned by the database user, or permissions u=rw,g=r (0640) or less if owned by root.");
	}
	return true;
}

/* Reads one byte more than allowed, to know that there are too many. */
static bool
read_all(const SmallFile *file, int fd, char *text, size_t *len, S3Error *err)
{
	ssize_t		n;

	*len = 0;
	do
	{
		n = read(fd, text + *len, S3_SMALL_FILE_MAX + 1 - *len);
		if (n > 0)
			*len += n;
	} while ((n > 0 && *len <= S3_SMALL_FILE_MAX) || (n < 0 && errno == EINTR));

	if (n < 0)
		return s3_error_set(err, S3_ERROR_NO_CREDENTIALS, "could not read %s \"%s\": %m",
							file->what, file->name);
	if (*len > S3_SMALL_FILE_MAX)
		return s3_error_set(err, S3_ERROR_NO_CREDENTIALS, "%s \"%s\" is larger than %d kB",
							file->what, file->name, S3_SMALL_FILE_MAX / 1024);
	return true;
}

/* Cuts off the line ends, and ends the text with a zero byte. */
static bool
check_token(const SmallFile *file, char *text, size_t len, S3Error *err)
{
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	text[len] = '\0';
	for (size_t i = 0; i < len; i++)
	{
		if (text[i] < ' ' || text[i] > '~')
			return s3_error_set(err, S3_ERROR_NO_CREDENTIALS,
								"%s \"%s\" contains a character other than printable ASCII",
								file->what, file->name);
	}
	return len > 0 ||
		s3_error_set(err, S3_ERROR_NO_CREDENTIALS, "%s \"%s\" is empty", file->what, file->name);
}
