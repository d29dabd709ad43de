/*-------------------------------------------------------------------------
 *
 * small_file.c
 *	  Reads small files whole.
 *
 * Nothing throws while a descriptor is open.  What was read is wiped, but for
 * the result.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/fd.h"

#include "credentials/small_file.h"

static bool read_token(const char *what, const char *path, int fd, char *text, S3Error *err);

/* Reads one byte more than allowed, to know that there are too many. */
bool
s3_small_file_read(const char *what, const char *path, int fd, char *text, size_t *len,
				   S3Error *err)
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
							what, path);
	if (*len > S3_SMALL_FILE_MAX)
		return s3_error_set(err, S3_ERROR_NO_CREDENTIALS, "%s \"%s\" is larger than %d kB",
							what, path, S3_SMALL_FILE_MAX / 1024);
	return true;
}

char *
s3_small_file_token(const char *what, const char *path, S3Error *err)
{
	char	   *text = palloc(S3_SMALL_FILE_MAX + 2);
	char	   *token = NULL;

	/* O_NONBLOCK: a FIFO in the file's place must not hold us up. */
	int			fd = BasicOpenFile(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		s3_error_set(err, S3_ERROR_NO_CREDENTIALS, "could not open %s \"%s\": %m", what, path);
	else
	{
		bool		good = read_token(what, path, fd, text, err);

		close(fd);
		if (good)
			token = pstrdup(text);
	}
	explicit_bzero(text, S3_SMALL_FILE_MAX + 2);
	pfree(text);
	return token;
}

static bool
read_token(const char *what, const char *path, int fd, char *text, S3Error *err)
{
	struct stat st;
	size_t		len;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return s3_error_set(err, S3_ERROR_NO_CREDENTIALS, "%s \"%s\" is not a regular file",
							what, path);
	if (!s3_small_file_read(what, path, fd, text, &len, err))
		return false;
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	text[len] = '\0';
	for (size_t i = 0; i < len; i++)
	{
		if (text[i] < ' ' || text[i] > '~')
			return s3_error_set(err, S3_ERROR_NO_CREDENTIALS,
								"%s \"%s\" holds a character other than printable ASCII",
								what, path);
	}
	return len > 0 ||
		s3_error_set(err, S3_ERROR_NO_CREDENTIALS, "%s \"%s\" is empty", what, path);
}
