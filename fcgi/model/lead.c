/*
 * model/lead.c - see model/lead.h.
 */
#include "model/lead.h"

#include "base/str.h"
#include "model/phone.h"

const struct shape lead_shape = SHAPE(struct lead, "lead",
    FIELD(struct lead, id, OUT | ALWAYS),
    FIELD(struct lead, external_id, IN | OUT, .longest = LEAD_EXTERNAL_LONGEST, .about = "your own key; accepted wherever a lead id is"),
    FIELD(struct lead, name, IN | OUT | REQUIRED, .longest = LEAD_NAME_LONGEST),
    FIELD(struct lead, category, IN | OUT, .longest = LEAD_NAME_LONGEST),
    FIELD(struct lead, phone, IN | OUT | REQUIRED, .longest = LEAD_PHONE_LONGEST, .about = "in any usual notation"),
    FIELD(struct lead, phone_e164, OUT),
    FIELD(struct lead, original_phone, OUT | ALWAYS),
    FIELD_JSON(struct lead, custom, IN | OUT | ALWAYS, .longest = 16 << 10),
    FIELD(struct lead, allow_invalid, IN, .about = "keep a number that does not normalise; it is refused when called"),
    FIELD(struct lead, created_at, OUT | ALWAYS),
    FIELD(struct lead, updated_at, OUT | ALWAYS));

#define LEAD_MEMBER(member) \
    { .name = #member, .column = #member, .offset = offsetof(struct campaign_lead, lead.member), .kind = FIELD_KIND_OF(struct lead, member), .flags = OUT }

const struct shape campaign_lead_shape = SHAPE(struct campaign_lead, "lead",
    LEAD_MEMBER(id),
    LEAD_MEMBER(external_id),
    LEAD_MEMBER(name),
    LEAD_MEMBER(category),
    LEAD_MEMBER(phone),
    LEAD_MEMBER(phone_e164),
    LEAD_MEMBER(original_phone),
    { .name = "custom", .column = "custom", .offset = offsetof(struct campaign_lead, lead.custom), .kind = FIELD_RAW_JSON, .flags = OUT },
    FIELD(struct campaign_lead, state, OUT | ALWAYS, .among = campaign_lead_states),
    FIELD(struct campaign_lead, attempts, OUT),
    FIELD(struct campaign_lead, last_outcome, OUT),
    FIELD(struct campaign_lead, reason, OUT),
    FIELD(struct campaign_lead, due_at, OUT),
    FIELD(struct campaign_lead, position, OUT),
    LEAD_MEMBER(created_at),
    LEAD_MEMBER(updated_at));

const char *const campaign_lead_states[] = { "waiting", "calling", "done", "failed", "skipped", "withdrawn", NULL };

fallible lead_check(struct ctx *ctx, const char *country, struct lead *l)
{
    struct err *found = NULL;
    struct e164 number;

    if (str_blank(l->name))
        found = err_field(ctx->arena, found, "name", "required", "A lead needs a name");
    if (l->external_id && str_blank(l->external_id))
        found = err_field(ctx->arena, found, "external_id", "malformed", "external_id may not be empty; leave it out instead");
    if (!l->custom)
        l->custom = "{}";
    enum phone_verdict verdict = phone_normalize(l->phone, country, &number);
    if (verdict != PHONE_OK && !l->allow_invalid)
        found = err_field(ctx->arena, found, "phone", phone_verdict_code(verdict), "%s Write it in E.164 format, e.g. +12125551234.",
                          phone_verdict_message(verdict));
    l->phone_e164 = verdict == PHONE_OK ? arena_text(ctx->arena, number.digits) : NULL;
    l->original_phone = l->phone;
    return found;
}
