/*
 * web/api_campaigns.c - campaigns over HTTP.
 */
#include "base/str.h"
#include "model/lead.h"
#include "service/campaigns.h"
#include "store/lists.h"
#include "web/api.h"
#include "web/schemas.h"
#include "web/lead_ids.h"

/* Members that only this layer can know: addresses. */
static void complete(struct req *r, struct campaign *c)
{
    struct arena *a = r->ctx->arena;

    c->leads = arena_printf(a, "{\"count\":%lld,\"url\":\"/api/v1/tenants/%s/campaigns/%s/leads\"}", (long long)c->leads_count,
                            uuid_text(a, r->ctx->tenant), uuid_text(a, c->id));
}

static fallible reply_campaign(struct req *r, int status, struct campaign *c)
{
    complete(r, c);
    return reply_json(r, status, &campaign_shape, c);
}

/* GET .../campaigns */
fallible api_campaign_list(struct req *r)
{
    struct page page;
    struct list rows;

    TRY(req_page(r, &page));
    TRY(campaigns_list(r->ctx, page.limit, page.after, &rows));
    for (size_t i = 0; i < rows.count; i++)
        complete(r, (struct campaign *)rows.item + i);
    return reply_list(r, &page, &campaign_shape, &rows);
}

/* POST .../campaigns */
fallible api_campaign_create(struct req *r)
{
    struct campaign_house house;

    TRY(campaigns_house(r->ctx, &house));
    struct campaign c = campaign_preset(&house);
    TRY(req_create(r, &campaign_shape, &c));
    TRY(svc_campaign_create(r->ctx, &house, &c));
    reply_header(r, "Location", "%s/%s", r->path, uuid_text(r->ctx->arena, c.id));
    return reply_campaign(r, 201, &c);
}

/* GET .../campaigns/:id */
fallible api_campaign_get(struct req *r)
{
    struct campaign c;

    TRY(campaigns_find(r->ctx, r->id, &c));
    return reply_campaign(r, 200, &c);
}

/* PUT and PATCH .../campaigns/:id; absent members stay. */
fallible api_campaign_update(struct req *r)
{
    struct campaign_house house;
    struct campaign before, c;

    TRY(campaigns_find(r->ctx, r->id, &before));
    complete(r, &before);
    TRY(req_if_match(r, &campaign_shape, &before));
    TRY(campaigns_house(r->ctx, &house));
    c = before;
    TRY(req_update(r, &campaign_shape, &c));
    TRY(svc_campaign_save(r->ctx, &house, &before, &c));
    return reply_campaign(r, 200, &c);
}

/* DELETE .../campaigns/:id */
fallible api_campaign_delete(struct req *r)
{
    struct campaign c;

    TRY(campaigns_find(r->ctx, r->id, &c));
    complete(r, &c);
    TRY(req_if_match(r, &campaign_shape, &c));
    TRY(svc_campaign_delete(r->ctx, r->id));
    return reply_empty(r, 204);
}

/* POST .../campaigns/:id/start and /resume */
fallible api_campaign_start(struct req *r)
{
    struct campaign c;

    TRY(svc_campaign_start(r->ctx, r->settings, r->id, &c));
    return reply_campaign(r, 200, &c);
}

/* POST .../campaigns/:id/pause */
fallible api_campaign_pause(struct req *r)
{
    struct campaign c;

    TRY(svc_campaign_hold(r->ctx, r->id, "paused", &c));
    return reply_campaign(r, 200, &c);
}

/* POST .../campaigns/:id/stop */
fallible api_campaign_stop(struct req *r)
{
    struct campaign c;

    TRY(svc_campaign_hold(r->ctx, r->id, "stopped", &c));
    return reply_campaign(r, 200, &c);
}

/* GET .../campaigns/:id/progress */
fallible api_campaign_progress(struct req *r)
{
    struct progress progress;

    TRY(campaigns_progress(r->ctx, r->id, &progress));
    return reply_json(r, 200, &progress_shape, &progress);
}

