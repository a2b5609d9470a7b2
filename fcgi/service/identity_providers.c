#include "service/identity_providers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/http.h"
#include "base/jwk.h"
#include "base/jwt.h"
#include "base/log.h"
#include "base/network.h"
#include "base/str.h"
#include "model/role.h"
#include "model/user.h"
#include "store/identity_providers.h"

enum {
    KEPT_SETS = 64, FRESH_MS = 10 * 60 * 1000, STALE_MS = 24 * 3600 * 1000, RETRY_MS = 30 * 1000, FETCH_MS = 3000, LONGEST_SET = 64 << 10,
    MOST_KEYS_OF_ONE = JWKS_MOST_KEYS + 16, LONGEST_SUBJECT = 500,
};

static struct {
    struct jwt_key  key;                                        /* of the installation's own provider; key.key NULL = none */
    const char     *own_issuer;                                 /* of our own tokens */
    struct networks allowed;                                    /* where key sets may be beside the open internet */
} known;

/* A key set as it was fetched, by its address.  A slot is taken over by another address only when it has been idle. */
static struct kept_set {
    char   *url, *text;                                         /* text NULL = never fetched */
    int64_t fetched_ms, tried_ms;
} kept_sets[KEPT_SETS];
static pthread_mutex_t kept_sets_lock = PTHREAD_MUTEX_INITIALIZER;

/* ------------------------------------------------------------------ settings */

/* A PEM text in the environment often has \n where its lines end. */
static const char *with_line_ends(struct arena *arena, const char *pem)
{
    char *text = arena_text(arena, pem), *to = text;
    for (const char *from = pem; *from; from++) {
        bool escaped = from[0] == '\\' && from[1] == 'n';
        *to++ = escaped ? '\n' : *from;
        from += escaped;
    }
    *to = '\0';
    return text;
}

fallible svc_identity_init(struct ctx *ctx, const struct settings *s)
{
    static struct arena *kept;
    const char *wrong;

    kept = kept ? kept : arena_create(256 << 10);
    known.own_issuer = s->jwt_issuer;
    (void)networks_parse(kept, s->webhook_allow, &known.allowed, &wrong);     /* was checked when it was read */
    if (str_blank(s->jwt_public_key))
        return NULL;
    const char *pem = with_line_ends(kept, s->jwt_public_key), *algorithm = pem_algorithm(pem);
    if (!algorithm)
        FAIL(ctx, INVALID, "JWT_PUBLIC_KEY is not the PEM text of an RSA key of 2048 bits or more, or of a P-256 key");
    if (str_blank(s->jwt_public_key_issuer) || str_equal(s->jwt_public_key_issuer, s->jwt_issuer))
        FAIL(ctx, INVALID, "JWT_PUBLIC_KEY_ISSUER has to name the identity provider, and not as JWT_ISSUER does: one issuer has one algorithm");
    const char *audience = s->jwt_public_key_audience ? s->jwt_public_key_audience : s->jwt_audience;
    known.key = (struct jwt_key){ .issuer = s->jwt_public_key_issuer, .algorithm = algorithm, .key = pem, .audience = audience };
    return NULL;
}

/* ------------------------------------------------------------------ key sets */

/* The slot of an address, or the one to put it into: an empty one, else the one that was tried longest ago.  With the lock held. */
static struct kept_set *slot_of(const char *url)
{
    struct kept_set *oldest = &kept_sets[0];
    for (size_t i = 0; i < KEPT_SETS; i++) {
        if (str_equal(kept_sets[i].url, url))
            return &kept_sets[i];
        if (kept_sets[i].tried_ms < oldest->tried_ms)
            oldest = &kept_sets[i];
    }
    return oldest;
}

