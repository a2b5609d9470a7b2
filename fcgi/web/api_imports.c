/*
 * web/api_imports.c - importing leads over HTTP.
 */
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

static const char *refused_url(struct req *r, const struct import *i)
{
    return arena_printf(r->ctx->arena, "%s/refused", address_of(r, i));
}

static fallible reply_import(struct req *r, int status, struct import *i)
{
    i->refused_url = refused_url(r, i);
    return reply_json(r, status, &import_shape, i);
}

/* A body that nginx keeps in a file has no length here, so nobody has looked at its type yet. */
static bool is_csv(struct req *r)
{
    const char *type = req_header(r, "Content-Type");

    return type && (strncasecmp(type, "text/csv", 8) == 0 || strncasecmp(type, "application/csv", 15) == 0);
}

static void write_columns(struct json_out *out, struct arena *a, const struct csv_head *head)
{
    json_name(out, "columns");
    json_open_array(out);
    for (size_t i = 0; i < head->count; i++) {
        json_open_object(out);
        json_name(out, "position");
        json_put_integer(out, (int64_t)i + 1);
        json_name(out, "heading");
        json_put_string(out, head->name[i]);
        json_name(out, "field");
        json_put_string(out, csv_field_of(a, head, i));
        json_close_object(out);
    }
    json_close_array(out);
}

static void write_row(struct json_out *out, const struct import_preview *p, const struct import_preview_row *row)
{
    const struct import_batch *b = p->batch;
    bool ok = str_equal(row->verdict, "ok");

    json_open_object(out);
    json_name(out, "line");
    json_put_integer(out, (int64_t)row->row.line);
    json_name(out, "verdict");
    json_put_string(out, row->verdict);
    json_name(out, "field");
    json_put_string(out, row->field);
    json_name(out, "code");
    json_put_string(out, row->code);
    json_name(out, "reason");
    json_put_string(out, row->reason);
    json_name(out, "phone_e164");
    json_put_string(out, ok ? b->phone[row->lead] : NULL);
    json_name(out, "cells");
    json_open_array(out);
    for (size_t i = 0; i < row->row.count; i++)
        json_put_string(out, row->row.cell[i]);
    json_close_array(out);
    json_close_object(out);
}

/* What is asked for, well formed, of a body that is CSV. */
static fallible read_wishes(struct req *r, struct import_source *source, struct import_options *options)
{
    *source = (struct import_source){ .path = r->body_file, .bytes = r->body, .size = r->body_size, .keep = true };
    *options = (struct import_options){
        .country = req_query(r, "country"), .encoding = req_query(r, "encoding"), .delimiter = req_query(r, "delimiter"), .header = req_query(r, "header"),
        .map = req_query(r, "map"), .policy = req_query(r, "policy"), .list = req_query(r, "list"),
        .file = req_query(r, "file"),
    };
    if (!is_csv(r))
        FAIL(r->ctx, MEDIA_TYPE, "Send the file as text/csv.");
    return import_options_check(r->ctx, options);
}

/* POST .../leads/import/preview, the same query: the file or its first 64 KiB. */
fallible api_import_preview(struct req *r)
{
    struct import_source source;
    struct import_options options;
    struct import_preview p;

    TRY(read_wishes(r, &source, &options));
    TRY(svc_import_preview(r->ctx, &source, &options, &p));
    struct json_out *out = reply_object(r);
    const char delimiter[2] = { p.text.head.delimiter };
    json_name(out, "encoding");
    json_put_string(out, encoding_name(p.encoding));
    json_name(out, "delimiter");
    json_put_string(out, delimiter);
    json_name(out, "header");
    json_put_flag(out, p.text.head.heading);
    json_name(out, "country");
    json_put_string(out, p.text.country);
    json_name(out, "whole");
    json_put_flag(out, p.whole);
    write_columns(out, r->ctx->arena, &p.text.head);
    json_name(out, "rows");
    json_open_array(out);
    for (size_t i = 0; i < p.count; i++)
        write_row(out, &p, &p.row[i]);
    json_close_array(out);
    return reply_object_end(r, 200);
}

/* POST .../leads/import?country=&encoding=&delimiter=&header=&map=&policy=&list=&file= */
fallible api_lead_import(struct req *r)
{
    const char *prefer = req_header(r, "Prefer");
    bool later = prefer && strstr(prefer, "respond-async");
    struct import_source source;
    struct import_options options;
    struct import_job *job;
    struct import import;

    TRY(read_wishes(r, &source, &options));
    TRY(svc_import_start(r->ctx, r->settings, &source, &options, &job));
    r->ctx->deadline_ms = 0;                                    /* the file takes the time it takes */
    TRY(svc_import_wait(r->ctx, job, !later, &import));
    reply_header(r, "Location", "%s", address_of(r, &import));
    if (later)
        reply_header(r, "Preference-Applied", "respond-async");
    return reply_import(r, later ? 202 : 200, &import);
}

/* GET .../leads/imports */
fallible api_import_list(struct req *r)
{
    struct page page;
    struct list rows;

    TRY(req_page(r, &page));
    TRY(imports_list(r->ctx, page.limit, page.after, &rows));
    for (size_t i = 0; i < rows.count; i++) {
        struct import *import = (struct import *)rows.item + i;
        import->refused_url = refused_url(r, import);
    }
    return reply_list(r, &page, &import_shape, &rows);
}

/* GET .../leads/imports/:id */
fallible api_import_get(struct req *r)
{
    struct import import;

    TRY(imports_find(r->ctx, r->id, &import));
    return reply_import(r, 200, &import);
}

static fallible write_refusals(struct req *r, FILE *out, void *unused)
{
    (void)unused;
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

    TRY(imports_find(r->ctx, r->id, &import));
    return csv_reply(r, "refused.csv", write_refusals, NULL);
}
