/*
 * service/leads.c - see service/leads.h.
 */
#include "service/leads.h"

#include <string.h>

#include "base/json.h"
#include "model/csv.h"

#define EXPORT_PAGE   2000
#define EXPORT_MEMORY ((size_t)128 << 20)                       /* at most, of a page with the largest values */

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

static void write_head(const struct leads_export *e, FILE *out)
{
    fputs("id,external_id,name,phone", out);
    for (size_t i = 0; i < e->phones; i++)
        fprintf(out, ",phone%zu,phone%zu_label", i + 2, i + 2);
    csv_write_cell(out, false, "category");
    for (size_t i = 0; i < e->extras; i++)
        csv_write_cell(out, false, e->extra[i]);
    fputs(",original_phone,created_at", out);
    csv_end_line(out);
}

static fallible write_phones(struct ctx *ctx, const struct leads_export *e, FILE *out, const char *phones)
{
    const struct json *list = NULL;

    if (strlen(phones) > 2)
        TRY(json_read(ctx->arena, phones, strlen(phones), &list));
    for (size_t i = 0; i < e->phones; i++) {
        const struct json *phone = i < json_length(list) ? json_at(list, i) : NULL;
        csv_write_cell(out, false, json_string(json_get(phone, "phone_e164")));
        csv_write_cell(out, false, json_string(json_get(phone, "label")));
    }
    return NULL;
}

/* Values that are no text as JSON has them. */
static fallible write_extras(struct ctx *ctx, const struct leads_export *e, FILE *out, const char *custom)
{
    const struct json *values = NULL;

    if (strlen(custom) > 2)
        TRY(json_read(ctx->arena, custom, strlen(custom), &values));
    for (size_t i = 0; i < e->extras; i++) {
        const struct json *value = json_get(values, e->extra[i]);
        bool text = json_type_of(value) == JSON_STRING || json_type_of(value) == JSON_NULL;
        csv_write_cell(out, false, text ? json_string(value) : json_text(ctx->arena, value));
    }
    return NULL;
}

static fallible write_lead(struct ctx *ctx, const struct leads_export *e, FILE *out, const struct lead *l)
{
    csv_write_cell(out, true, uuid_text(ctx->arena, l->id));
    csv_write_cell(out, false, l->external_id);
    csv_write_cell(out, false, l->name);
    csv_write_cell(out, false, l->phone_e164 ? l->phone_e164 : l->original_phone);
    TRY(write_phones(ctx, e, out, l->phones));
    csv_write_cell(out, false, l->category);
    TRY(write_extras(ctx, e, out, l->custom));
    csv_write_cell(out, false, l->original_phone);
    csv_write_cell(out, false, utc_text(ctx->arena, l->created_at));
    csv_end_line(out);
    return NULL;
}

/* The database's connection goes back before anything is sent: whoever reads slowly keeps nobody else waiting. */
static fallible write_page(struct ctx *ctx, struct leads_export *e, FILE *out, struct uuid *after, bool *more)
{
    struct list rows;

    TRY(leads_list(ctx, &e->filter, EXPORT_PAGE, *after, &rows));
    db_rest(ctx->db);
    *more = rows.count > EXPORT_PAGE;
    for (size_t i = 0; i < rows.count && i < EXPORT_PAGE; i++) {
        const struct lead *l = (const struct lead *)rows.item + i;
        TRY(write_lead(ctx, e, out, l));
        *after = l->id;
        e->count++;
    }
    return NULL;
}

fallible svc_leads_export_open(struct ctx *ctx, struct leads_export *e)
{
    struct rows extras, most;

    TRY(db_rows(ctx, SQL_LEAD_CUSTOM_NAMES, &extras, NO_PARAMS));
    TRY(db_rows(ctx, SQL_LEAD_MOST_PHONES, &most, NO_PARAMS));
    e->extra = extras.cell;
    e->extras = extras.count;
    e->phones = (size_t)row_int(&most, 0, "most") - 1;
    return NULL;
}

fallible svc_leads_export_write(struct ctx *ctx, struct leads_export *e, FILE *out)
{
    struct arena *mine = arena_create(EXPORT_MEMORY);
    struct uuid after = { 0 };
    struct err *err = NULL;

    write_head(e, out);
    for (bool more = true; more && !err && !ferror(out);) {
        struct ctx page = *ctx;
        page.arena = mine;
        struct err *wrong = write_page(&page, e, out, &after, &more);
        if (wrong)
            err = err_make(ctx->arena, __FILE__, __LINE__, wrong->kind, arena_text(ctx->arena, wrong->code), NULL, "%s", wrong->message);
        ctx->round_trips = page.round_trips;
        arena_reset(mine);
        if (e->told)
            e->told(e->count, e->told_data);
    }
    arena_destroy(mine);
    return err;
}
