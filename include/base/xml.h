/*
 * base/xml.h - XML out through libxml2's writer, XML in for the sandbox's TwiML interpreter.  The only caller of libxml2.
 *
 * The writer refuses text that XML 1.0 cannot carry (the writer is marked and xml_finish fails), and escapes
 * the rest.  The reader refuses DTDs, entities beyond the five, more than 64 KiB and depth above 16; no network, no files.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct xml_out;
struct xml_out *xml_start(struct arena *);                      /* declaration: <?xml version="1.0" encoding="UTF-8"?> */
void xml_open(struct xml_out *, const char *element);
void xml_attribute(struct xml_out *, const char *name, const char *value);      /* after xml_open; NULL value: none */
void xml_text(struct xml_out *, const char *);
void xml_close(struct xml_out *);
void xml_leaf(struct xml_out *, const char *element, const char *text);         /* open, text, close */
fallible xml_finish(struct arena *, struct xml_out *, const char **out);        /* closes what is open; INTERNAL when marked */

struct xml_node {
    const char      *name;                                      /* NULL for a text node */
    const char      *text;                                      /* of a text node */
    struct { const char *name, *value; } *attribute;
    size_t           attribute_count;
    struct xml_node *first, *next;                              /* children, sibling */
};
fallible xml_read(struct arena *, const char *bytes, size_t length, struct xml_node **root);    /* INVALID says why and where */
const char *xml_get(const struct xml_node *, const char *attribute);            /* NULL when absent */
char       *xml_inner_text(struct arena *, const struct xml_node *);            /* all text below, in order */
