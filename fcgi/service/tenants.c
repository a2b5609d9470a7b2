#include "service/tenants.h"

#include <string.h>

#include "base/secret.h"
#include "base/str.h"
#include "model/phone.h"
#include "model/user.h"
#include "service/users.h"
#include "store/tenants.h"

static fallible to_e164(struct ctx *ctx, const char *field, const char *country, const char **phone)
{
    struct e164 number;

    if (str_blank(*phone)) {
        *phone = NULL;
        return NULL;
    }
    enum phone_verdict verdict = phone_normalize(*phone, country, &number);
    if (verdict != PHONE_OK)
        FAIL_FIELD(ctx, field, phone_verdict_code(verdict), "%s Write it like +12025550123.", phone_verdict_message(verdict));
    *phone = arena_text(ctx->arena, number.digits);
    return NULL;
}

/* Which fields changed; their values are the tenant's own affair. */
static const char *what_changed(struct ctx *ctx, const struct tenant *b, const struct tenant *a)
{
    struct json_out out = json_out_make(ctx->arena, 32 << 10);
    const struct { const char *name; bool changed; } fields[] = {
        { "name", !str_equal(b->name, a->name) }, { "company", !str_equal(b->company, a->company) },
        { "persona", !str_equal(b->persona, a->persona) }, { "default_country", !str_equal(b->default_country, a->default_country) },
        { "locale", !str_equal(b->locale, a->locale) }, { "timezone", !str_equal(b->timezone, a->timezone) },
        { "agent_phone", !str_equal(b->agent_phone, a->agent_phone) },
        { "default_caller_id", !str_equal(b->default_caller_id, a->default_caller_id) },
        { "accept_key", b->accept_key != a->accept_key }, { "countries", !str_equal(b->countries, a->countries) },
        { "require_totp", b->require_totp != a->require_totp },
    };

    json_open_object(&out);
    json_name(&out, "changed");
    json_open_array(&out);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (fields[i].changed)
            json_put_string(&out, fields[i].name);
    }
    json_close_array(&out);
    if (!str_equal(b->countries, a->countries)) {
        json_name(&out, "countries");
        json_put_raw(&out, a->countries);
    }
    if (!str_equal(b->allowed_networks, a->allowed_networks)) {
        json_name(&out, "allowed_networks");
        json_put_raw(&out, a->allowed_networks);
    }
    json_close_object(&out);
    return out.str.text;
}

/* What only the database knows: its time zones, and the countries of its numbering plans. */
static fallible check_places(struct ctx *ctx, const struct tenant *t)
{
    const struct json *list = NULL;
    const char *unknown;
    bool zone_known;

    if (t->countries)
        TRY(json_read(ctx->arena, t->countries, strlen(t->countries), &list));
    size_t count = json_length(list);
    const char **places = arena_array(ctx->arena, count + 1, sizeof *places);
    places[0] = t->default_country;
    for (size_t i = 0; i < count; i++)
        places[i + 1] = json_string(json_at(list, i));
    TRY(tenants_places(ctx, t->timezone, places, count + 1, &zone_known, &unknown));
    if (!zone_known)
        FAIL_FIELD(ctx, "timezone", "unknown_timezone", "There is no such time zone. It is written like Europe/Istanbul.");
    if (unknown)
        FAIL_FIELD(ctx, str_equal(unknown, t->default_country) ? "default_country" : "countries", "not_a_country",
                   "No country has the code %s. A country is two capital letters, for example US.", unknown);
    return NULL;
}

fallible svc_tenant_change(struct ctx *ctx, const struct tenant *before, struct tenant *after)
{
    TRY(tenant_check(ctx, after));
    if (!str_equal(before->allowed_networks, after->allowed_networks))
        TRY(tenant_check_networks(ctx, after, ctx->address));
    TRY(to_e164(ctx, "agent_phone", after->default_country, &after->agent_phone));
    TRY(to_e164(ctx, "default_caller_id", after->default_country, &after->default_caller_id));
    if (!str_equal(before->timezone, after->timezone) || !str_equal(before->countries, after->countries) ||
        !str_equal(before->default_country, after->default_country))
        TRY(check_places(ctx, after));
    return tenants_save(ctx, after, what_changed(ctx, before, after));
}

fallible svc_platform_tenant_add(struct ctx *ctx, const struct tenant_request *given, struct tenant *out)
{
    struct tenant_request t = *given;
    struct tenant check = { .default_country = t.default_country ? t.default_country : "US", .timezone = "UTC" };
    const char *hash = NULL;

    TRY(tenant_check(ctx, &check));
    if (!t.slug)
        t.slug = tenant_slug(ctx->arena, t.name);
    t.owner_email = email_canonical(ctx->arena, t.owner_email);
    if (t.owner_email && !email_plausible(t.owner_email))
        FAIL_FIELD(ctx, "owner_email", "malformed", "This is not an e-mail address.");
    if (t.owner_password && !t.owner_email)
        FAIL_FIELD(ctx, "owner_email", "required", "A password needs somebody to sign in with it.");
    if (t.owner_password) {
        TRY(password_check(ctx, "owner_password", t.owner_password));
        hash = password_hash(ctx->arena, t.owner_password);
    }
    return platform_tenants_add(ctx, &t, hash, out);
}
