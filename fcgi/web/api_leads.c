/*
 * web/api_leads.c - leads over HTTP.  Importing them is api_imports.c's.
 *
 * An external_id is accepted wherever a lead id is.
 */

#include "base/str.h"
#include "model/call.h"
#include "model/phone.h"
#include "service/leads.h"
#include "store/calls_read.h"
#include "store/lists.h"
#include "web/api.h"
#include "web/csv_reply.h"

static fallible read_filter(struct req *r, struct lead_filter *out)
{
    const char *search = req_query(r, "search"), *phone = req_query(r, "phone"), *campaign = req_query(r, "campaign_id"), *list = req_query(r, "list"),
               *country;
    struct e164 number;

    *out = (struct lead_filter){ 0 };
    if ((search != NULL) + (phone != NULL) + (campaign != NULL) + (list != NULL) > 1)
        FAIL_FIELD(r->ctx, "search", "conflict", "Give one of search, phone, campaign_id and list at a time");
    if (search && !str_blank(search)) {
        if (utf8_count(search) > 200)
            FAIL_FIELD(r->ctx, "search", "too_long", "search may have at most 200 characters");
        out->search = search;
    }
    if (campaign && !uuid_parse(campaign, &out->campaign))
        FAIL_FIELD(r->ctx, "campaign_id", "malformed", "campaign_id must be a UUID of 36 characters");
    if (list)
        TRY(lists_resolve(r->ctx, list, &out->list));
    if (phone) {
        TRY(leads_country(r->ctx, &country));
        enum phone_verdict verdict = phone_normalize(phone, country, &number);
        if (verdict != PHONE_OK)
            FAIL_FIELD(r->ctx, "phone", phone_verdict_code(verdict), "%s", phone_verdict_message(verdict));
        out->phone_e164 = arena_text(r->ctx->arena, number.digits);
    }
    return NULL;
}

/* GET .../leads?search=|phone=|campaign_id=|list= */
fallible api_lead_list(struct req *r)
{
    struct lead_filter filter;
    struct page page;
    struct list rows;

    TRY(req_page(r, &page));
    TRY(read_filter(r, &filter));
    TRY(leads_list(r->ctx, &filter, page.limit, page.after, &rows));
    return reply_list(r, &page, &lead_shape, &rows);
}

/* POST .../leads */
fallible api_lead_create(struct req *r)
{
    struct lead l = { .custom = "{}", .phones = "[]" };

    TRY(req_create(r, &lead_shape, &l));
    TRY(svc_lead_create(r->ctx, &l));
    reply_header(r, "Location", "%s/%s", r->path, uuid_text(r->ctx->arena, l.id));
    return reply_json(r, 201, &lead_shape, &l);
}

/* GET .../leads/:id */
fallible api_lead_get(struct req *r)
{
    struct lead l;

    TRY(leads_find(r->ctx, r->id_text, &l));
    return reply_json(r, 200, &lead_shape, &l);
}

/* PUT and PATCH .../leads/:id; absent members stay. */
fallible api_lead_update(struct req *r)
{
    struct lead l;

    TRY(leads_find(r->ctx, r->id_text, &l));
    TRY(req_if_match(r, &lead_shape, &l));
    const char *phone = l.phone, *phones = l.phones;
    TRY(req_update(r, &lead_shape, &l));
    l.phones_stay = l.phones == phones;
    if (l.phone == phone && !l.phone_e164)
        l.allow_invalid = true;                                 /* it was let in so, and is not what this request changes */
    TRY(svc_lead_save(r->ctx, &l));
    return reply_json(r, 200, &lead_shape, &l);
}

/* DELETE .../leads/:id */
fallible api_lead_delete(struct req *r)
{
    struct lead l;

    TRY(leads_find(r->ctx, r->id_text, &l));
    TRY(req_if_match(r, &lead_shape, &l));
    TRY(svc_lead_delete(r->ctx, l.id));
    return reply_empty(r, 204);
}

/* GET .../leads/:id/history: its calls, newest first. */
fallible api_lead_history(struct req *r)
{
    struct lead l;
    struct page page;
    struct list rows;

    TRY(req_page(r, &page));
    TRY(leads_find(r->ctx, r->id_text, &l));
    TRY(calls_list(r->ctx, &(struct call_filter){ .lead = l.id }, page.limit, page.after, &rows));
    return reply_list(r, &page, &call_shape, &rows);
}

static fallible write_leads(struct req *r, FILE *out, void *export)
{
    return svc_leads_export_write(r->ctx, export, out);
}

/* GET .../leads/export, of what the list would show */
fallible api_lead_export(struct req *r)
{
    struct leads_export *export = ARENA_NEW(r->ctx->arena, struct leads_export);

    TRY(read_filter(r, &export->filter));
    TRY(svc_leads_export_open(r->ctx, export));
    return csv_reply(r, "leads.csv", write_leads, export);
}
