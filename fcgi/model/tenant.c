#include "model/tenant.h"

#include <ctype.h>
#include <string.h>

#include "base/network.h"
#include "base/str.h"

const char *const locale_names[] = { "en", "tr", NULL };

const struct shape tenant_shape = SHAPE(struct tenant, "tenant",
    FIELD(struct tenant, id, OUT | ALWAYS),
    FIELD(struct tenant, name, IN | OUT | REQUIRED, .longest = 200),
    FIELD(struct tenant, slug, OUT | ALWAYS),
    FIELD(struct tenant, company, IN | OUT, .longest = 200, .about = "Who calls, in the scripts"),
    FIELD(struct tenant, persona, IN | OUT | REQUIRED, .longest = 100, .about = "Who speaks, in the scripts"),
    FIELD(struct tenant, default_country, IN | OUT | REQUIRED, .longest = 2),
    FIELD(struct tenant, locale, IN | OUT | REQUIRED, .among = locale_names),
    FIELD(struct tenant, timezone, IN | OUT | REQUIRED, .longest = 64),
    FIELD(struct tenant, agent_phone, IN | OUT, .longest = 40),
    FIELD(struct tenant, default_caller_id, IN | OUT, .longest = 40),
    FIELD(struct tenant, accept_key, IN | OUT),
    FIELD_LIST(struct tenant, countries, IN | OUT, .longest = 2, .about = "Where calls may go; null: the default country only"),
    FIELD_LIST(struct tenant, allowed_networks, IN | OUT, .longest = 50, .about = "Networks (CIDR) that people and API keys may come from; null: anywhere"),
    FIELD(struct tenant, require_totp, IN | OUT, .about = "Who signs in with a password needs a second factor"),
    FIELD(struct tenant, force, IN, .about = "With allowed_networks: even if they leave out the address this comes from"),
    FIELD(struct tenant, window_opens, OUT, .about = "Minutes of the called party's day; see outdial tenant window"),
    FIELD(struct tenant, window_closes, OUT),
    FIELD(struct tenant, minimum_gap_minutes, OUT),
    FIELD(struct tenant, status, OUT | ALWAYS),
    FIELD(struct tenant, created_at, OUT | ALWAYS),
    FIELD(struct tenant, updated_at, OUT | ALWAYS));

const struct shape tenant_request_shape = SHAPE(struct tenant_request, "tenant",
    FIELD(struct tenant_request, name, IN | REQUIRED, .longest = 200),
    FIELD(struct tenant_request, slug, IN, .longest = 63),
    FIELD(struct tenant_request, default_country, IN, .longest = 2),
    FIELD(struct tenant_request, locale, IN, .among = locale_names),
    FIELD(struct tenant_request, owner_email, IN, .longest = 320),
    FIELD(struct tenant_request, owner_password, IN | SECRET_FIELD, .longest = 256));

static bool is_country(const char *text)
{
    return text && strlen(text) == 2 && isupper((unsigned char)text[0]) && isupper((unsigned char)text[1]);
}

/* "Area/Place" or "UTC": whether it exists is the database's to say. */
static bool looks_like_zone(const char *text)
{
    if (!text || !isupper((unsigned char)*text) || strstr(text, ".."))
        return false;
    return text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/")] == '\0';
}

fallible tenant_check(struct ctx *ctx, const struct tenant *t)
{
    struct err *wrong = NULL;
    const struct json *list = NULL;

    if (!is_country(t->default_country))
        wrong = err_field(ctx->arena, wrong, "default_country", "not_a_country", "A country is two capital letters, for example US.");
    if (!looks_like_zone(t->timezone))
        wrong = err_field(ctx->arena, wrong, "timezone", "unknown_timezone", "A time zone is written like Europe/Istanbul.");
    if (t->countries)
        TRY(json_read(ctx->arena, t->countries, strlen(t->countries), &list));
    for (size_t i = 0; i < json_length(list); i++) {
        if (!is_country(json_string(json_at(list, i))))
            wrong = err_field(ctx->arena, wrong, arena_printf(ctx->arena, "countries[%zu]", i), "not_a_country",
                              "A country is two capital letters, for example US.");
    }
    return wrong;
}

/* Each item, canonical; what is wrong with the others. */
static struct err *read_networks(struct ctx *ctx, const struct json *list, struct network *out)
{
    struct err *wrong = NULL;
    for (size_t i = 0; i < json_length(list); i++) {
        if (!network_parse(json_string(json_at(list, i)), &out[i]))
            wrong = err_field(ctx->arena, wrong, arena_printf(ctx->arena, "allowed_networks[%zu]", i), "not_a_network",
                              "A network is written like 192.0.2.0/24 or 2001:db8::/32, with nothing but zeros behind the prefix.");
    }
    return wrong;
}

fallible tenant_check_networks(struct ctx *ctx, struct tenant *t, const char *address)
{
    struct network networks[MOST_NETWORKS];
    struct address own;
    const struct json *list;

    if (!t->allowed_networks)
        return NULL;
    TRY(json_read(ctx->arena, t->allowed_networks, strlen(t->allowed_networks), &list));
    size_t count = json_length(list);
    if (count == 0 || count > MOST_NETWORKS)
        FAIL_FIELD(ctx, "allowed_networks", "out_of_range", "Name 1 to %d networks, or null for all.", MOST_NETWORKS);
    TRY(read_networks(ctx, list, networks));
    bool inside = false, known = address_parse(address, &own);
    struct json_out out = json_out_make(ctx->arena, 16 << 10);
    json_open_array(&out);
    for (size_t i = 0; i < count; i++) {
        inside = inside || (known && network_contains(&networks[i], own));
        json_put_string(&out, network_text(ctx->arena, &networks[i]));
    }
    json_close_array(&out);
    if (!inside && !t->force)
        FAIL_FIELD(ctx, "allowed_networks", "own_address", "Your own address, %s, is in none of them: you would lock yourself out. Add it, or send force: true.",
                   known ? address : "unknown");
    t->allowed_networks = out.str.text;
    return NULL;
}

const char *tenant_slug(struct arena *arena, const char *name)
{
    struct str s = str_make(arena, 64);
    for (const unsigned char *c = (const unsigned char *)name; *c && s.length < 60; c++) {
        if (isascii(*c) && isalnum(*c))
            str_add_char(&s, (char)tolower(*c));
        else if (s.length && s.text[s.length - 1] != '-')
            str_add_char(&s, '-');
    }
    while (s.length && s.text[s.length - 1] == '-')
        s.text[--s.length] = '\0';
    return s.length ? s.text : "tenant";
}