/* What is kept of an address, and whether it is this caller's turn to fetch it anew. */
static const char *recall_set(struct arena *arena, const char *url, bool insist, bool *fetch)
{
    int64_t now = boot_now_ms();
    pthread_mutex_lock(&kept_sets_lock);
    struct kept_set *slot = slot_of(url);
    bool here = str_equal(slot->url, url);
    bool fresh = here && slot->text && now - slot->fetched_ms < FRESH_MS && !insist;
    *fetch = !fresh && (!here || now - slot->tried_ms >= RETRY_MS);
    if (!here && *fetch) {
        free(slot->url), free(slot->text);
        *slot = (struct kept_set){ .url = strdup(url) };
    }
    if (*fetch)
        slot->tried_ms = now;
    const char *text = here && slot->text && now - slot->fetched_ms < STALE_MS ? arena_text(arena, slot->text) : NULL;
    pthread_mutex_unlock(&kept_sets_lock);
    return text;
}

static void keep_set(const char *url, const char *text)
{
    pthread_mutex_lock(&kept_sets_lock);
    struct kept_set *slot = slot_of(url);
    if (str_equal(slot->url, url)) {
        free(slot->text);
        slot->text = strdup(text);
        slot->fetched_ms = boot_now_ms();
    }
    pthread_mutex_unlock(&kept_sets_lock);
}

/* NULL when it cannot be had; why is in the log. */
static const char *fetch_set(struct ctx *ctx, const char *url)
{
    struct http_answer answer;
    const struct json *set;
    struct http_request request = { .method = "GET", .url = url, .timeout_ms = FETCH_MS, .answer_ceiling = LONGEST_SET, .beyond = &known.allowed };

    http_send(ctx, &request, &answer);
    bool good = answer.outcome == HTTP_ANSWERED && answer.status == 200 && json_read(ctx->arena, answer.body, answer.body_size, &set) == NULL;
    if (!good) {
        log_error(ctx, "identity.keys_unavailable", KV("status", answer.status), KV("because", answer.error ? answer.error : "not a key set"));
        return NULL;
    }
    keep_set(url, answer.body);
    return arena_text(ctx->arena, answer.body);
}

static bool has_kid(const struct jwk *keys, size_t count, const char *kid)
{
    for (size_t i = 0; i < count; i++)
        if (!kid || !keys[i].kid || str_equal(keys[i].kid, kid))
            return true;
    return false;
}

static size_t read_set(struct ctx *ctx, const char *text, const char *algorithm, struct jwk *out)
{
    const struct json *set;
    return text && json_read(ctx->arena, text, strlen(text), &set) == NULL ? jwks_read(ctx->arena, set, algorithm, out) : 0;
}

/* The keys that an address serves; fetched anew now and then, and when a token names a key that is not among them. */
static fallible keys_at(struct ctx *ctx, const char *url, const char *algorithm, const char *kid, struct jwk *out, size_t *count)
{
    bool fetch;
    const char *text = recall_set(ctx->arena, url, false, &fetch);
    *count = read_set(ctx, text, algorithm, out);
    if (!fetch && text && !has_kid(out, *count, kid))
        recall_set(ctx->arena, url, true, &fetch);
    const char *newer = fetch ? fetch_set(ctx, url) : NULL;
    if (newer)
        *count = read_set(ctx, newer, algorithm, out);
    if (!text && !newer) {
        struct err *err = ERR(ctx, UNAVAILABLE, "The keys of your identity provider cannot be had at the moment. Try again in a minute.");
        err->retry_after_secs = 30;
        return err;
    }
    return NULL;
}

/* ------------------------------------------------------------------ tokens */

struct key_list { struct ctx *ctx; const struct identity_provider *provider; struct jwt_key key[MOST_KEYS_OF_ONE]; unsigned count; };

static void add_key(struct key_list *list, const char *kid, const char *pem)
{
    const struct identity_provider *p = list->provider;
    if (pem && list->count < MOST_KEYS_OF_ONE)
        list->key[list->count++] = (struct jwt_key){ .issuer = p->issuer, .algorithm = p->algorithm, .key = pem, .audience = p->audience, .kid = kid };
}

