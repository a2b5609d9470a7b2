#include "web/problem.h"

#include <string.h>

#define CEILING ((size_t)256 << 10)

static const char *detail_of(const struct err *err)
{
    if (err->kind == ERR_INTERNAL)
        return "Something went wrong on our side. If it goes on, tell us the request_id.";
    if (err->kind == ERR_NOT_FOUND && str_equal(err->code, err_default_code(ERR_NOT_FOUND)))
        return "There is nothing at this address.";
    return err->message;
}

/* The path as sent may hold any byte. */
static const char *instance_of(struct req *r)
{
    const char *path = r->path ? r->path : "";
    struct str s = str_make(r->ctx->arena, 4 * strlen(path) + 16);
    for (const char *c = path; *c; c++) {
        if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f)
            str_addf(&s, "%%%02X", (unsigned char)*c);
        else
            str_addf(&s, "%c", *c);
    }
    return s.text;
}

static void member(struct json_out *out, const char *name, const char *value)
{
    json_name(out, name);
    json_put_string(out, value);
}

static void put_fields(struct json_out *out, const struct err_field *field)
{
    json_name(out, "errors");
    json_open_array(out);
    for (; field; field = field->next) {
        json_open_object(out);
        member(out, "field", field->field);
        member(out, "code", field->code);
        member(out, "detail", field->detail);
        if (field->clears_at)
            member(out, "clears_at", field->clears_at);
        json_close_object(out);
    }
    json_close_array(out);
}

void reply_problem(struct req *r, const struct err *err)
{
    struct arena *a = r->ctx->arena;
    struct json_out out = json_out_make(a, CEILING);

    json_open_object(&out);
    member(&out, "type", arena_printf(a, "%s/docs/errors#%s", r->settings->public_base_url, err->code));
    member(&out, "title", err_title(err->kind));
    json_name(&out, "status");
    json_put_integer(&out, err_http_status(err->kind));
    member(&out, "detail", detail_of(err));
    member(&out, "code", err->code);
    member(&out, "instance", instance_of(r));
    member(&out, "request_id", r->ctx->request_id);
    put_fields(&out, err->fields);
    json_close_object(&out);

    r->reply = (struct reply){ .status = err_http_status(err->kind), .content_type = "application/problem+json" };
    r->reply.body = str_broken(&out.str) ? "{}" : out.str.text;
    r->reply.body_size = strlen(r->reply.body);
    if (err->retry_after_secs > 0)
        reply_header(r, "Retry-After", "%d", err->retry_after_secs);
    if (err->allow)
        reply_header(r, "Allow", "%s", err->allow);
    if (err->kind == ERR_UNAUTHORIZED)
        reply_header(r, "WWW-Authenticate", "Bearer realm=\"outdial\"%s",
                     req_header(r, "Authorization") ? ", error=\"invalid_token\"" : "");
}
