/*-------------------------------------------------------------------------
 *
 * mime.c
 *	  The media type of an object, told by its name.
 *
 * The system's list of types is read once per backend; a system without one,
 * or with one that lacks a type, falls back to the short list below.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/compat.h"
#include "objects/mime.h"
#include "storage/fd.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#define SYSTEM_TYPES_FILE	"/etc/mime.types"
#define EXTENSION_SIZE		32	/* bytes with the dot and a NUL; longer ones
								 * have no type */
#define LINE_SIZE			4096
#define TYPES_INITIAL		2048

typedef struct MimeEntry
{
	char		extension[EXTENSION_SIZE];	/* with its dot; the hash key */
	const char *type;
} MimeEntry;

/* What the system's list may lack; it overrides what stands here. */
static const struct
{
	const char *extension;
	const char *type;
}			builtin_types[] =
{
	{".3g2", "audio/3gpp2"},
	{".3gp", "audio/3gpp"},
	{".3gpp", "audio/3gpp"},
	{".3gpp2", "audio/3gpp2"},
	{".7z", "application/x-7z-compressed"},
	{".aac", "audio/aac"},
	{".avi", "video/x-msvideo"},
	{".avif", "image/avif"},
	{".bcpio", "application/x-bcpio"},
	{".bin", "application/octet-stream"},
	{".bmp", "image/bmp"},
	{".css", "text/css"},
	{".csv", "text/csv"},
	{".doc", "application/msword"},
	{".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
	{".eot", "application/vnd.ms-fontobject"},
	{".epub", "application/epub+zip"},
	{".flac", "audio/flac"},
	{".g3", "image/g3fax"},
	{".gif", "image/gif"},
	{".h5", "application/x-hdf5"},
	{".heic", "image/heic"},
	{".htm", "text/html"},
	{".html", "text/html"},
	{".ico", "image/vnd.microsoft.icon"},
	{".ics", "text/calendar"},
	{".jpeg", "image/jpeg"},
	{".jpg", "image/jpeg"},
	{".js", "text/javascript"},
	{".json", "application/json"},
	{".ksh", "text/plain"},
	{".m4a", "audio/mp4"},
	{".md", "text/markdown"},
	{".mht", "message/rfc822"},
	{".mhtml", "message/rfc822"},
	{".midi", "audio/midi"},
	{".mjs", "text/javascript"},
	{".mkv", "video/x-matroska"},
	{".mov", "video/quicktime"},
	{".mp3", "audio/mpeg"},
	{".mp4", "video/mp4"},
	{".mpa", "video/mpeg"},
	{".mpeg", "video/mpeg"},
	{".nws", "message/rfc822"},
	{".odp", "application/vnd.oasis.opendocument.presentation"},
	{".ods", "application/vnd.oasis.opendocument.spreadsheet"},
	{".odt", "application/vnd.oasis.opendocument.text"},
	{".ogg", "audio/ogg"},
	{".otf", "font/otf"},
	{".pct", "image/pict"},
	{".pdf", "application/pdf"},
	{".php", "application/x-httpd-php"},
	{".pic", "image/pict"},
	{".pict", "image/pict"},
	{".png", "image/png"},
	{".ppa", "application/vnd.ms-powerpoint"},
	{".ppt", "application/vnd.ms-powerpoint"},
	{".pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
	{".pwz", "application/vnd.ms-powerpoint"},
	{".rtf", "application/rtf"},
	{".rtx", "text/richtext"},
	{".so", "application/octet-stream"},
	{".svg", "image/svg+xml"},
	{".t38", "image/t38"},
	{".tar", "application/x-tar"},
	{".texinfo", "application/x-texinfo"},
	{".tif", "image/tiff"},
	{".tiff", "image/tiff"},
	{".ttf", "font/ttf"},
	{".txt", "text/plain"},
	{".wasm", "application/wasm"},
	{".wav", "audio/x-wav"},
	{".weba", "audio/webm"},
	{".webm", "video/webm"},
	{".webmanifest", "application/manifest+json"},
	{".webp", "image/webp"},
	{".wiz", "application/msword"},
	{".woff", "font/woff"},
	{".woff2", "font/woff2"},
	{".xhtml", "application/xhtml+xml"},
	{".xlb", "application/vnd.ms-excel"},
	{".xls", "application/vnd.ms-excel"},
	{".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
	{".xml", "application/xml"},
	{".xpdl", "application/xml"},
	{".yaml", "application/yaml"},
	{".yml", "application/yaml"},
	{".zip", "application/zip"}
};

#define PACKED_SVG	".svgz"

/*
 * The types of compressed files.  With the type of what is inside they would need
 * a content encoding, which browsers undo: a download would not be the same file.
 */
static const struct
{
	const char *extension;
	const char *type;
}			packed_types[] =
{
	{".br", "application/x-brotli"},
	{".bz2", "application/x-bzip"},
	{".gz", "application/gzip"},
	{".taz", "application/gzip"},
	{".tbz2", "application/x-bzip"},
	{".tgz", "application/gzip"},
	{".txz", "application/x-xz"},
	{".tz", "application/gzip"},
	{".xz", "application/x-xz"}
};

/* The one extension with a case: ".z" is another one. */
#define COMPRESS_EXTENSION	".Z"
#define COMPRESS_TYPE		"application/x-compress"

static HTAB *types = NULL;
static bool types_loaded = false;
static MemoryContext types_context = NULL;

static void load_types(void);
static void load_system_types(void);
static void add_line(const char *line);
static void add_type(const char *extension, const char *type);
static S3Slice extension_of(S3Slice name);
static const char *packed_type(S3Slice extension);
static bool is_extension(S3Slice extension, const char *name);
static const char *find_type(S3Slice extension);

const char *
s3_mime_type(S3Slice key)
{
	S3Slice		extension = extension_of(key);
	const char *packed = packed_type(extension);

	if (packed != NULL)
		return packed;
	if (!types_loaded)
		load_types();
	return find_type(s3_mime_is_packed_svg(key) ? s3_slice_cstring(".svg") : extension);
}

bool
s3_mime_is_packed_svg(S3Slice key)
{
	return is_extension(extension_of(key), PACKED_SVG);
}

static void
load_types(void)
{
	HASHCTL		control = {0};

	if (types_context == NULL)
		types_context = AllocSetContextCreate(TopMemoryContext, "s3store media types",
											  ALLOCSET_DEFAULT_SIZES);
	MemoryContextReset(types_context);
	control.keysize = EXTENSION_SIZE;
	control.entrysize = sizeof(MimeEntry);
	control.hcxt = types_context;
	types = hash_create("s3store media types", TYPES_INITIAL, &control,
						HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	for (int i = 0; i < lengthof(builtin_types); i++)
		add_type(builtin_types[i].extension, builtin_types[i].type);
	load_system_types();
	types_loaded = true;
}

/* A system without the file, or one that we may not read, has none. */
static void
load_system_types(void)
{
	FILE	   *file = AllocateFile(SYSTEM_TYPES_FILE, "r");
	char		line[LINE_SIZE];

	if (file == NULL)
		return;
	while (fgets(line, sizeof(line), file) != NULL)
		add_line(line);
	FreeFile(file);
}

/* A line of mime.types: a type, the extensions that mean it, "#" a comment. */
static void
add_line(const char *line)
{
	static const char blanks[] = " \t\r\n";
	const char *type = NULL;

	for (;;)
	{
		const char *word = line + strspn(line, blanks);
		int			len = (int) strcspn(word, blanks);
		char		extension[EXTENSION_SIZE];

		if (len == 0 || word[0] == '#')
			return;
		if (type == NULL)
			type = MemoryContextStrdup(types_context, pnstrdup(word, len));
		else if (snprintf(extension, sizeof(extension), ".%.*s", len, word) < (int) sizeof(extension))
			add_type(extension, type);
		line = word + len;
	}
}

static void
add_type(const char *extension, const char *type)
{
	MimeEntry  *entry = hash_search(types, extension, HASH_ENTER, NULL);

	entry->type = type;
}

/*
 * Returns what follows the last dot of the last segment, the dot included;
 * empty when there is none.  Dots at a segment's start make no extension.
 */
static S3Slice
extension_of(S3Slice name)
{
	size_t		dot = name.len;
	size_t		start = name.len;

	while (start > 0 && name.data[start - 1] != '/')
	{
		start--;
		if (name.data[start] == '.' && dot == name.len)
			dot = start;
	}
	while (start < dot && name.data[start] == '.')
		start++;
	if (start >= dot)
		dot = name.len;
	return s3_slice(name.data + dot, name.len - dot);
}

/* NULL: it is none of them. */
static const char *
packed_type(S3Slice extension)
{
	if (s3_slice_equal(extension, s3_slice_cstring(COMPRESS_EXTENSION)))
		return COMPRESS_TYPE;
	for (int i = 0; i < lengthof(packed_types); i++)
	{
		if (is_extension(extension, packed_types[i].extension))
			return packed_types[i].type;
	}
	return NULL;
}

static bool
is_extension(S3Slice extension, const char *name)
{
	return extension.len == strlen(name) && pg_strncasecmp(extension.data, name, extension.len) == 0;
}

static const char *
find_type(S3Slice extension)
{
	char		lower[EXTENSION_SIZE];
	MimeEntry  *entry;

	if (extension.len == 0 || extension.len >= sizeof(lower))
		return S3_MIME_DEFAULT;
	for (size_t i = 0; i < extension.len; i++)
		lower[i] = pg_ascii_tolower((unsigned char) extension.data[i]);
	lower[extension.len] = '\0';
	entry = hash_search(types, lower, HASH_FIND, NULL);
	return entry == NULL ? S3_MIME_DEFAULT : entry->type;
}
