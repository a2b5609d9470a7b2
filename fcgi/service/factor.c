#include "service/factor.h"

#include <ctype.h>
#include <string.h>

#include "base/clock.h"
#include "base/qr.h"
#include "base/secret.h"
#include "base/totp.h"
#include "db/db.h"
#include "service/session.h"

enum { RECOVERY_LETTERS = 16 };

/* As people write it: with spaces and hyphens, in capitals. */
static const char *bare(struct ctx *ctx, const char *code)
{
    char *text = arena_text(ctx->arena, code), *to = text;
    for (const char *from = code; *from; from++)
        if (isalnum((unsigned char)*from))
            *to++ = (char)tolower((unsigned char)*from);
    *to = '\0';
    return text;
}

static const char *field_of(struct ctx *ctx, struct uuid user)
{
    return arena_printf(ctx->arena, "totp:%s", uuid_text(ctx->arena, user));
}

static const char *hash_of(struct ctx *ctx, struct uuid user, const char *recovery_code)
{
    const char *text = arena_printf(ctx->arena, "%s %s", uuid_text(ctx->arena, user), recovery_code);
    return sha256_hex(ctx->arena, text, strlen(text));
}

/* Which of ctx's user's codes this is: a time step, or the hash of what may be a recovery code.  false = neither. */
static bool read_code(struct ctx *ctx, struct uuid user, const char *sealed, const char *code, int64_t *step, const char **hash)
{
    const char *secret = secret_unseal(ctx->arena, ctx->tenant, field_of(ctx, user), sealed), *text = bare(ctx, code);
    *hash = strlen(text) == RECOVERY_LETTERS ? hash_of(ctx, user, text) : NULL;
    *step = secret ? totp_step(ctx->arena, secret, text, utc_seconds(utc_now())) : 0;
    return *step || *hash;
}

static fallible spend(struct ctx *ctx, struct uuid user, const char *sealed, const char *code, bool *good)
{
    struct rows rows;
    const char *hash;
    int64_t step;

    *good = false;
    if (!read_code(ctx, user, sealed, code, &step, &hash))
        return NULL;
    TRY(db_rows(ctx, SQL_TOTP_SPEND, &rows, P(step, hash)));
    *good = row_bool(&rows, 0, "good");
    return NULL;
}

fallible factor_check(struct ctx *ctx, struct uuid user, const char *sealed, const char *code)
{
    bool good;

    if (str_blank(code))
        FAIL_CODE(ctx, UNAUTHORIZED, "totp_required", "Send the code of your authenticator application too, or a recovery code.");
    TRY(spend(ctx, user, sealed, code, &good));
    if (!good)
        FAIL_CODE(ctx, UNAUTHORIZED, "invalid_code", "This code is wrong, or has been used. Wait for the next one.");
    return NULL;
}

struct known_factor { struct rows rows; const char *email, *sealed; bool confirmed; };

/* What the database knows of the factor of ctx's user; TOO_MANY after too many wrong codes. */
static fallible find(struct ctx *ctx, struct known_factor *out)
{
    TRY(db_rows(ctx, SQL_TOTP_FIND, &out->rows, NO_PARAMS));
    out->email = row_text(&out->rows, 0, "email");
    out->sealed = row_text(&out->rows, 0, "secret_sealed");
    out->confirmed = row_bool(&out->rows, 0, "confirmed");
    return row_int(&out->rows, 0, "failures") >= LOGIN_FAILURES ? session_throttled(ctx) : NULL;
}

static fallible wrong_code(struct ctx *ctx, const char *email)
{
    TRY(db_global_run(ctx, SQL_LOGIN_FAILED, NULL, P(email)));
    FAIL_FIELD(ctx, "code", "invalid_code", "This code is wrong, or has been used. Wait for the next one.");
}

fallible svc_factor_begin(struct ctx *ctx, struct uuid user, struct factor_offer *out)
{
    struct known_factor known;
    struct rows rows;

    TRY(find(ctx, &known));
    out->secret = totp_secret(ctx->arena);
    out->uri = totp_uri(ctx->arena, out->secret, "Outdial", known.email);
    out->qr_svg = qr_svg(ctx->arena, out->uri);
    const char *sealed = secret_seal(ctx->arena, ctx->tenant, field_of(ctx, user), out->secret);
    if (!sealed)
        FAIL(ctx, INTERNAL, "there is no master key to seal with");
    TRY(db_rows(ctx, SQL_TOTP_BEGIN, &rows, P(sealed)));
    if (!row_bool(&rows, 0, "begun"))
        FAIL_CODE(ctx, CONFLICT, "totp_enabled", "You have a second factor already. Remove it first, for which it takes a code.");
    return NULL;
}

static fallible keep(struct ctx *ctx, struct uuid user, const char *sealed, int64_t step, const char *codes[RECOVERY_CODES])
{
    const char *hashes[RECOVERY_CODES];
    struct rows rows;

    for (int i = 0; i < RECOVERY_CODES; i++) {
        codes[i] = totp_recovery_code(ctx->arena);
        hashes[i] = hash_of(ctx, user, bare(ctx, codes[i]));
    }
    TRY(db_rows(ctx, SQL_TOTP_CONFIRM, &rows, P(sealed, step, param_array(hashes, RECOVERY_CODES))));
    if (!row_bool(&rows, 0, "confirmed"))
        FAIL_CODE(ctx, CONFLICT, "totp_not_started", "Begin anew: the secret was replaced or confirmed meanwhile.");
    return NULL;
}

fallible svc_factor_confirm(struct ctx *ctx, struct uuid user, const char *code, const char *codes[RECOVERY_CODES])
{
    struct known_factor known;
    const char *hash;
    int64_t step;

    TRY(find(ctx, &known));
    if (!known.sealed || known.confirmed)
        FAIL_CODE(ctx, CONFLICT, "totp_not_started", "There is nothing to confirm. Begin with POST /api/v1/me/totp.");
    if (!read_code(ctx, user, known.sealed, code, &step, &hash) || !step)
        return wrong_code(ctx, known.email);
    return keep(ctx, user, known.sealed, step, codes);
}

fallible svc_factor_remove(struct ctx *ctx, struct uuid user, const char *code)
{
    struct known_factor known;
    bool good = false;

    TRY(find(ctx, &known));
    if (!known.confirmed)
        FAIL_CODE(ctx, CONFLICT, "totp_not_enabled", "There is no second factor to remove.");
    TRY(spend(ctx, user, known.sealed, code, &good));
    if (!good)
        return wrong_code(ctx, known.email);
    return db_run(ctx, SQL_TOTP_REMOVE, NULL, P(user));
}

fallible svc_factor_reset(struct ctx *ctx, struct uuid actor, const struct user *user)
{
    struct rows rows;

    TRY(user_may_change(ctx, actor, ctx->role, user, NULL));
    TRY(db_rows(ctx, SQL_TOTP_REMOVE, &rows, P(user->id)));
    if (!row_bool(&rows, 0, "removed"))
        FAIL_CODE(ctx, CONFLICT, "totp_not_enabled", "This user has no second factor.");
    return NULL;
}
