/*
 * web/reply.h - answers, written straight into the request's arena.
 */
#pragma once

#include <stdio.h>

#include "base/err.h"
#include "base/json.h"
#include "base/shape.h"

struct req;
struct list;
struct page;

struct reply {
    int         status;                                         /* 0 = not answered yet */
    const char *content_type;
    const char *body;
    size_t      body_size;
    const char *header[16];                                     /* "Name: value" */
    unsigned    header_count;
    fallible  (*stream)(struct req *, FILE *out, void *data);   /* writes the body as it is sent (exports), or NULL */
    void       *stream_data;
    const char *redact[4];                                      /* see reply_secret_redaction */
    struct json_out *object;                                    /* between reply_object and reply_object_end */
};

void reply_header(struct req *, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* One object by its shape, with an ETag. */
fallible reply_json(struct req *, int status, const struct shape *, const void *value);
/* {"data":[...],"next_cursor":...}.  rows were asked for with limit + 1: the extra one only tells that there is more; the cursor is
 * the last shown row's "id" member. */
fallible reply_list(struct req *, const struct page *, const struct shape *, struct list *rows);
/* For answers with a shape of their own: start, write members, finish. */
struct json_out *reply_object(struct req *);                    /* an open object */
fallible reply_object_end(struct req *, int status);
/* The member of this name, at the top of the JSON answer, is shown once: an Idempotency-Key's replay has null there. */
void reply_secret_redaction(struct req *, const char *member);
fallible reply_empty(struct req *, int status);
fallible reply_text(struct req *, int status, const char *content_type, const char *body, size_t size);
