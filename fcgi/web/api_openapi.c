/*
 * web/api_openapi.c - the document that describes the API, as it was made when the worker began.
 */
#include <string.h>

#include "base/secret.h"
#include "base/str.h"
#include "web/api.h"
#include "web/openapi.h"

#define ROOM ((size_t)16 << 20)

static struct { struct arena *kept; const char *text; size_t size; char tag[33]; } document;

void openapi_prepare(void)
{
    struct arena *room = arena_create(ROOM);
    const char *text = openapi_write(room);

    if (text) {
        document.kept = arena_create(ROOM);
        document.size = strlen(text);
        document.text = arena_copy(document.kept, text, document.size);
        memcpy(document.tag, sha256_hex(room, text, document.size), sizeof document.tag - 1);
    }
    arena_destroy(room);
}

/* GET /api/openapi.json */
fallible api_openapi(struct req *r)
{
    if (!document.text)
        FAIL(r->ctx, INTERNAL, "the description of the API was not made");
    reply_header(r, "ETag", "\"%s\"", document.tag);
    reply_header(r, "Cache-Control", "no-cache");
    return reply_text(r, 200, "application/json", document.text, document.size);
}
