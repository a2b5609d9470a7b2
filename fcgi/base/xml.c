#include "base/xml.h"

#include <string.h>

#include <libxml/xmlreader.h>
#include <libxml/xmlwriter.h>

#include "base/str.h"

enum { LONGEST_INPUT = 64 << 10, DEEPEST = 16 };

/* ------------------------------------------------------------------ writing */

struct xml_out {
    xmlBuffer     *buffer;
    xmlTextWriter *writer;
    const char    *wrong;                                       /* the first thing refused */
};

static void free_out(void *data)
{
    struct xml_out *out = data;
    if (out->writer)
        xmlFreeTextWriter(out->writer);
    if (out->buffer)
        xmlBufferFree(out->buffer);
    out->writer = NULL;
    out->buffer = NULL;
}

static void mark(struct xml_out *out, const char *what)
{
    if (!out->wrong)
        out->wrong = what;
}

static void check(struct xml_out *out, int rc)
{
    if (rc < 0)
        mark(out, "libxml2 could not write");
}

/* Whether text can be written; the writer is marked when not. */
static bool carries(struct xml_out *out, const char *text)
{
    if (!utf8_valid_xml(text, strlen(text)))
        mark(out, "a text has characters that XML cannot carry");
    return !out->wrong;
}

static bool good_name(struct xml_out *out, const char *name)
{
    if (xmlValidateNameValue((const xmlChar *)name) != 1)
        mark(out, "a name is no XML name");
    return !out->wrong;
}

struct xml_out *xml_start(struct arena *arena)
{
    struct xml_out *out = ARENA_NEW(arena, struct xml_out);
    arena_defer(arena, free_out, out);
    out->buffer = xmlBufferCreate();
    out->writer = out->buffer ? xmlNewTextWriterMemory(out->buffer, 0) : NULL;
    if (!out->writer)
        mark(out, "no memory for a document");
    else
        check(out, xmlTextWriterStartDocument(out->writer, NULL, "UTF-8", NULL));
    return out;
}

void xml_open(struct xml_out *out, const char *element)
{
    if (good_name(out, element))
        check(out, xmlTextWriterStartElement(out->writer, (const xmlChar *)element));
}

void xml_attribute(struct xml_out *out, const char *name, const char *value)
{
    if (value && good_name(out, name) && carries(out, value))
        check(out, xmlTextWriterWriteAttribute(out->writer, (const xmlChar *)name, (const xmlChar *)value));
}

void xml_text(struct xml_out *out, const char *text)
{
    if (text && carries(out, text))
        check(out, xmlTextWriterWriteString(out->writer, (const xmlChar *)text));
}

void xml_close(struct xml_out *out)
{
    if (!out->wrong)
        check(out, xmlTextWriterEndElement(out->writer));
}

void xml_leaf(struct xml_out *out, const char *element, const char *text)
{
    xml_open(out, element);
    xml_text(out, text);
    xml_close(out);
}

fallible xml_finish(struct arena *arena, struct xml_out *out, const char **text)
{
    if (!out->wrong)
        check(out, xmlTextWriterEndDocument(out->writer));
    if (!out->wrong)
        check(out, xmlTextWriterFlush(out->writer));
    if (out->wrong)
        return err_make(arena, __FILE__, __LINE__, ERR_INTERNAL, NULL, NULL, "the XML cannot be written: %s",
                        out->wrong);
    *text = arena_copy(arena, xmlBufferContent(out->buffer), (size_t)xmlBufferLength(out->buffer));
    free_out(out);
    mark(out, "the document is finished");
    return NULL;
}

/* ------------------------------------------------------------------ reading */

struct reading {
    struct arena  *arena;
    xmlTextReader *reader;
    const char    *wrong;
    int            line;
    struct xml_node **end[DEEPEST + 1];                         /* where its next child goes */
};

static void free_reader(xmlTextReader **reader)
{
    if (*reader)
        xmlFreeTextReader(*reader);
}

static bool refuse(struct reading *r, const char *what)
{
    if (!r->wrong) {
        r->wrong = arena_text(r->arena, what);
        r->line = xmlTextReaderGetParserLineNumber(r->reader);
    }
    return false;
}

static void on_error(void *data, const char *message, xmlParserSeverities severity,
                     xmlTextReaderLocatorPtr where)
{
    struct reading *r = data;
    (void)severity, (void)where;
    refuse(r, str_trim(r->arena, message));
}

