/*
 * web/csv_reply.c - see web/csv_reply.h.
 */
#include "web/csv_reply.h"

#include <string.h>

#include "base/str.h"

struct csv_body { fallible (*write)(struct req *, FILE *, void *); void *data; bool mark; };

static fallible write_body(struct req *r, FILE *out, void *data)
{
    const struct csv_body *body = data;

    r->ctx->deadline_ms = 0;                                    /* a file takes the time it takes */
    if (body->mark)
        fputs("\xef\xbb\xbf", out);
    return body->write(r, out, body->data);
}

fallible csv_reply(struct req *r, const char *name, fallible (*write)(struct req *, FILE *out, void *data), void *data)
{
    const char *mark = req_query(r, "bom");
    struct csv_body *body = ARENA_NEW(r->ctx->arena, struct csv_body);

    if (mark && !str_equal(mark, "1") && !str_equal(mark, "0"))
        FAIL_FIELD(r->ctx, "bom", "not_one_of", "bom is 1 or 0");
    *body = (struct csv_body){ .write = write, .data = data, .mark = str_equal(mark, "1") };
    TRY(reply_text(r, 200, "text/csv; charset=utf-8", NULL, 0));
    reply_header(r, "Content-Disposition", "attachment; filename=\"%s\"", name);
    reply_header(r, "X-Accel-Buffering", "no");                 /* else nginx would keep what a slow reader has not taken in a file */
    r->reply.stream = write_body;
    r->reply.stream_data = body;
    return NULL;
}

bool req_wants_csv(struct req *r)
{
    const char *accept = req_header(r, "Accept");

    return accept && strstr(accept, "text/csv");
}
