/*
 * web/api_dnc.c - the do-not-call list over HTTP.
 */
#include "base/str.h"
#include "model/phone.h"
#include "service/dnc.h"
#include "store/leads.h"
#include "web/api.h"

/* GET .../dnc?phone= */
fallible api_dnc_list(struct req *r)
{
    const char *phone = req_query(r, "phone"), *country;
    struct e164 number = { "" };
    struct page page;
    struct list rows;

    TRY(req_page(r, &page));
    if (phone) {
        TRY(leads_country(r->ctx, &country));
        enum phone_verdict verdict = phone_normalize(phone, country, &number);
        if (verdict != PHONE_OK)
            FAIL_FIELD(r->ctx, "phone", phone_verdict_code(verdict), "%s", phone_verdict_message(verdict));
    }
    TRY(dnc_list(r->ctx, phone ? number.digits : NULL, page.limit, page.after, &rows));
    return reply_list(r, &page, &dnc_shape, &rows);
}

/* POST .../dnc: 201 when it is new, 200 with the row that is there. */
fallible api_dnc_add(struct req *r)
{
    struct dnc d = { 0 };

    TRY(req_create(r, &dnc_shape, &d));
    TRY(svc_dnc_add(r->ctx, "api", &d));
    if (d.is_new)
        reply_header(r, "Location", "%s/%s", r->path, uuid_text(r->ctx->arena, d.id));
    return reply_json(r, d.is_new ? 201 : 200, &dnc_shape, &d);
}

/* GET .../dnc/:id */
fallible api_dnc_get(struct req *r)
{
    struct dnc d;

    TRY(dnc_find(r->ctx, r->id, &d));
    return reply_json(r, 200, &dnc_shape, &d);
}

/* DELETE .../dnc/:id */
fallible api_dnc_remove(struct req *r)
{
    struct dnc d;

    TRY(dnc_find(r->ctx, r->id, &d));
    TRY(req_if_match(r, &dnc_shape, &d));
    TRY(dnc_remove(r->ctx, r->id));
    return reply_empty(r, 204);
}
