/*
 * web/openapi.h - the description of the API, OpenAPI 3.1, out of the tables that serve it.
 *
 * Paths, roles and answers are the route table's (web/route.h); bodies are the shapes by which handlers read and write, and the
 * notation of web/schemas.h; query members are the rows by which queries are read; refusals are the kinds of base/err.h.  Nothing
 * is described that is not served, and the other way round.  Addresses are relative, so the document is the same everywhere.
 */
#pragma once

#include "base/err.h"
#include "base/json.h"
#include "web/schemas.h"

/* The document as compact JSON. */
const char *openapi_write(struct arena *);
/* Makes the document that api_openapi() answers with; once, before threads. */
void openapi_prepare(void);

/* ---- between openapi.c and openapi_schema.c ---- */

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