static fallible add_member(void *list, const char *kid, const struct json *pem)
{
    add_key(list, kid, json_string(pem));
    return NULL;
}

static fallible keys_of(struct ctx *ctx, const struct identity_provider *p, const char *kid, struct key_list *list)
{
    const struct json *keys;
    struct jwk fetched[JWKS_MOST_KEYS];
    size_t count = 0;

    *list = (struct key_list){ .ctx = ctx, .provider = p };
    add_key(list, NULL, p->public_key);
    TRY(json_read(ctx->arena, p->keys, strlen(p->keys), &keys));
    TRY(json_each(keys, add_member, list));
    if (p->jwks_url)
        TRY(keys_at(ctx, p->jwks_url, p->algorithm, kid, fetched, &count));
    for (size_t i = 0; i < count; i++)
        add_key(list, fetched[i].kid, fetched[i].pem);
    return NULL;
}

static struct err *nobody(struct ctx *ctx, const char *why)
{
    return err_make(ctx->arena, __FILE__, __LINE__, ERR_UNAUTHORIZED, "unknown_user", ERR(ctx, UNAUTHORIZED, "%s", why),
                    "Your identity provider vouches for you, but nobody here is you, or the token is older than your last change of role or password.");
}

/* An address counts only when the issuer says that it has seen it work. */
static const char *verified_email(struct ctx *ctx, const struct json *claims)
{
    bool verified = false;
    const char *email = json_string(json_get(claims, "email"));
    return json_flag(json_get(claims, "email_verified"), &verified) && verified && email_plausible(email) ? email_canonical(ctx->arena, email) : NULL;
}

static fallible read_vouched(struct ctx *ctx, const struct rows *rows, const struct jwt_claims *claims, struct vouched *out)
{
    if (rows->count == 0)
        return nobody(ctx, "no active user fits the token");
    *out = (struct vouched){ .tenant = row_uuid(rows, 0, "tenant_id"), .user = row_uuid(rows, 0, "id"), .epoch = row_int(rows, 0, "epoch"),
                             .expires_at = claims->expires_at, .role = row_text(rows, 0, "role") };
    return NULL;
}

static fallible check_subject(struct ctx *ctx, const struct jwt_claims *claims)
{
    if (str_blank(claims->subject) || strlen(claims->subject) > LONGEST_SUBJECT || claims->issued_at <= 0)
        FAIL(ctx, UNAUTHORIZED, "the token has no subject, or does not say when it was issued");
    return NULL;
}

static fallible find_for_tenant(struct ctx *ctx, const struct identity_provider *p, const struct jwt_claims *claims, struct vouched *out)
{
    struct rows rows;
    const char *role = identity_provider_role(ctx, p, claims->all);

    TRY(check_subject(ctx, claims));
    if (!role)
        return nobody(ctx, "the token has no role that is mapped, and there is no default");
    TRY(db_global_rows(ctx, SQL_SESSION_EXTERNAL, &rows,
                       P(p->id, claims->subject, verified_email(ctx, claims->all), utc_from_seconds(claims->issued_at), role)));
    return read_vouched(ctx, &rows, claims, out);
}

static fallible find_for_platform(struct ctx *ctx, const struct jwt_claims *claims, struct vouched *out)
{
    struct rows rows;
    struct uuid user = { 0 }, tenant = { 0 };

    TRY(check_subject(ctx, claims));
    uuid_parse(claims->subject, &user);
    if (claims->tenant && !uuid_parse(claims->tenant, &tenant))
        FAIL(ctx, UNAUTHORIZED, "the token's tenant is no id");
    TRY(db_global_rows(ctx, SQL_SESSION_EXTERNAL_PLATFORM, &rows,
                       P(user, verified_email(ctx, claims->all), tenant, utc_from_seconds(claims->issued_at))));
    TRY(read_vouched(ctx, &rows, claims, out));
    /* a role in the token narrows */
    if (role_rank_of(claims->role) >= 0 && role_rank_of(claims->role) < role_rank_of(out->role))
        out->role = claims->role;
    return NULL;
}

