/*-------------------------------------------------------------------------
 *
 * xml.c
 *	  Reads the XML that S3 servers send, and writes what they read.
 *
 * Pure; the only file that includes expat.  A server is not trusted: there
 * are no entities (a document type ends the parsing), depth and lengths are
 * bounded, and nothing throws inside a callback.  The parser gets a document in
 * steps, between which a query can be cancelled.
 *
 * One thing is read that XML 1.0 forbids: a reference to a control character,
 * such as "&#x01;", which Ceph writes for that byte of a key.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include <expat.h>
#include <limits.h>

#include "base/xml.h"

#ifdef FRONTEND
#define CHECK_FOR_INTERRUPTS()	((void) 0)
#else
#include "miscadmin.h"
#endif

#define PARSE_STEP	(64 * 1024) /* bytes */

/* What the references that expat refuses are replaced by before it sees them. */
#define CONTROL_TARGET	"control"	/* of a processing instruction */
#define CONTROL_FORMAT	"<?" CONTROL_TARGET " %02x?>"

typedef struct XmlState
{
	XML_Parser	parser;
	const char *root;
	const char *fault;			/* why we stopped, or NULL */
	int			depth;			/* of the element we are in; -1 outside */
	int			nodes;			/* elements and attributes so far */
	S3XmlElementEnd element_end;
	void	   *arg;
	size_t		text_len;
	char		text[S3_XML_TEXT_MAX];
} XmlState;

/* Left by an error between two steps, to be freed before the next parsing. */
static XML_Parser left_over = NULL;

static enum XML_Status parse_in_steps(XmlState *state, S3Slice document);
static void free_left_over(void);
static void XMLCALL start_element(void *arg, const XML_Char *name, const XML_Char **attributes);
static void XMLCALL end_element(void *arg, const XML_Char *name);
static void XMLCALL add_text(void *arg, const XML_Char *text, int len);
static void XMLCALL refuse_doctype(void *arg, const XML_Char *name, const XML_Char *system_id,
								   const XML_Char *public_id, int has_internal_subset);
static void XMLCALL add_control(void *arg, const XML_Char *target, const XML_Char *data);
static S3Slice replace_control_references(S3Slice document);
static size_t control_reference(const char *text, const char *end, int *control);
static const char *local_name(const char *name);
static void stop(XmlState *state, const char *fault);

bool
s3_xml_parse(S3Slice document, const char *root,
			 S3XmlElementEnd element_end, void *arg, S3Error *err)
{
	XmlState	state = {0};
	enum XML_Status status;

	free_left_over();
	document = replace_control_references(document);
	state.root = root;
	state.depth = -1;
	state.element_end = element_end;
	state.arg = arg;
	state.parser = XML_ParserCreate(NULL);
	if (state.parser == NULL)
		return s3_error_set(err, S3_ERROR_PROTOCOL, "out of memory while reading the server's answer");
	XML_SetUserData(state.parser, &state);
	XML_SetElementHandler(state.parser, start_element, end_element);
	XML_SetCharacterDataHandler(state.parser, add_text);
	XML_SetProcessingInstructionHandler(state.parser, add_control);
	XML_SetStartDoctypeDeclHandler(state.parser, refuse_doctype);

	left_over = state.parser;
	status = parse_in_steps(&state, document);
	if (status != XML_STATUS_OK && state.fault == NULL)
		state.fault = XML_ErrorString(XML_GetErrorCode(state.parser));
	free_left_over();
	explicit_bzero(state.text, sizeof(state.text)); /* keys, perhaps */

	if (state.fault == NULL)
		return true;
	s3_error_set(err, S3_ERROR_PROTOCOL, "could not understand the server's answer");
	return s3_error_detail(err, "Reading an XML document with root element \"%s\": %s.",
						   root, state.fault);
}

/*
 * May throw, but only where no frame of expat is on the stack.  A step of an
 * unfinished token costs expat all of the token, and a tag its attributes, so
 * that tokens are bounded, too.
 */
static enum XML_Status
parse_in_steps(XmlState *state, S3Slice document)
{
	size_t		fed = 0;

	for (;;)
	{
		size_t		step = Min(document.len - fed, PARSE_STEP);
		bool		is_last = fed + step == document.len;
		enum XML_Status status;

		status = XML_Parse(state->parser, document.data + fed, (int) step, is_last);
		fed += step;
		if (status != XML_STATUS_OK || is_last)
			return status;
		if (fed - Max(XML_GetCurrentByteIndex(state->parser), 0) > S3_XML_TOKEN_MAX)
		{
			stop(state, "a tag or comment is too long");
			return XML_STATUS_ERROR;
		}
		CHECK_FOR_INTERRUPTS();
	}
}

static void
free_left_over(void)
{
	if (left_over != NULL)
		XML_ParserFree(left_over);
	left_over = NULL;
}

bool
s3_xml_may_hold(S3Slice text)
{
	for (size_t i = 0; i < text.len; i++)
	{
		unsigned char c = (unsigned char) text.data[i];

		if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
			return false;
		/* U+FFFE and U+FFFF */
		if (c == 0xef && i + 2 < text.len && (unsigned char) text.data[i + 1] == 0xbf &&
			(unsigned char) text.data[i + 2] >= 0xbe)
			return false;
	}
	return true;
}

