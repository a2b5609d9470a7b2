#include "web/guard.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/jwt.h"
#include "base/secret.h"
#include "model/role.h"
#include "service/identity_providers.h"
#include "web/known_token.h"
#include "web/route.h"

#define KEY_PREFIX   "odk_"
#define KEPT_MS      5000
#define KEPT_KEYS    256

static struct jwt_key jwt_keys[1];

/* An API key, or the user behind another issuer's token, as the database knew it a moment ago. */
struct known_key {
    char        hash[65];
    struct uuid id, tenant;
    int64_t     epoch;
    int         role;
    int64_t     until_ms;
};

static struct known_key known_keys[KEPT_KEYS];
static pthread_mutex_t  known_keys_lock = PTHREAD_MUTEX_INITIALIZER;

fallible guard_init(struct ctx *ctx, const struct settings *s)
{
    jwt_keys[0] = (struct jwt_key){ .issuer = s->jwt_issuer, .algorithm = s->jwt_algorithm, .key = s->jwt_secret, .audience = s->jwt_audience };
    return svc_identity_init(ctx, s);
}

static struct err *nothing_here(struct req *r)
{
    return ERR(r->ctx, NOT_FOUND, "There is nothing at this address.");
}

static struct known_key *slot_of(const char *hash)
{
    return &known_keys[strtoul((char[]){ hash[0], hash[1], '\0' }, NULL, 16) % KEPT_KEYS];
}

static bool recall_key(const char *hash, struct known_key *out)
{
    pthread_mutex_lock(&known_keys_lock);
    *out = *slot_of(hash);
    pthread_mutex_unlock(&known_keys_lock);
    return strcmp(out->hash, hash) == 0 && boot_now_ms() < out->until_ms;
}

static void remember_key(const struct known_key *key)
{
    pthread_mutex_lock(&known_keys_lock);
    *slot_of(key->hash) = *key;
    pthread_mutex_unlock(&known_keys_lock);
}

static fallible find_key(struct req *r, const char *hash, struct known_key *out)
{
    struct rows rows;
    TRY(db_global_rows(r->ctx, SQL_SESSION_KEY, &rows, P(hash)));
    if (rows.count == 0)
        FAIL(r->ctx, UNAUTHORIZED, "This API key is not known, or has been revoked.");
    *out = (struct known_key){
        .id = row_uuid(&rows, 0, "id"),
        .tenant = row_uuid(&rows, 0, "tenant_id"),
        .epoch = row_int(&rows, 0, "epoch"),
        .role = role_rank_of(row_text(&rows, 0, "role")),
        .until_ms = boot_now_ms() + KEPT_MS,
    };
    memcpy(out->hash, hash, sizeof out->hash);
    remember_key(out);
    return NULL;
}

static fallible identify_key(struct req *r, const char *token)
{
    struct ctx *ctx = r->ctx;
    struct known_key key;
    const char *hash = sha256_hex(ctx->arena, token, strlen(token));

    if (!recall_key(hash, &key))
        TRY(find_key(r, hash, &key));
    if (key.role < 0)
        FAIL(ctx, UNAUTHORIZED, "This API key has no role.");
    ctx->tenant = key.tenant;
    ctx->principal = arena_printf(ctx->arena, "key:%s", uuid_text(ctx->arena, key.id));
    ctx->epoch = key.epoch;
    ctx->role = role_list[key.role];
    return NULL;
}

