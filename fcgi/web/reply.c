#include "web/reply.h"

#include <assert.h>
#include <string.h>

#include "base/secret.h"
#include "db/db.h"
#include "web/req.h"

#define CEILING ((size_t)6 << 20)

void reply_header(struct req *r, const char *name, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *value = arena_vprintf(r->ctx->arena, format, arguments);
    va_end(arguments);

    /* A line break would be a header of somebody else's choosing. */
    for (const char *c = value; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return;
    }
    struct reply *reply = &r->reply;
    assert(reply->header_count < sizeof reply->header / sizeof reply->header[0]);
    reply->header[reply->header_count++] = arena_printf(r->ctx->arena, "%s: %s", name, value);
}

void reply_secret_redaction(struct req *r, const char *member)
{
    for (size_t i = 0; i < sizeof r->reply.redact / sizeof r->reply.redact[0]; i++) {
        if (!r->reply.redact[i]) {
            r->reply.redact[i] = member;
            return;
        }
    }
    assert(!"more secrets in one answer than there is room for");
}

static fallible finish(struct req *r, int status, const struct json_out *out)
{
    if (str_broken(&out->str))
        FAIL_CODE(r->ctx, INTERNAL, "answer_too_large", "The answer is too large; ask for fewer at a time.");
    return reply_text(r, status, "application/json", out->str.text, out->str.length);
}

fallible reply_text(struct req *r, int status, const char *content_type, const char *body, size_t size)
{
    r->reply.status = status;
    r->reply.content_type = content_type;
    r->reply.body = body;
    r->reply.body_size = size;
    return NULL;
}

fallible reply_empty(struct req *r, int status)
{
    return reply_text(r, status, NULL, NULL, 0);
}

fallible reply_json(struct req *r, int status, const struct shape *shape, const void *value)
{
    struct json_out out = json_out_make(r->ctx->arena, CEILING);
    shape_write(&out, shape, value);
    TRY(finish(r, status, &out));
    reply_header(r, "ETag", "\"%.32s\"", sha256_hex(r->ctx->arena, out.str.text, out.str.length));
    return NULL;
}

static struct uuid id_of(const struct shape *shape, const void *value)
{
    struct uuid id = { 0 };
    for (size_t i = 0; i < shape->count; i++) {
        if (shape->field[i].kind == FIELD_UUID && str_equal(shape->field[i].column, "id"))
            memcpy(&id, (const char *)value + shape->field[i].offset, sizeof id);
    }
    return id;
}

fallible reply_list(struct req *r, const struct page *page, const struct shape *shape, struct list *rows)
{
    struct json_out out = json_out_make(r->ctx->arena, CEILING);
    size_t shown = rows->count < (size_t)page->limit ? rows->count : (size_t)page->limit;

    json_open_object(&out);
    json_name(&out, "data");
    json_open_array(&out);
    for (size_t i = 0; i < shown; i++)
        shape_write(&out, shape, (const char *)rows->item + i * rows->size);
    json_close_array(&out);
    json_name(&out, "next_cursor");
    if (rows->count > shown && shown > 0) {
        struct uuid last = id_of(shape, (const char *)rows->item + (shown - 1) * rows->size);
        json_put_string(&out, base64url_encode(r->ctx->arena, last.byte, sizeof last.byte));
    } else {
        json_put_null(&out);
    }
    json_close_object(&out);
    return finish(r, 200, &out);
}

struct json_out *reply_object(struct req *r)
{
    r->reply.object = ARENA_NEW(r->ctx->arena, struct json_out);
    *r->reply.object = json_out_make(r->ctx->arena, CEILING);
    json_open_object(r->reply.object);
    return r->reply.object;
}

fallible reply_object_end(struct req *r, int status)
{
    json_close_object(r->reply.object);
    return finish(r, status, r->reply.object);
}
