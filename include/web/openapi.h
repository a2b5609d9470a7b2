/*
 * web/openapi.h - the description of the API, OpenAPI 3.1, out of the tables that serve it.
 *
 * Paths, roles and answers are the route table's (web/route.h); bodies are the shapes by which handlers read and write, and the
 * notation of web/schemas.h; query members are the rows by which queries are read; refusals are the kinds of base/err.h.  Nothing
 * is described that is not served, and the other way round.  Addresses are relative, so the document is the same everywhere.
 */
#pragma once

#include "base/arena.h"

/* The document as compact JSON. */
const char *openapi_write(struct arena *);
/* Makes the document that api_openapi() answers with; once, before threads. */
void openapi_prepare(void);
