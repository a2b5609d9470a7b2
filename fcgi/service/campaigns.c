/*
 * service/campaigns.c - see service/campaigns.h.
 */
#include "service/campaigns.h"

#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "service/runs.h"
#include "store/leads.h"

#define LONGEST_TEXT 3000                                       /* characters of one script */

fallible svc_campaign_create(struct ctx *ctx, const struct campaign_house *house, struct campaign *c)
{
    TX tx = { 0 };

    TRY(campaign_check(ctx, house, NULL, c));
    c->id = uuid_make();
    TRY(tx_begin(ctx, &tx));
    TRY(campaigns_insert(ctx, c));
    TRY(campaigns_find(ctx, c->id, c));
    return tx_commit(&tx);
}

fallible svc_campaign_save(struct ctx *ctx, const struct campaign_house *house, const struct campaign *before, struct campaign *c)
{
    struct campaign now;
    TX tx = { 0 };

    TRY(campaign_check(ctx, house, before, c));
    TRY(tx_begin(ctx, &tx));
    TRY(campaigns_lock(ctx, before->id));
    TRY(campaigns_find(ctx, before->id, &now));
    if (now.updated_at.us != before->updated_at.us)
        FAIL_CODE(ctx, CONFLICT, "changed_meanwhile", "Somebody else has changed this campaign at the same moment. Read it again and repeat the change.");
    TRY(campaigns_update(ctx, c));
    TRY(campaigns_find(ctx, before->id, c));
    return tx_commit(&tx);
}

fallible svc_campaign_delete(struct ctx *ctx, struct uuid id)
{
    struct campaign c;
    bool gone;

    TRY(campaigns_find(ctx, id, &c));
    TRY(campaigns_delete(ctx, id, &gone));
    if (!gone)
        FAIL(ctx, CONFLICT, "A campaign that runs or has open calls cannot be deleted. Stop it and wait for its calls to end.");
    return NULL;
}

fallible svc_campaign_start(struct ctx *ctx, const struct settings *settings, struct uuid id, struct campaign *out)
{
    TRY(campaigns_find(ctx, id, out));
    if (!str_equal(out->agent_kind, "keypad"))
        FAIL_CODE(ctx, INVALID, "unsupported_agent_kind", "Campaigns of agent kind \"%s\" cannot be started yet; use \"keypad\".", out->agent_kind);
    TRY(svc_run_resume(ctx, settings, id, -1));
    log_info(ctx, "campaign.started", KV("campaign", uuid_text(ctx->arena, id)));
    return campaigns_find(ctx, id, out);
}

fallible svc_campaign_hold(struct ctx *ctx, struct uuid id, const char *state, struct campaign *out)
{
    TRY(campaigns_find(ctx, id, out));
    if (str_equal(out->state, "draft") || str_equal(out->state, "done"))
        FAIL(ctx, CONFLICT, "A %s campaign cannot be %s; only one that was started can.", out->state, state);
    TRY(svc_run_hold(ctx, id, state));
    log_info(ctx, "campaign.held", KV("campaign", uuid_text(ctx->arena, id)), KV("state", state));
    return campaigns_find(ctx, id, out);
}

fallible svc_campaign_add_leads(struct ctx *ctx, struct uuid id, const char *const *lead_ids, size_t count, int64_t *added)
{
    TX tx = { 0 };
    struct err *found = NULL;
    const char **ids = arena_array(ctx->arena, count + 1, sizeof *ids);

    TRY(tx_begin(ctx, &tx));
    TRY(campaigns_lock(ctx, id));
    TRY(leads_resolve(ctx, lead_ids, count, ids));
    for (size_t i = 0; i < count; i++)
        if (!ids[i])
            found = err_field(ctx->arena, found, arena_printf(ctx->arena, "lead_ids[%zu]", i), "not_found", "There is no lead with this id or external_id.");
    if (found)
        return found;
    TRY(campaigns_add_leads(ctx, id, ids, count, added));
    return tx_commit(&tx);
}

fallible svc_campaign_recycle(struct ctx *ctx, struct uuid id, const char *const *outcome, size_t count, int64_t *recycled)
{
    TRY(campaigns_recycle(ctx, id, outcome, count, recycled));
    log_info(ctx, "campaign.recycled", KV("campaign", uuid_text(ctx->arena, id)), KV("leads", *recycled));
    return NULL;
}

/* ---- texts ---- */

struct put_texts {
    struct ctx *ctx;
    const char *locale;                                         /* of the object being read */
    const char *locales[2 * SCRIPT_PART_COUNT], *parts[2 * SCRIPT_PART_COUNT], *texts[2 * SCRIPT_PART_COUNT];
    size_t      count;
    struct err *found;
};

static bool is_part(const char *name)
{
    for (const char *const *part = script_part_names; *part; part++)
        if (str_equal(*part, name))
            return true;
    return false;
}

static fallible read_part(void *data, const char *name, const struct json *value)
{
    struct put_texts *put = data;
    struct arena *a = put->ctx->arena;
    const char *text = json_string(value), *field = arena_printf(a, "%s.%.40s", put->locale, name);

    if (!is_part(name))
        put->found = err_field(a, put->found, field, "unknown_field", "The parts are greeting, connecting, opted_out, no_input and voicemail");
    else if (json_type_of(value) != JSON_NULL && !text)
        put->found = err_field(a, put->found, field, "wrong_type", "%s must be text, or null for the default text", field);
    else if (text && str_blank(text))
        put->found = err_field(a, put->found, field, "required", "%s may not be empty; null brings the default text back", field);
    else if (text && utf8_count(text) > LONGEST_TEXT)
        put->found = err_field(a, put->found, field, "too_long", "%s may have at most %d characters", field, LONGEST_TEXT);
    else if (text && !utf8_valid_xml(text, strlen(text)))
        put->found = err_field(a, put->found, field, "control_character", "%s holds a character that cannot be spoken", field);
    else {
        put->locales[put->count] = put->locale;
        put->parts[put->count] = name;
        put->texts[put->count++] = text;
    }
    return NULL;
}

static fallible read_locale(void *data, const char *name, const struct json *value)
{
    struct put_texts *put = data;

    if (!str_equal(name, "en") && !str_equal(name, "tr")) {
        put->found = err_field(put->ctx->arena, put->found, arena_printf(put->ctx->arena, "%.40s", name), "unknown_field", "The languages are en and tr");
        return NULL;
    }
    if (json_type_of(value) != JSON_OBJECT) {
        put->found = err_field(put->ctx->arena, put->found, name, "wrong_type", "%s must be an object of parts", name);
        return NULL;
    }
    put->locale = name;
    return json_each(value, read_part, put);
}

fallible svc_campaign_put_texts(struct ctx *ctx, struct uuid id, const struct json *texts)
{
    struct put_texts put = { .ctx = ctx };
    TX tx = { 0 };

    TRY(json_each(texts, read_locale, &put));
    if (put.found)
        return put.found;
    TRY(tx_begin(ctx, &tx));
    TRY(campaigns_lock(ctx, id));
    if (put.count)
        TRY(campaigns_put_texts(ctx, id, put.locales, put.parts, put.texts, put.count));
    return tx_commit(&tx);
}