/* The first provider whose key fits; several tenants may have set up the same one. */
static fallible ask_tenants(struct ctx *ctx, const char *token, const struct jwt_origin *origin, struct uuid preferred, struct vouched *out)
{
    struct err *refused = ERR(ctx, UNAUTHORIZED, "no identity provider of that issuer and audience is set up");
    struct list providers;

    TRY(identity_providers_of(ctx, origin->issuer, origin->audience, origin->audiences, preferred, &providers));
    for (size_t i = 0; i < providers.count; i++) {
        const struct identity_provider *p = (const struct identity_provider *)providers.item + i;
        struct key_list keys;
        struct jwt_claims claims;
        struct err *err = keys_of(ctx, p, origin->kid, &keys);
        if (!err)
            err = jwt_verify(ctx->arena, keys.key, keys.count, token, NULL, utc_seconds(utc_now()), &claims);
        if (!err)
            err = find_for_tenant(ctx, p, &claims, out);
        if (!err)
            return NULL;
        refused = err;
    }
    return refused;
}

fallible svc_identity_of_token(struct ctx *ctx, const char *token, struct uuid preferred, struct vouched *out)
{
    struct jwt_origin origin;
    struct jwt_claims claims;

    if (!jwt_origin(ctx->arena, token, &origin) || str_equal(origin.issuer, known.own_issuer))
        FAIL(ctx, UNAUTHORIZED, "the token is of no other issuer");
    if (!known.key.key || !str_equal(origin.issuer, known.key.issuer))
        return ask_tenants(ctx, token, &origin, preferred, out);
    TRY(jwt_verify(ctx->arena, &known.key, 1, token, NULL, utc_seconds(utc_now()), &claims));
    return find_for_platform(ctx, &claims, out);
}

/* ------------------------------------------------------------------ setting up */

static fallible only_owners(struct ctx *ctx, const struct identity_provider *p)
{
    if (!str_equal(ctx->role, "owner") && role_at_least(identity_provider_ceiling(ctx, p), "admin"))
        FAIL(ctx, FORBIDDEN, "Only an owner may set up a provider that can give the role admin or owner.");
    return NULL;
}

static fallible check_address(struct ctx *ctx, const char *address)
{
    struct http_url url;
    struct address host;
    if (!http_url_parse(ctx->arena, address, &url) || url.has_user || url.has_fragment)
        FAIL_FIELD(ctx, "jwks_url", "malformed", "Give an address such as https://login.example.com/keys.");
    bool allowed = address_parse(url.host, &host) && networks_contain(&known.allowed, host);
    if (!url.tls && !allowed)
        FAIL_FIELD(ctx, "jwks_url", "not_https", "Keys are fetched by https only.");
    return NULL;
}

static fallible prepare(struct ctx *ctx, struct identity_provider *p)
{
    p->user_claim = p->user_claim ? p->user_claim : "sub";
    TRY(only_owners(ctx, p));
    TRY(identity_provider_check(ctx, p));
    if (str_equal(p->issuer, known.own_issuer) || str_equal(p->issuer, known.key.issuer))
        FAIL_FIELD(ctx, "issuer", "taken", "This issuer is the installation's own.");
    return p->jwks_url ? check_address(ctx, p->jwks_url) : NULL;
}

fallible svc_identity_provider_add(struct ctx *ctx, struct identity_provider *p)
{
    TRY(prepare(ctx, p));
    return identity_providers_add(ctx, p);
}

fallible svc_identity_provider_change(struct ctx *ctx, const struct identity_provider *before, struct identity_provider *after)
{
    TRY(only_owners(ctx, before));
    TRY(prepare(ctx, after));
    return identity_providers_save(ctx, after);
}

fallible svc_identity_provider_remove(struct ctx *ctx, const struct identity_provider *p)
{
    TRY(only_owners(ctx, p));
    return identity_providers_remove(ctx, p->id);
}
