/*
 * model/dnc.c - see model/dnc.h.
 */
#include "model/dnc.h"

#include "base/str.h"
#include "model/phone.h"

static const char *const scopes[] = { "tenant", "campaign", NULL };

const struct shape dnc_shape = SHAPE(struct dnc, "do-not-call entry",
    FIELD(struct dnc, id, OUT | ALWAYS),
    FIELD(struct dnc, phone, IN | REQUIRED, .longest = 100, .about = "in any usual notation"),
    FIELD(struct dnc, phone_e164, OUT | ALWAYS),
    FIELD(struct dnc, reason, IN | OUT, .longest = 500),
    FIELD(struct dnc, source, OUT | ALWAYS),
    FIELD(struct dnc, scope, IN | OUT | ALWAYS, .among = scopes),
    FIELD(struct dnc, campaign_id, IN | OUT, .about = "with scope campaign"),
    FIELD(struct dnc, created_at, OUT | ALWAYS),
    FIELD(struct dnc, is_new, 0));

fallible dnc_check(struct ctx *ctx, const char *country, struct dnc *d)
{
    struct err *found = NULL;
    struct e164 number;

    if (!d->scope)
        d->scope = uuid_is_none(d->campaign_id) ? "tenant" : "campaign";
    enum phone_verdict verdict = phone_normalize(d->phone, country, &number);
    if (verdict != PHONE_OK)
        found = err_field(ctx->arena, found, "phone", phone_verdict_code(verdict), "%s Write it in E.164 format, e.g. +12125551234.",
                          phone_verdict_message(verdict));
    if (str_equal(d->scope, "campaign") && uuid_is_none(d->campaign_id))
        found = err_field(ctx->arena, found, "campaign_id", "required", "Scope campaign needs a campaign_id");
    if (str_equal(d->scope, "tenant") && !uuid_is_none(d->campaign_id))
        found = err_field(ctx->arena, found, "campaign_id", "conflict", "With a campaign_id the scope is campaign");
    d->phone_e164 = verdict == PHONE_OK ? arena_text(ctx->arena, number.digits) : NULL;
    return found;
}
