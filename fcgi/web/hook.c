/*
 * web/hook.c - genuine webhooks.  See web/hook.h.
 */
#include "web/hook.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "web/measure.h"

#define CACHE_SIZE    256
#define CACHE_MS      30000
#define REREAD_MS     1000                                      /* forged requests cannot make us ask more often */
#define KEYS_PER_SID  8

/* The tokens of one account sid.  Several tenants may have a row for it. */
struct signer {
    char    sid[64];
    int64_t read_at_ms;
    struct { char id[40], token[160]; } key[KEYS_PER_SID];
    unsigned count;
};

static struct {
    pthread_mutex_t lock;
    struct signer   signer[CACHE_SIZE];
} cache = { .lock = PTHREAD_MUTEX_INITIALIZER };

static struct signer *slot_of(const char *sid)
{
    unsigned hash = 2166136261u;

    for (const char *c = sid; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    return &cache.signer[hash % CACHE_SIZE];
}

static bool cached(const char *sid, int64_t newest_allowed_age_ms, struct signer *out)
{
    pthread_mutex_lock(&cache.lock);
    struct signer *slot = slot_of(sid);
    bool hit = str_equal(slot->sid, sid) && boot_now_ms() - slot->read_at_ms < newest_allowed_age_ms;
    if (hit)
        *out = *slot;
    pthread_mutex_unlock(&cache.lock);
    return hit;
}

static fallible read_signer(struct ctx *ctx, const char *sid, struct signer *out)
{
    struct rows rows;

    TRY(db_global_rows(ctx, SQL_HOOK_ACCOUNTS, &rows, P("twilio", sid)));
    memset(out, 0, sizeof *out);
    strncpy(out->sid, sid, sizeof out->sid - 1);
    out->read_at_ms = boot_now_ms();
    for (size_t i = 0; i < rows.count && out->count < KEYS_PER_SID; i++) {
        const char *token = secret_unseal(ctx->arena, row_uuid(&rows, i, "tenant_id"), ACCOUNT_AUTH_TOKEN, row_text(&rows, i, "auth_token_sealed"));
        if (!token || strlen(token) >= sizeof out->key[0].token)
            continue;
        strncpy(out->key[out->count].id, row_text(&rows, i, "id"), sizeof out->key[0].id - 1);
        strncpy(out->key[out->count].token, token, sizeof out->key[0].token - 1);
        out->count++;
    }
    pthread_mutex_lock(&cache.lock);
    *slot_of(sid) = *out;
    pthread_mutex_unlock(&cache.lock);
    return NULL;
}

/* The ids of the rows whose token made the signature, as a PostgreSQL array; NULL: none. */
static const char *who_signed(struct req *r, const struct signer *signer, const struct pairs *form)
{
    const char *signature = req_header(r, "X-Twilio-Signature");
    struct str ids = str_make(r->ctx->arena, 1024);

    for (unsigned i = 0; i < signer->count; i++)
        if (twilio_signed(r->ctx->arena, signer->key[i].token, r->settings->public_base_url, r->uri, form, signature))
            str_addf(&ids, "%s%s", ids.length ? "," : "{", signer->key[i].id);
    if (!ids.length)
        return NULL;
    str_add(&ids, "}");
    return ids.text;
}

static bool plain_sid(const char *sid)
{
    return sid && strlen(sid) == 34 && str_starts(sid, "AC") && strspn(sid + 2, "0123456789abcdefABCDEF") == 32;
}

static fallible find_signers(struct req *r, const char *sid, const struct pairs *form, const char **out)
{
    struct signer signer;

    if (!cached(sid, CACHE_MS, &signer))
        TRY(read_signer(r->ctx, sid, &signer));
    *out = who_signed(r, &signer, form);
    if (!*out && !cached(sid, REREAD_MS, &signer)) {
        TRY(read_signer(r->ctx, sid, &signer));
        *out = who_signed(r, &signer, form);
    }
    return NULL;
}

static fallible not_genuine(struct req *r, const char *why)
{
    measure_webhook_refused(why);
    FAIL(r->ctx, FORBIDDEN, "This request is not signed by the carrier.");
}

fallible hook_enter(struct req *r, struct hook *out)
{
    *out = (struct hook){ 0 };
    bool post = str_equal(r->method, "POST");

    if (post)
        TRY(req_form(r, &out->fields));
    else
        out->fields = r->query_pairs;
    const char *sid = pairs_find(&out->fields, "AccountSid");
    if (!plain_sid(sid) || str_blank(req_header(r, "X-Twilio-Signature")))
        return not_genuine(r, "unsigned");
    TRY(find_signers(r, sid, post ? &out->fields : NULL, &out->accounts));
    if (!out->accounts)
        return not_genuine(r, "signature");

    twilio_event(r->ctx->arena, &out->fields, &out->event);
    uuid_parse(req_query(r, "t") ? req_query(r, "t") : "", &out->tenant);
    uuid_parse(req_query(r, "a") ? req_query(r, "a") : "", &out->attempt);
    if (!out->event.sid || strlen(out->event.sid) > 64)
        FAIL_CODE(r->ctx, BAD_REQUEST, "call_sid", "The request names no call.");
    return NULL;
}
