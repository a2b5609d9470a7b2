/*
 * model/lead.c - see model/lead.h.
 */
#include "model/lead.h"

#include "base/json.h"
#include "base/str.h"
#include "model/phone.h"

#include <string.h>

const struct shape lead_shape = SHAPE(struct lead, "lead",
    FIELD(struct lead, id, OUT | ALWAYS),
    FIELD(struct lead, external_id, IN | OUT, .longest = LEAD_EXTERNAL_LONGEST, .about = "your own key; accepted wherever a lead id is"),
    FIELD(struct lead, name, IN | OUT | REQUIRED, .longest = LEAD_NAME_LONGEST),
    FIELD(struct lead, category, IN | OUT, .longest = LEAD_NAME_LONGEST),
    FIELD(struct lead, phone, IN | OUT | REQUIRED, .longest = LEAD_PHONE_LONGEST, .about = "in any usual notation"),
    FIELD(struct lead, phone_e164, OUT),
    FIELD(struct lead, original_phone, OUT | ALWAYS),
    FIELD_JSON(struct lead, phones, IN | OUT | ALWAYS, .type = "[LeadPhone]|null", .about = "further numbers, in the order in which they are tried"),
    FIELD_JSON(struct lead, custom, IN | OUT | ALWAYS, .longest = 16 << 10),
    FIELD(struct lead, priority, IN | OUT, .lowest = -100, .highest = 100, .about = "higher goes first in campaigns whose leadOrder is priority"),
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
    LEAD_MEMBER(priority),
    FIELD(struct campaign_lead, state, OUT | ALWAYS, .among = campaign_lead_states),
    FIELD(struct campaign_lead, attempts, OUT),
    FIELD(struct campaign_lead, last_outcome, OUT),
    FIELD(struct campaign_lead, reason, OUT),
    FIELD(struct campaign_lead, due_at, OUT),
    FIELD(struct campaign_lead, position, OUT),
    LEAD_MEMBER(created_at),
    LEAD_MEMBER(updated_at));

const char *const campaign_lead_states[] = { "waiting", "calling", "done", "failed", "skipped", "withdrawn", NULL };

/* ---- further numbers ---- */

struct further { struct ctx *ctx; const char *country; struct err *found; size_t place; struct json_out out; };

static void complain(struct further *f, const char *member, const char *code, const char *sentence)
{
    const char *dot = *member ? "." : "";

    f->found = err_field(f->ctx->arena, f->found, arena_printf(f->ctx->arena, "phones[%zu]%s%s", f->place, dot, member), code, "%s", sentence);
}

static fallible check_member(void *data, const char *name, const struct json *value)
{
    struct further *f = data;

    (void)value;
    if (str_equal(name, "phone_e164"))
        complain(f, name, "read_only", "phone_e164 cannot be set");
    else if (!str_equal(name, "phone") && !str_equal(name, "label"))
        complain(f, name, "unknown_field", "A number has phone and label");
    return NULL;
}

static bool is_text(const struct json *value, size_t longest)
{
    const char *text = json_string(value);

    return text && !str_blank(text) && utf8_count(text) <= longest;
}

static fallible check_further(struct further *f, const struct json *entry)
{
    const struct json *phone = json_get(entry, "phone"), *label = json_get(entry, "label");
    struct e164 number;

    if (json_type_of(entry) != JSON_OBJECT) {
        complain(f, "", "wrong_type", "A number is an object with phone and label");
        return NULL;
    }
    TRY(json_each(entry, check_member, f));
    if (json_type_of(label) != JSON_NULL && !is_text(label, LEAD_LABEL_LONGEST))
        complain(f, "label", "malformed", "A label is text of 1 to 50 characters, or null");
    enum phone_verdict verdict = is_text(phone, LEAD_PHONE_LONGEST) ? phone_normalize(json_string(phone), f->country, &number) : PHONE_NOT_A_NUMBER;
    if (json_type_of(phone) == JSON_NULL)
        complain(f, "phone", "required", "A number needs phone");
    else if (verdict != PHONE_OK)
        complain(f, "phone", phone_verdict_code(verdict), phone_verdict_message(verdict));
    if (f->found)
        return NULL;
    json_open_object(&f->out);
    json_put_member(&f->out, "phone", json_string(phone));
    json_put_member(&f->out, "phone_e164", number.digits);
    json_put_member(&f->out, "label", json_string(label));
    json_close_object(&f->out);
    return NULL;
}

static fallible check_phones(struct ctx *ctx, const char *country, struct lead *l, struct err **found)
{
    struct further f = { .ctx = ctx, .country = country, .found = *found, .out = json_out_make(ctx->arena, (size_t)64 << 10) };
    const struct json *list;

    TRY(json_read(ctx->arena, l->phones, strlen(l->phones), &list));
    if (json_length(list) > LEAD_MOST_PHONES)
        f.found = err_field(ctx->arena, f.found, "phones", "too_long", "A lead may have at most %d further numbers", LEAD_MOST_PHONES);
    json_open_array(&f.out);
    for (; f.place < json_length(list) && f.place < LEAD_MOST_PHONES; f.place++)
        TRY(check_further(&f, json_at(list, f.place)));
    json_close_array(&f.out);
    l->phones = f.out.str.text;
    *found = f.found;
    return NULL;
}

/* ---- the lead ---- */

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
    if (!l->phones)
        l->phones = "[]";
    if (!l->phones_stay)
        TRY(check_phones(ctx, country, l, &found));
    if (l->phone_e164 && str_equal(l->phone, l->original_phone))
        return found;                                           /* what country it was once read with is not known any more */
    enum phone_verdict verdict = phone_normalize(l->phone, country, &number);
    if (verdict != PHONE_OK && !l->allow_invalid)
        found = err_field(ctx->arena, found, "phone", phone_verdict_code(verdict), "%s Write it in E.164 format, e.g. +12125551234.",
                          phone_verdict_message(verdict));
    l->phone_e164 = verdict == PHONE_OK ? arena_text(ctx->arena, number.digits) : NULL;
    l->original_phone = l->phone;
    return found;
}
