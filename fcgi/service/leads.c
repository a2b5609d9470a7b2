/*
 * service/leads.c - see service/leads.h.
 */
#include "service/leads.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "model/csv.h"

#define EXPORT_PAGE 1000

fallible svc_lead_create(struct ctx *ctx, struct lead *l)
{
    const char *country;

    TRY(leads_country(ctx, &country));
    TRY(lead_check(ctx, country, l));
    return leads_insert(ctx, l);
}

fallible svc_lead_save(struct ctx *ctx, struct lead *l)
{
    const char *country;
    struct lead now;
    TX tx = { 0 };

    TRY(leads_country(ctx, &country));
    TRY(lead_check(ctx, country, l));
    TRY(tx_begin(ctx, &tx));
    TRY(leads_lock(ctx, l->id));
    TRY(leads_find(ctx, uuid_text(ctx->arena, l->id), &now));
    if (now.updated_at.us != l->updated_at.us)
        FAIL_CODE(ctx, CONFLICT, "changed_meanwhile", "Somebody else has changed this lead at the same moment. Read it again and repeat the change.");
    TRY(leads_update(ctx, l));
    return tx_commit(&tx);
}

fallible svc_lead_delete(struct ctx *ctx, struct uuid id)
{
    return leads_delete(ctx, id);
}

/* ---- export ---- */

static const char *const fixed[] = { "id", "external_id", "name", "phone", "category" };
static const char *const closing[] = { "original_phone", "created_at" };

static void write_head(FILE *out, const char *const *names, size_t count)
{
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        csv_write_cell(out, i == 0, fixed[i]);
    for (size_t i = 0; i < count; i++)
        csv_write_cell(out, false, names[i]);
    for (size_t i = 0; i < sizeof closing / sizeof *closing; i++)
        csv_write_cell(out, false, closing[i]);
    csv_end_line(out);
}

static fallible write_row(struct ctx *ctx, FILE *out, const struct rows *rows, size_t i, size_t extras)
{
    const struct json *values = NULL;
    const char *text = row_text(rows, i, "extras");

    if (text)
        TRY(json_read(ctx->arena, text, strlen(text), &values));
    for (size_t c = 0; c < sizeof fixed / sizeof *fixed; c++)
        csv_write_cell(out, c == 0, row_text(rows, i, fixed[c]));
    for (size_t c = 0; c < extras; c++)
        csv_write_cell(out, false, json_string(json_at(values, c)));
    for (size_t c = 0; c < sizeof closing / sizeof *closing; c++)
        csv_write_cell(out, false, row_text(rows, i, closing[c]));
    csv_end_line(out);
    return NULL;
}

static fallible write_page(struct ctx *ctx, FILE *out, const char *const *names, size_t extras, struct uuid *after, int64_t *count, bool *more)
{
    struct rows rows;

    TRY(db_rows(ctx, SQL_LEAD_EXPORT, &rows, P(EXPORT_PAGE, *after, param_array(names, extras))));
    for (size_t i = 0; i < rows.count; i++)
        TRY(write_row(ctx, out, &rows, i, extras));
    *more = rows.count == EXPORT_PAGE;
    *count += (int64_t)rows.count;
    if (rows.count)
        *after = row_uuid(&rows, rows.count - 1, "id");
    return NULL;
}

/* Pages in memory of their own: an export is as long as it is. */
static fallible write_pages(struct ctx *ctx, FILE *out, const char *const *names, size_t extras, int64_t *count)
{
    struct arena *mine = arena_create((size_t)64 << 20);
    struct uuid after = { 0 };
    struct err *err = NULL;

    for (bool more = true; more && !err;) {
        struct ctx page = *ctx;
        page.arena = mine;
        page.deadline_ms = 0;
        struct err *wrong = write_page(&page, out, names, extras, &after, count, &more);
        if (wrong)
            err = err_make(ctx->arena, __FILE__, __LINE__, wrong->kind, arena_text(ctx->arena, wrong->code), NULL, "%s", wrong->message);
        ctx->round_trips = page.round_trips;
        arena_reset(mine);
    }
    arena_destroy(mine);
    return err;
}

fallible svc_leads_export(struct ctx *ctx, int fd, int64_t *count)
{
    struct rows extras;
    FILE *out = fdopen(dup(fd), "w");

    *count = 0;
    if (!out)
        FAIL(ctx, INTERNAL, "cannot write the export: %s", strerror(errno));
    struct err *err = db_rows(ctx, SQL_LEAD_CUSTOM_NAMES, &extras, NO_PARAMS);
    if (!err) {
        write_head(out, extras.cell, extras.count);
        err = write_pages(ctx, out, extras.cell, extras.count, count);
    }
    if (fclose(out) && !err)
        FAIL(ctx, INTERNAL, "cannot write the export: %s", strerror(errno));
    return err;
}