/* GET .../campaigns/:id/pacing */
fallible api_campaign_pacing(struct req *r)
{
    struct pacing pacing;

    TRY(campaigns_pacing(r->ctx, r->id, &pacing));
    return reply_json(r, 200, &pacing_shape, &pacing);
}

struct recycle { const char *outcomes; bool reset; };

const struct shape recycle_shape = SHAPE(struct recycle, "choice of leads",
    FIELD_LIST(struct recycle, outcomes, IN, .longest = 40, .about = "how they ended: busy, no_answer, failed, machine, ..., or why they were skipped"),
    FIELD(struct recycle, reset, IN, .about = "true: everybody who is not being called"));

/* POST .../campaigns/:id/recycle {outcomes} or {reset: true} */
fallible api_campaign_recycle(struct req *r)
{
    struct recycle body = { 0 };
    const struct json *object;
    int64_t recycled;

    TRY(req_create(r, &recycle_shape, &body));
    TRY(req_object(r, &object));
    const struct json *list = json_get(object, "outcomes");
    size_t count = json_length(list);
    if (body.reset ? list != NULL : count == 0)
        FAIL_FIELD(r->ctx, "outcomes", "required", "Name the outcomes whose leads are called again, or say reset alone for all");
    const char **outcomes = arena_array(r->ctx->arena, count + 1, sizeof *outcomes);
    for (size_t i = 0; i < count; i++)
        outcomes[i] = json_string(json_at(list, i));
    TRY(svc_campaign_recycle(r->ctx, r->id, body.reset ? NULL : outcomes, count, &recycled));
    struct json_out *out = reply_object(r);
    json_name(out, "recycled");
    json_put_integer(out, recycled);
    return reply_object_end(r, 200);
}

/* GET .../campaigns/:id/leads?state= */
fallible api_campaign_leads(struct req *r)
{
    const char *state = req_query(r, "state");
    struct campaign c;
    struct page page;
    struct list rows;
    bool good = !state;

    for (const char *const *s = campaign_lead_states; *s; s++)
        good = good || str_equal(*s, state);
    if (!good)
        FAIL_FIELD(r->ctx, "state", "not_one_of", "state is one of waiting, calling, done, failed, skipped and withdrawn");
    TRY(req_page(r, &page));
    TRY(campaigns_find(r->ctx, r->id, &c));
    TRY(campaigns_leads(r->ctx, r->id, page.limit, page.after, state, &rows));
    return reply_list(r, &page, &campaign_lead_shape, &rows);
}

const struct shape campaign_leads_shape = SHAPE(struct lead_ids, "leads of a campaign",
    FIELD_LIST(struct lead_ids, lead_ids, IN, .longest = LEAD_EXTERNAL_LONGEST),
    FIELD(struct lead_ids, list, IN, .longest = 200, .about = "name or id of a list, all of whose leads are meant"));

/* POST .../campaigns/:id/leads {lead_ids} or {list} */
fallible api_campaign_add_leads(struct req *r)
{
    struct lead_ids body = { 0 };
    struct campaign c;
    struct uuid list;
    const char **ids;
    size_t count;
    int64_t added, leads;

    TRY(req_create(r, &campaign_leads_shape, &body));
    if (!body.lead_ids == !body.list)
        FAIL_FIELD(r->ctx, "lead_ids", "required", "Give either lead_ids or list");
    if (body.list) {
        TRY(campaigns_find(r->ctx, r->id, &c));
        TRY(lists_resolve(r->ctx, body.list, &list));
        r->ctx->deadline_ms = 0;                                /* it takes the time it takes, a page of the list at a time */
        TRY(lists_give(r->ctx, list, r->id, &added, &leads));
        return lead_ids_reply(r, added, leads);
    }
    TRY(lead_ids_read(r, &ids, &count));
    TRY(svc_campaign_add_leads(r->ctx, r->id, ids, count, &added));
    return lead_ids_reply(r, added, (int64_t)count);
}