static fallible verify_token(struct ctx *ctx, const char *token, int64_t now, struct known_token *out)
{
    struct jwt_claims claims;

    TRY_SAYING(ctx, jwt_verify(ctx->arena, jwt_keys, 1, token, "access", now, &claims),
               "This sign-in is not valid, or has expired. Sign in again.");
    if (!claims.subject || !claims.tenant || !uuid_parse(claims.subject, &out->user) || !uuid_parse(claims.tenant, &out->tenant) ||
        uuid_is_none(out->user) || uuid_is_none(out->tenant) || role_rank_of(claims.role) < 0 ||
        (claims.token_id && strlen(claims.token_id) >= sizeof out->token_id))
        FAIL(ctx, UNAUTHORIZED, "This sign-in is not valid, or has expired. Sign in again.");
    if (claims.token_id)
        memcpy(out->token_id, claims.token_id, strlen(claims.token_id) + 1);
    out->epoch = claims.epoch;
    out->expires_at = claims.expires_at;
    out->role = role_rank_of(claims.role);
    out->only_first_steps = json_get(claims.all, "setup") != NULL;
    return NULL;
}

static void be_user(struct req *r, const struct known_token *token)
{
    struct ctx *ctx = r->ctx;

    ctx->tenant = token->tenant;
    ctx->principal = arena_printf(ctx->arena, "user:%s", uuid_text(ctx->arena, token->user));
    ctx->epoch = token->epoch;
    ctx->token_id = *token->token_id ? arena_text(ctx->arena, token->token_id) : NULL;
    ctx->role = role_list[token->role];
    r->user_id = token->user;
    r->only_first_steps = token->only_first_steps;
}

/* The user whom another issuer's token stands for.  What it is remembered by holds the tenant of the path too, as that may decide. */
static fallible identify_vouched(struct req *r, const char *token, const char *path_tenant)
{
    struct ctx *ctx = r->ctx;
    struct known_key who;
    struct vouched vouched;
    struct uuid preferred = { 0 };
    const char *name = arena_printf(ctx->arena, "%s\n%s", token, path_tenant ? path_tenant : "");
    const char *hash = sha256_hex(ctx->arena, name, strlen(name));

    if (!recall_key(hash, &who)) {
        if (path_tenant)
            uuid_parse(path_tenant, &preferred);
        TRY_SAYING(ctx, svc_identity_of_token(ctx, token, preferred, &vouched), "This token is not valid here, or has expired.");
        int64_t left_ms = (vouched.expires_at - utc_seconds(utc_now())) * 1000;
        who = (struct known_key){ .id = vouched.user, .tenant = vouched.tenant, .epoch = vouched.epoch, .role = role_rank_of(vouched.role),
                                  .until_ms = boot_now_ms() + (left_ms < KEPT_MS ? left_ms : KEPT_MS) };
        memcpy(who.hash, hash, sizeof who.hash);
        remember_key(&who);
    }
    ctx->tenant = who.tenant;
    ctx->principal = arena_printf(ctx->arena, "user:%s", uuid_text(ctx->arena, who.id));
    ctx->epoch = who.epoch;
    ctx->token_id = sha256_hex(ctx->arena, token, strlen(token));     /* its own jti is the issuer's choice, and might be another token's */
    ctx->role = role_list[who.role];
    r->user_id = who.id;
    return NULL;
}

/* Whether the token says that it is somebody else's.  Verified later. */
static bool is_foreign(struct req *r, const char *token)
{
    struct jwt_origin origin;
    return jwt_origin(r->ctx->arena, token, &origin) && !str_equal(origin.issuer, jwt_keys[0].issuer);
}

static const char *bearer(struct req *r)
{
    const char *given = req_header(r, "Authorization");
    if (!given || strncasecmp(given, "Bearer ", 7) != 0)
        return NULL;
    given += 7;
    given += strspn(given, " ");
    return *given ? given : NULL;
}

/* Only the check of the credential that travels with every statement; on the platform's routes, also whether it is an administrator's. */
static fallible ask_whether_alive(struct req *r)
{
    return db_global_run(r->ctx, r->route->who == PLATFORM ? SQL_SESSION_PLATFORM : SQL_SESSION_PING, NULL, NO_PARAMS);
}

