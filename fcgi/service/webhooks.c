/*
 * service/webhooks.c - see service/webhooks.h.
 */
#include "service/webhooks.h"

#include <string.h>

#include "base/secret.h"
#include "base/str.h"
#include "model/call.h"
#include "model/campaign.h"
#include "model/dnc.h"
#include "service/imports.h"
#include "store/webhooks.h"

enum { LONGEST_MESSAGE = 256 << 10 };

struct networks webhook_beyond(struct arena *arena, const struct settings *settings)
{
    struct networks beyond = { 0 };
    const char *wrong;
    (void)networks_parse(arena, settings->webhook_allow, &beyond, &wrong);
    return beyond;
}

static fallible make_secret(struct ctx *ctx, const char **secret, const char **sealed)
{
    *secret = webhook_secret_make(ctx->arena);
    *sealed = secret_seal(ctx->arena, ctx->tenant, WEBHOOK_SECRET, *secret);
    if (!*sealed)
        FAIL_CODE(ctx, UNAVAILABLE, "not_configured", "Secrets cannot be sealed: the operator has to set OUTDIAL_MASTER_KEY.");
    return NULL;
}

fallible svc_webhook_add(struct ctx *ctx, const struct settings *settings, struct webhook_endpoint *e, const char **secret)
{
    struct networks beyond = webhook_beyond(ctx->arena, settings);
    const char *sealed;

    TRY(webhook_check(ctx, &beyond, e));
    TRY(make_secret(ctx, secret, &sealed));
    return webhooks_add(ctx, e, sealed);
}

fallible svc_webhook_change(struct ctx *ctx, const struct settings *settings, struct webhook_endpoint *e)
{
    struct networks beyond = webhook_beyond(ctx->arena, settings);

    TRY(webhook_check(ctx, &beyond, e));
    return webhooks_save(ctx, e);
}

fallible svc_webhook_rotate(struct ctx *ctx, struct webhook_endpoint *e, const char **secret)
{
    const char *sealed;

    TRY(make_secret(ctx, secret, &sealed));
    return webhooks_rotate(ctx, e, sealed);
}

/* Whose shape an event's data has: NULL, the row itself is shown. */
static const struct shape *shape_of(const char *type)
{
    return str_starts(type, "call.") ? &call_shape : str_starts(type, "campaign.") ? &campaign_shape
           : str_starts(type, "import.") ? &import_shape : str_equal(type, WEBHOOK_TEST) ? NULL : &dnc_shape;
}

static void put_data(struct ctx *ctx, struct json_out *out, const char *type, const struct json *row)
{
    const struct shape *shape = shape_of(type);

    if (!shape) {
        json_put_raw(out, json_text(ctx->arena, row));
        return;
    }
    void *object = arena_alloc(ctx->arena, shape->size);
    shape_set_row(ctx->arena, shape, row, object);
    json_open_object(out);
    shape_write_members(out, shape, object);
    if (str_equal(type, "lead.opted_out")) {
        json_name(out, "lead_id");
        json_put_string(out, json_string(json_get(row, "lead_id")));
        json_name(out, "call_id");
        json_put_string(out, json_string(json_get(row, "call_id")));
    }
    json_close_object(out);
}

fallible webhook_message(struct ctx *ctx, const char *type, struct utc at, int64_t sequence, const char *row, const char **out)
{
    struct json_out body = json_out_make(ctx->arena, LONGEST_MESSAGE);
    const struct json *parsed;

    TRY(json_read(ctx->arena, row, strlen(row), &parsed));
    json_open_object(&body);
    json_name(&body, "type");
    json_put_string(&body, type);
    json_name(&body, "timestamp");
    json_put_string(&body, utc_text(ctx->arena, at));
    json_name(&body, "sequence");
    json_put_integer(&body, sequence);
    json_name(&body, "data");
    put_data(ctx, &body, type, parsed);
    json_close_object(&body);
    if (str_broken(&body.str))
        FAIL(ctx, INTERNAL, "a webhook's message is too large");
    *out = body.str.text;
    return NULL;
}