static void read_attributes(struct reading *r, struct xml_node *node)
{
    int count = xmlTextReaderAttributeCount(r->reader);
    if (count <= 0)
        return;
    node->attribute = arena_array(r->arena, (size_t)count, sizeof *node->attribute);
    while (node->attribute_count < (size_t)count && xmlTextReaderMoveToNextAttribute(r->reader) == 1) {
        size_t i = node->attribute_count++;
        node->attribute[i].name = arena_text(r->arena, (const char *)xmlTextReaderConstName(r->reader));
        node->attribute[i].value = arena_text(r->arena, (const char *)xmlTextReaderConstValue(r->reader));
    }
    xmlTextReaderMoveToElement(r->reader);
}

static void append(struct reading *r, int depth, struct xml_node *node)
{
    *r->end[depth] = node;
    r->end[depth] = &node->next;
    r->end[depth + 1] = &node->first;
}

static bool take_node(struct reading *r)
{
    int type = xmlTextReaderNodeType(r->reader), depth = xmlTextReaderDepth(r->reader);
    struct xml_node *node;
    if (depth >= DEEPEST)
        return refuse(r, "too many levels");
    switch (type) {
    case XML_READER_TYPE_ELEMENT:
        node = ARENA_NEW(r->arena, struct xml_node);
        node->name = arena_text(r->arena, (const char *)xmlTextReaderConstName(r->reader));
        read_attributes(r, node);
        append(r, depth, node);
        return true;
    case XML_READER_TYPE_TEXT:
    case XML_READER_TYPE_CDATA:
    case XML_READER_TYPE_WHITESPACE:
    case XML_READER_TYPE_SIGNIFICANT_WHITESPACE:
        if (depth == 0)
            return true;
        node = ARENA_NEW(r->arena, struct xml_node);
        node->text = arena_text(r->arena, (const char *)xmlTextReaderConstValue(r->reader));
        append(r, depth, node);
        return true;
    case XML_READER_TYPE_DOCUMENT_TYPE:
    case XML_READER_TYPE_ENTITY:
    case XML_READER_TYPE_ENTITY_REFERENCE:
        return refuse(r, "document types and entities are not taken");
    default:
        return true;
    }
}

static struct err *refusal(struct arena *arena, const char *what, int line)
{
    return err_make(arena, __FILE__, __LINE__, ERR_INVALID, "malformed_xml", NULL,
                    "The XML cannot be read: line %d: %s", line, what);
}

fallible xml_read(struct arena *arena, const char *bytes, size_t length, struct xml_node **root)
{
    if (length > LONGEST_INPUT)
        return refusal(arena, "more than 64 KiB", 1);
    if (!utf8_valid_xml(bytes, length))
        return refusal(arena, "it is not UTF-8 of XML's characters", 1);
    if (memmem(bytes, length, "<!DOCTYPE", 9))                  /* before libxml2 looks at what is in it */
        return refusal(arena, "document types are not taken", 1);
    __attribute__((cleanup(free_reader))) xmlTextReader *reader =
        xmlReaderForMemory(length ? bytes : " ", length ? (int)length : 1, NULL, "UTF-8", XML_PARSE_NONET);
    if (!reader)
        return refusal(arena, "no memory", 1);
    struct reading r = { .arena = arena, .reader = reader };
    struct xml_node *first = NULL;
    int rc;
    r.end[0] = &first;
    xmlTextReaderSetErrorHandler(reader, on_error, &r);
    while ((rc = xmlTextReaderRead(reader)) == 1 && !r.wrong && take_node(&r))
        continue;
    if (rc < 0 && !r.wrong)
        refuse(&r, "it is not well-formed");
    if (!r.wrong && !first)
        refuse(&r, "there is no element");
    if (r.wrong)
        return refusal(arena, r.wrong, r.line);
    *root = first;
    return NULL;
}

const char *xml_get(const struct xml_node *node, const char *attribute)
{
    for (size_t i = 0; node && i < node->attribute_count; i++)
        if (strcmp(node->attribute[i].name, attribute) == 0)
            return node->attribute[i].value;
    return NULL;
}

static void add_inner(struct str *s, const struct xml_node *node)
{
    str_add(s, node->text);
    for (const struct xml_node *child = node->first; child; child = child->next)
        add_inner(s, child);
}

char *xml_inner_text(struct arena *arena, const struct xml_node *node)
{
    struct str s = str_make(arena, 2 * LONGEST_INPUT);
    add_inner(&s, node);
    return arena_text(arena, s.text);
}
