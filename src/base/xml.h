/*-------------------------------------------------------------------------
 *
 * xml.h
 *	  Reads the XML that S3 servers send, and writes what they read.  Pure;
 *	  the only user of expat.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_XML_H
#define S3STORE_XML_H

#include "base/error.h"

#define S3_XML_DEPTH_MAX	32	/* nested elements */
#define S3_XML_NAME_MAX		256 /* bytes of an element's name */
#define S3_XML_TEXT_MAX		8192	/* bytes of text in one element */
#define S3_XML_TOKEN_MAX	(64 * 1024) /* bytes of a tag with its attributes,
										 * of a comment and the like */
#define S3_XML_NODES_MAX	100000	/* elements and attributes together */

/*
 * Called at the end of each element: its depth (the root has 0), its name
 * without namespace, and the text that stood directly in it.  Must neither
 * throw nor keep the text.
 */
typedef void (*S3XmlElementEnd) (void *arg, int depth, const char *name, S3Slice text);

/*
 * Parses a whole document whose root must be "root".  Returns false, with an
 * S3_ERROR_PROTOCOL, for another root, a document type, an unfinished or
 * malformed document, and one over the limits above.  In a server, it throws
 * when the query is cancelled.
 */
extern bool s3_xml_parse(S3Slice document, const char *root,
						 S3XmlElementEnd element_end, void *arg, S3Error *err);

/* Can an XML 1.0 document hold the text?  Not most control characters. */
extern bool s3_xml_may_hold(S3Slice text);

/* Appends "text" as the content of an element. */
extern void s3_xml_escape(StringInfo dst, S3Slice text);

#endif							/* S3STORE_XML_H */
