/*
 * store/campaigns.c - see store/campaigns.h.
 */
#include "store/campaigns.h"

#include "base/str.h"
#include "model/lead.h"

fallible campaigns_house(struct ctx *ctx, struct campaign_house *out)
{
    *out = (struct campaign_house){ 0 };
    return db_find(ctx, SQL_CAMPAIGN_HOUSE, &campaign_house_shape, out, NO_PARAMS);
}

fallible campaigns_list(struct ctx *ctx, int64_t limit, struct uuid after, struct list *out)
{
    return db_list(ctx, SQL_CAMPAIGN_LIST, &campaign_shape, out, P(limit + 1, after));
}

fallible campaigns_find(struct ctx *ctx, struct uuid id, struct campaign *out)
{
    *out = (struct campaign){ 0 };
    return db_find(ctx, SQL_CAMPAIGN_FIND, &campaign_shape, out, P(id));
}

fallible campaigns_find_named(struct ctx *ctx, const char *id_or_name, struct campaign *out)
{
    struct rows rows;

    TRY(db_rows(ctx, SQL_OPERATOR_CAMPAIGN_FIND, &rows, P(id_or_name)));
    if (rows.count == 0)
        FAIL(ctx, NOT_FOUND, "There is no campaign %s.", id_or_name);
    if (rows.count > 1)
        FAIL(ctx, CONFLICT, "Several campaigns are called %s; name one by its id.", id_or_name);
    return campaigns_find(ctx, row_uuid(&rows, 0, "id"), out);
}

fallible campaigns_lock(struct ctx *ctx, struct uuid id)
{
    struct rows rows;

    TRY(db_rows(ctx, SQL_CAMPAIGN_LOCK, &rows, P(id)));
    if (rows.count == 0)
        FAIL(ctx, NOT_FOUND, "There is nothing at this address.");
    return NULL;
}

static int64_t interval_ms(const struct campaign *c)
{
    return (int64_t)(c->interval_minutes * 60000 + 0.5);
}

fallible campaigns_insert(struct ctx *ctx, const struct campaign *c)
{
    return db_run(ctx, SQL_CAMPAIGN_INSERT, NULL,
                  P(c->id, c->name, c->agent_kind, c->caller_id, c->caller_id_strategy, interval_ms(c), c->max_open_calls, c->calls_per_second,
                    c->opens, c->closes, c->agent_phone, c->agent_name, c->sip_trunk_id, c->assistant_id, c->locale, c->machine_detection,
                    c->machine_detection_timeout_ms, c->wait_for_beep, c->async_machine_detection, c->ring_seconds, c->retries,
                    c->number_daily_cap ? param_int(c->number_daily_cap) : param_text(NULL), c->lead_order, c->lead_mix, c->fresh_per_retry,
                    c->max_attempts, c->retry_days, c->weight, c->breaker, c->budget, c->goal));
}

fallible campaigns_update(struct ctx *ctx, const struct campaign *c)
{
    return db_run(ctx, SQL_CAMPAIGN_UPDATE, NULL,
                  P(c->id, c->name, c->agent_kind, c->caller_id, c->caller_id_strategy, interval_ms(c), c->max_open_calls, c->calls_per_second,
                    c->opens, c->closes, c->agent_phone, c->agent_name, c->sip_trunk_id, c->assistant_id, c->locale, c->machine_detection,
                    c->machine_detection_timeout_ms, c->wait_for_beep, c->async_machine_detection, c->ring_seconds, c->retries,
                    c->number_daily_cap ? param_int(c->number_daily_cap) : param_text(NULL), c->lead_order, c->lead_mix, c->fresh_per_retry,
                    c->max_attempts, c->retry_days, c->weight, c->breaker, c->budget, c->goal));
}

fallible campaigns_delete(struct ctx *ctx, struct uuid id, bool *gone)
{
    struct rows rows;

    TRY(db_rows(ctx, SQL_CAMPAIGN_DELETE, &rows, P(id)));
    *gone = rows.count > 0;
    return NULL;
}

fallible campaigns_progress(struct ctx *ctx, struct uuid campaign, struct progress *out)
{
    *out = (struct progress){ 0 };
    return db_find(ctx, SQL_CAMPAIGN_PROGRESS, &progress_shape, out, P(campaign));
}

fallible campaigns_pacing(struct ctx *ctx, struct uuid campaign, struct pacing *out)
{
    *out = (struct pacing){ 0 };
    return db_find(ctx, SQL_CAMPAIGN_PACING, &pacing_shape, out, P(campaign));
}

fallible campaigns_recycle(struct ctx *ctx, struct uuid campaign, const char *const *outcome, size_t count, int64_t *recycled)
{
    struct rows rows;

    TRY(db_rows(ctx, SQL_CAMPAIGN_RECYCLE, &rows, P(campaign, outcome ? param_array(outcome, count) : param_text(NULL))));
    *recycled = row_int(&rows, 0, "recycled");
    return NULL;
}

fallible campaigns_leads(struct ctx *ctx, struct uuid campaign, int64_t limit, struct uuid after, const char *state, struct list *out)
{
    return db_list(ctx, SQL_CAMPAIGN_LEADS, &campaign_lead_shape, out, P(campaign, limit + 1, after, state));
}

fallible campaigns_add_leads(struct ctx *ctx, struct uuid campaign, const char *const *lead_ids, size_t count, int64_t *added)
{
    struct rows rows;

    TRY(db_rows(ctx, SQL_CAMPAIGN_ADD_LEADS, &rows, P(campaign, param_array(lead_ids, count))));
    *added = row_int(&rows, 0, "added");
    return NULL;
}

fallible campaigns_texts(struct ctx *ctx, struct uuid campaign, struct campaign_texts *out)
{
    struct rows rows;

    *out = (struct campaign_texts){ 0 };
    TRY(db_rows(ctx, SQL_SCRIPT_LIST, &rows, P(campaign)));
    if (rows.count == 0)
        FAIL(ctx, NOT_FOUND, "There is nothing at this address.");
    for (size_t i = 0; i < rows.count; i++) {
        const char **texts = str_equal(row_text(&rows, i, "locale"), "tr") ? out->tr : out->en;
        for (int part = 0; part < SCRIPT_PART_COUNT; part++)
            if (str_equal(row_text(&rows, i, "part"), script_part_names[part]))
                texts[part] = row_text(&rows, i, "text");
    }
    return NULL;
}

fallible campaigns_put_texts(struct ctx *ctx, struct uuid campaign, const char *const *locale, const char *const *part, const char *const *text, size_t count)
{
    return db_run(ctx, SQL_SCRIPT_PUT, NULL, P(campaign, param_array(locale, count), param_array(part, count), param_array(text, count)));
}