/* The path's tenant is the credential's, or there is nothing: but a dead credential learns that it is dead. */
static fallible stay_in_tenant(struct req *r, const char *path_tenant)
{
    struct uuid tenant;
    if (uuid_parse(path_tenant, &tenant) && uuid_equal(tenant, r->ctx->tenant))
        return NULL;
    struct err *err = ask_whether_alive(r);
    return err && err->kind != ERR_FORBIDDEN ? err : nothing_here(r);
}

/* A token of ours that was verified a moment ago is not even taken apart. */
static fallible identify_bearer(struct req *r, const char *token, const char *path_tenant)
{
    struct ctx *ctx = r->ctx;
    struct known_token known;
    const char *hash = sha256_hex(ctx->arena, token, strlen(token));
    int64_t now = utc_seconds(utc_now());

    if (!known_token_find(hash, now, &known)) {
        if (is_foreign(r, token))
            return identify_vouched(r, token, path_tenant);
        known = (struct known_token){ 0 };
        TRY(verify_token(ctx, token, now, &known));
        memcpy(known.hash, hash, sizeof known.hash);
        known_token_keep(&known);
    }
    be_user(r, &known);
    return NULL;
}

fallible guard_identify(struct req *r, const struct match *match)
{
    if (r->route->who == ANYONE || r->route->who == SIGNED)
        return NULL;
    const char *token = bearer(r);
    if (!token)
        FAIL(r->ctx, UNAUTHORIZED, "Sign in first: send Authorization: Bearer with an access token or an API key.");
    if (str_starts(token, KEY_PREFIX))
        TRY(identify_key(r, token));
    else
        TRY(identify_bearer(r, token, match->tenant));
    if (match->tenant)
        TRY(stay_in_tenant(r, match->tenant));
    return NULL;
}

fallible guard_role(struct req *r)
{
    if (r->route->who == ANYONE || r->route->who == SIGNED)
        return NULL;
    if (r->only_first_steps && !(r->route->flags & FIRST_STEP))
        FAIL_CODE(r->ctx, FORBIDDEN, "totp_setup_required",
                  "Your organisation requires a second factor: set one up with POST /api/v1/me/totp, then refresh this session.");
    if (r->route->who == PLATFORM) {
        if (uuid_is_none(r->user_id))
            FAIL(r->ctx, FORBIDDEN, "Only platform administrators may do this.");
        return NULL;                                            /* the functions that such a route calls let nobody else pass */
    }
    int needed = (int)r->route->who - VIEWER;
    if (role_rank_of(r->ctx->role) < needed)
        FAIL(r->ctx, FORBIDDEN, "This needs the role %s; yours is %s.", role_list[needed], r->ctx->role);
    return NULL;
}

static fallible ask_for_object(struct req *r)
{
    struct rows rows;
    TRY(db_rows(r->ctx, SQL_OBJECT_EXISTS, &rows, P(r->route->object, r->id, r->id_text)));
    return row_bool(&rows, 0, "present") ? NULL : nothing_here(r);
}

/* Refusals that a dead credential and an absent object win over. */
static bool weak(const struct req *r, const struct err *err)
{
    switch (err->kind) {
    case ERR_NOT_FOUND:
        return r->ctx->round_trips == 0;
    case ERR_FORBIDDEN: case ERR_MEDIA_TYPE: case ERR_TOO_LARGE: case ERR_BAD_REQUEST: case ERR_INVALID:
        return true;
    default:
        return false;
    }
}

struct err *guard_settle(struct req *r, struct err *err)
{
    struct err *stronger = NULL;
    if (!r->ctx->principal || arena_overflowed(r->ctx->arena))
        return err;
    if (!err)
        return r->ctx->round_trips ? NULL : ask_whether_alive(r);
    if (!weak(r, err))
        return err;
    if (r->route->object && r->id_text && !uuid_is_none(r->ctx->tenant))
        stronger = ask_for_object(r);
    else if (r->ctx->round_trips == 0)
        stronger = ask_whether_alive(r);
    return stronger ? stronger : err;
}
