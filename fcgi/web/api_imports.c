/*
 * web/api_imports.c - importing leads over HTTP.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/str.h"
#include "model/csv.h"
#include "service/imports.h"
#include "web/api.h"
#include "web/csv_reply.h"

#define REFUSALS_PAGE 1000

static const char *address_of(struct req *r, const struct import *i)
{
    struct arena *a = r->ctx->arena;

    return arena_printf(a, "/api/v1/tenants/%s/leads/imports/%s", uuid_text(a, r->ctx->tenant), uuid_text(a, i->import_id));
}

static fallible reply_import(struct req *r, int status, struct import *i)
{
    i->refused_url = arena_printf(r->ctx->arena, "%s/refused", address_of(r, i));
    return reply_json(r, status, &import_shape, i);
}

/* A body that nginx keeps in a file has no length here, so nobody has looked at its type yet. */
static bool is_csv(struct req *r)
{
    const char *type = req_header(r, "Content-Type");

    return type && (strncasecmp(type, "text/csv", 8) == 0 || strncasecmp(type, "application/csv", 15) == 0);
}

/* POST .../leads/import?country= */
fallible api_lead_import(struct req *r)
{
    const char *country = req_query(r, "country"), *prefer = req_header(r, "Prefer");
    bool later = prefer && strstr(prefer, "respond-async");
    struct import_source source = { .path = r->body_file, .bytes = r->body, .size = r->body_size };
    struct import_job *job;
    struct import import;

    if (!is_csv(r))
        FAIL(r->ctx, MEDIA_TYPE, "Send the file as text/csv.");
    if (country && (strlen(country) != 2 || !isupper((unsigned char)country[0]) || !isupper((unsigned char)country[1])))
        FAIL_FIELD(r->ctx, "country", "malformed", "country is an ISO 3166 code of two capital letters, e.g. TR");
    TRY(svc_import_start(r->ctx, r->settings->database_url, &source, country, &job));
    r->ctx->deadline_ms = 0;                                    /* the file takes the time it takes */
    TRY(svc_import_wait(r->ctx, job, !later, &import));
    reply_header(r, "Location", "%s", address_of(r, &import));
    if (later)
        reply_header(r, "Preference-Applied", "respond-async");
    return reply_import(r, later ? 202 : 200, &import);
}

/* GET .../leads/imports/:id */
fallible api_import_get(struct req *r)
{
    struct import import;

    TRY(imports_find(r->ctx, r->id, &import));
    return reply_import(r, 200, &import);
}

static fallible write_refusals(struct req *r, FILE *out)
{
    struct list rows = { .count = REFUSALS_PAGE };
    int64_t after = 0;

    fputs("line,field,code,reason,row\r\n", out);
    while (rows.count == REFUSALS_PAGE) {
        struct arena *mine = arena_create((size_t)16 << 20);
        struct ctx ctx = *r->ctx;
        ctx.arena = mine;
        struct err *err = imports_refusals(&ctx, r->id, after, REFUSALS_PAGE, &rows);
        for (size_t i = 0; !err && i < rows.count; i++) {
            const struct import_refusal *refusal = (const struct import_refusal *)rows.item + i;
            fprintf(out, "%lld", (long long)refusal->line);
            csv_write_cell(out, false, refusal->field);
            csv_write_cell(out, false, refusal->code);
            csv_write_cell(out, false, refusal->reason);
            csv_write_cell(out, false, refusal->row_text);
            csv_end_line(out);
            after = refusal->line;
        }
        if (err)
            err = err_make(r->ctx->arena, __FILE__, __LINE__, err->kind, NULL, NULL, "%s", err->message);
        arena_destroy(mine);
        TRY(err);
    }
    return NULL;
}

/* GET .../leads/imports/:id/refused */
fallible api_import_refused(struct req *r)
{
    struct import import;
    struct csv_reply file;

    TRY(imports_find(r->ctx, r->id, &import));
    TRY(csv_reply_open(r, &file));
    FILE *out = fdopen(dup(file.fd), "w");
    if (!out)
        FAIL(r->ctx, INTERNAL, "cannot write a temporary file");
    struct err *err = write_refusals(r, out);
    if (fclose(out) && !err)
        FAIL(r->ctx, INTERNAL, "cannot write a temporary file");
    TRY(err);
    return csv_reply_done(r, &file, "refused.csv");
}