void
s3_xml_escape(StringInfo dst, S3Slice text)
{
	for (size_t i = 0; i < text.len; i++)
	{
		char		c = text.data[i];

		switch (c)
		{
			case '&':
				appendStringInfoString(dst, "&amp;");
				break;
			case '<':
				appendStringInfoString(dst, "&lt;");
				break;
			case '>':
				appendStringInfoString(dst, "&gt;");
				break;
			case '"':
				appendStringInfoString(dst, "&quot;");
				break;
			case '\'':
				appendStringInfoString(dst, "&apos;");
				break;
			case '\r':			/* else a reader makes a newline of it */
				appendStringInfoString(dst, "&#13;");
				break;
			default:
				appendStringInfoCharMacro(dst, c);
		}
	}
}

/*
 * Returns the document with each reference to a control character that XML
 * 1.0 forbids as a processing instruction of ours; the document itself when
 * it has none.
 */
static S3Slice
replace_control_references(S3Slice document)
{
	const char *end = document.data + document.len;
	const char *copied = document.data; /* what stands before is in "clean" */
	const char *at = document.data;
	StringInfoData clean = {0};

	while (at != end && (at = memchr(at, '&', end - at)) != NULL)
	{
		int			control;
		size_t		len = control_reference(at, end, &control);

		CHECK_FOR_INTERRUPTS();
		if (len > 0)
		{
			if (clean.data == NULL)
				initStringInfo(&clean);
			appendBinaryStringInfo(&clean, copied, at - copied);
			appendStringInfo(&clean, CONTROL_FORMAT, control);
			copied = at + len;
		}
		at += Max(len, 1);
	}
	if (clean.data == NULL)
		return document;
	appendBinaryStringInfo(&clean, copied, end - copied);
	return s3_slice(clean.data, clean.len);
}

/*
 * Returns the length of the reference at "text", 0 when it is not one to a
 * character from U+0001 to U+001F other than the tab, LF and CR.
 */
static size_t
control_reference(const char *text, const char *end, int *control)
{
	char		reference[16] = "";
	char	   *semicolon;
	bool		hex;

	if (end - text < 4 || text[1] != '#')
		return 0;
	hex = text[2] == 'x';
	memcpy(reference, text + 2 + hex, Min(sizeof(reference) - 1, end - text - 2 - hex));
	*control = (int) strtol(reference, &semicolon, hex ? 16 : 10);
	if (*semicolon != ';' || *control < 1 || *control > 0x1f ||
		strchr("\t\n\r", *control) != NULL ||
		strspn(reference, "0123456789abcdefABCDEF") != semicolon - reference)
		return 0;
	return semicolon - reference + 3 + hex;
}

static void XMLCALL
start_element(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	XmlState   *state = arg;

	if (state->fault != NULL)
		return;
	for (state->nodes++; attributes[0] != NULL; attributes += 2)
		state->nodes++;
	if (state->nodes > S3_XML_NODES_MAX)
		stop(state, "it has too many elements and attributes");
	else if (strlen(name) > S3_XML_NAME_MAX)
		stop(state, "an element's name is too long");
	else if (++state->depth >= S3_XML_DEPTH_MAX)
		stop(state, "elements are nested too deep");
	else if (state->depth == 0 && strcmp(local_name(name), state->root) != 0)
		stop(state, "another root element");
	state->text_len = 0;
}

static void XMLCALL
end_element(void *arg, const XML_Char *name)
{
	XmlState   *state = arg;

	if (state->fault != NULL)
		return;
	state->element_end(state->arg, state->depth, local_name(name),
					   s3_slice(state->text, state->text_len));
	state->text_len = 0;
	state->depth--;
}

static void XMLCALL
add_text(void *arg, const XML_Char *text, int len)
{
	XmlState   *state = arg;

	if (state->fault != NULL)
		return;
	if (state->text_len + len > sizeof(state->text))
	{
		stop(state, "an element's text is too long");
		return;
	}
	memcpy(state->text + state->text_len, text, len);
	state->text_len += len;
}

/* Any other processing instruction is not for us. */
static void XMLCALL
add_control(void *arg, const XML_Char *target, const XML_Char *data)
{
	XmlState   *state = arg;
	long		control = strtol(data, NULL, 16);
	char		byte = (char) control;

	if (strcmp(target, CONTROL_TARGET) != 0 || control < 1 || control > 0x1f)
		return;
	if (state->depth < 0)
		stop(state, "a character outside of the root element");
	else
		add_text(state, &byte, 1);
}

static void XMLCALL
refuse_doctype(void *arg, const XML_Char *name, const XML_Char *system_id,
			   const XML_Char *public_id, int has_internal_subset)
{
	stop(arg, "a document type is not allowed");
}

/* Servers write the namespace as a default, or as a prefix. */
static const char *
local_name(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon == NULL ? name : colon + 1;
}

static void
stop(XmlState *state, const char *fault)
{
	if (state->fault == NULL)
		state->fault = fault;
	XML_StopParser(state->parser, XML_FALSE);
}
