#include "model/identity_provider.h"

#include <string.h>

#include "base/jwk.h"
#include "base/str.h"
#include "model/role.h"

enum { MOST_KEYS = 10, MOST_ROLES = 100, MOST_WORDS = 200 };

static const char *const algorithms[] = { "RS256", "ES256", NULL };
static const char *const user_claims[] = { "sub", "email", NULL };

const struct shape identity_provider_shape = SHAPE(struct identity_provider, "identity provider",
    FIELD(struct identity_provider, id, OUT),
    FIELD(struct identity_provider, tenant_id, 0),
    FIELD(struct identity_provider, name, IN | OUT | REQUIRED, .longest = 200),
    FIELD(struct identity_provider, issuer, IN | OUT | REQUIRED, .longest = 500, .about = "iss of its tokens, to the letter"),
    FIELD(struct identity_provider, audience, IN | OUT | REQUIRED, .longest = 500, .about = "What aud of its tokens has to be or to hold"),
    FIELD(struct identity_provider, algorithm, IN | OUT | REQUIRED, .among = algorithms),
    FIELD(struct identity_provider, public_key, IN | OUT, .longest = 16000, .about = "PEM, for tokens of any kid"),
    FIELD_JSON(struct identity_provider, keys, IN | OUT, .about = "PEM texts by kid, while keys are being changed"),
    FIELD(struct identity_provider, jwks_url, IN | OUT, .longest = 1000, .about = "An https address that serves its keys (RFC 7517)"),
    FIELD(struct identity_provider, user_claim, IN | OUT, .among = user_claims, .about = "How users are told: by subject, or by verified address each time"),
    FIELD(struct identity_provider, role_claim, IN | OUT, .longest = 200, .about = "Claim with roles, a text or a list; with dots into objects"),
    FIELD_JSON(struct identity_provider, role_map, IN | OUT, .about = "Roles by the words of role_claim"),
    FIELD(struct identity_provider, default_role, IN | OUT, .among = role_list, .about = "Without a mapped role; null: refused"),
    FIELD(struct identity_provider, creates_users, IN | OUT, .about = "Unknown verified addresses become users with the mapped role"),
    FIELD(struct identity_provider, is_active, IN | OUT),
    FIELD(struct identity_provider, created_at, OUT),
    FIELD(struct identity_provider, updated_at, OUT));

/* While the members of an object are looked at. */
struct looking {
    struct ctx *ctx;
    const struct identity_provider *provider;
    struct err *wrong;
    int highest;
};

static fallible look_at_key(void *data, const char *kid, const struct json *value)
{
    struct looking *l = data;
    if (!str_equal(pem_algorithm(json_string(value)), l->provider->algorithm) || strlen(kid) > 200)
        l->wrong = err_field(l->ctx->arena, l->wrong, "keys", "not_a_key", "Every key is the PEM text of a public key for %s, by its kid.",
                             l->provider->algorithm);
    return NULL;
}

static fallible look_at_role(void *data, const char *word, const struct json *value)
{
    struct looking *l = data;
    int rank = role_rank_of(json_string(value));
    (void)word;
    if (rank < 0)
        l->wrong = err_field(l->ctx->arena, l->wrong, "role_map", "not_a_role", "Every word becomes viewer, agent, manager, admin or owner.");
    l->highest = rank > l->highest ? rank : l->highest;
    return NULL;
}

/* An object of ours out of its text; NULL for none. */
static const struct json *object_of(struct ctx *ctx, const char *text)
{
    const struct json *object = NULL;
    return text && json_read(ctx->arena, text, strlen(text), &object) == NULL ? object : NULL;
}

fallible identity_provider_check(struct ctx *ctx, const struct identity_provider *p)
{
    struct looking l = { .ctx = ctx, .provider = p };
    const struct json *keys = object_of(ctx, p->keys), *roles = object_of(ctx, p->role_map);

    if (p->public_key && !str_equal(pem_algorithm(p->public_key), p->algorithm))
        l.wrong = err_field(ctx->arena, l.wrong, "public_key", "not_a_key",
                            "This is not the PEM text of a public key for %s: RSA of 2048 bits or more, or P-256 for ES256.", p->algorithm);
    TRY(json_each(keys, look_at_key, &l));
    TRY(json_each(roles, look_at_role, &l));
    if (json_length(keys) > MOST_KEYS || json_length(roles) > MOST_ROLES)
        l.wrong = err_field(ctx->arena, l.wrong, json_length(keys) > MOST_KEYS ? "keys" : "role_map", "out_of_range",
                            "At most %d keys and %d roles.", MOST_KEYS, MOST_ROLES);
    if (!p->public_key && !json_length(keys) && !p->jwks_url)
        l.wrong = err_field(ctx->arena, l.wrong, "public_key", "required", "Give public_key, keys or jwks_url: without one no token can be verified.");
    return l.wrong;
}

const char *identity_provider_ceiling(struct ctx *ctx, const struct identity_provider *p)
{
    struct looking l = { .ctx = ctx, .provider = p, .highest = role_rank_of(p->default_role) };
    if (json_each(object_of(ctx, p->role_map), look_at_role, &l) != NULL || l.highest < 0)
        return NULL;
    return role_list[l.highest];
}

/* A claim by its name, or by a path of names with dots between them. */
static const struct json *claim(struct arena *arena, const struct json *claims, const char *path)
{
    const struct json *found = json_get(claims, path);
    char *rest = arena_text(arena, path), *name;
    if (found)
        return found;
    while (claims && (name = strsep(&rest, ".")))
        claims = json_get(claims, name);
    return claims;
}

static int rank_of_word(const struct json *roles, const char *word)
{
    return word ? role_rank_of(json_string(json_get(roles, word))) : -1;
}

/* The highest of the words in a text such as "openid staff". */
static int rank_of_words(struct arena *arena, const struct json *roles, const char *text)
{
    int highest = rank_of_word(roles, text);
    char *rest = arena_text(arena, text), *word;
    while ((word = strsep(&rest, " "))) {
        int rank = rank_of_word(roles, word);
        highest = rank > highest ? rank : highest;
    }
    return highest;
}

const char *identity_provider_role(struct ctx *ctx, const struct identity_provider *p, const struct json *claims)
{
    const struct json *roles = object_of(ctx, p->role_map);
    const struct json *given = p->role_claim && roles ? claim(ctx->arena, claims, p->role_claim) : NULL;
    int highest = json_string(given) ? rank_of_words(ctx->arena, roles, json_string(given)) : -1;

    for (size_t i = 0; json_type_of(given) == JSON_ARRAY && i < json_length(given) && i < MOST_WORDS; i++) {
        int rank = rank_of_word(roles, json_string(json_at(given, i)));
        highest = rank > highest ? rank : highest;
    }
    return highest >= 0 ? role_list[highest] : p->default_role;
}
