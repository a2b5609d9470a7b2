/*
 * web/openapi_parts.h - how the files that write the description of the API work together.
 *
 *     openapi.c              the document, its tags and paths
 *     openapi_operation.c    an operation: a row of the route table
 *     openapi_components.c   what operations refer to
 *     openapi_schema.c       JSON Schemas of shapes and of the notation (web/schemas.h)
 */
#pragma once

#include "base/err.h"
#include "base/json.h"
#include "web/schemas.h"

struct route;

/* ---- schemas ---- */

/* How the routes use a schema; for each there is a component. */
enum schema_use { AS_ANSWER = 1, AS_LIST = 2, AS_CREATE = 4, AS_UPDATE = 8, AS_PART = 16 /* of another one's members */, AS_LENIENT = 32 };

/* "Lead", "LeadList", "LeadCreate", "LeadUpdate" */
const char *openapi_component(struct arena *, const struct schema *, enum schema_use);
/* Writes the JSON Schema of a type in the notation. */
void openapi_put_type(struct json_out *, const char *type);
/* Adds a use, and those that follow from it.  uses has schema_count entries. */
void openapi_use(unsigned *uses, const struct schema *, unsigned use);
/* The same for schemas that a type in the notation mentions. */
void openapi_use_type(unsigned *uses, const char *type);
/* Writes the members of components.schemas: what is used and nothing else. */
void openapi_put_schemas(struct json_out *, const unsigned *uses);

/* ---- rows of the route table ---- */

/* One of the answers of a row's gives: "201 Lead", "200 [Lead]", "200 text/csv". */
struct openapi_answer {
    int         status;
    const char *what;                                           /* a schema's name or a media type */
    size_t      length;                                         /* of it; 0: no body */
    bool        list;
};
/* Moves *gives behind one answer; false at the end. */
bool openapi_next_answer(const char **gives, struct openapi_answer *out);

const char     *openapi_subject(const char *pattern);           /* from the first segment on that tells what it is about */
const char     *openapi_tag(struct arena *, const struct route *);
const char     *openapi_signature(const struct route *);        /* SIGNED routes: the security scheme */
enum schema_use openapi_taken_as(const struct route *);         /* its body */
bool            openapi_has_segment(const struct route *, const char *segment);
/* "status:call" is called status-call among the components. */
const char *openapi_parameter(struct arena *, const char *word, size_t length);

/* ---- parts of the document ---- */

void openapi_put_operation(struct json_out *, const struct route *);
void openapi_put_components(struct json_out *);
void openapi_put_reference(struct json_out *, const char *kind, const char *name);
void openapi_put_header_reference(struct json_out *, const char *name);
void openapi_put_body(struct json_out *, const struct schema *, enum schema_use);      /* the "schema" of a media type */
