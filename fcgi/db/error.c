/*
 * What PostgreSQL said, as an error of ours.  Messages of the server are kept only where they cannot hold a value of the
 * request: a syntax error or a misspelt name may be quoted, a number that would not parse may not.
 */
#include "db/session.h"

#include <stdlib.h>
#include <string.h>

#include "db/constraints.h"

struct constraint {
    const char   *name;
    enum err_kind kind;
    const char   *field, *code, *sentence;
};

static const struct constraint constraints[] = {
#define X(name, kind, field, code, sentence) { name, ERR_##kind, field, code, sentence },
    CONSTRAINTS(X)
#undef X
};

static const char *diag(const PGresult *result, int field)
{
    const char *text = PQresultErrorField(result, field);
    return text ? text : "";
}

/* The error that only the log sees. */
static struct err *because(struct ctx *ctx, enum sql which, const PGresult *result)
{
    const char *state = diag(result, PG_DIAG_SQLSTATE);
    bool quotable = str_starts(state, "42") || str_starts(state, "0A") || str_equal(state, "P0001") || str_starts(state, "57P");
    return ERR(ctx, INTERNAL, "PostgreSQL says %s%s%s%s%s of statement %s", *state ? state : "nothing",
               quotable ? ", " : "", quotable ? diag(result, PG_DIAG_MESSAGE_PRIMARY) : "",
               *diag(result, PG_DIAG_CONSTRAINT_NAME) ? ", constraint " : "", diag(result, PG_DIAG_CONSTRAINT_NAME),
               sql_catalog[which].name);
}

static struct err *saying(struct ctx *ctx, enum sql which, const PGresult *result, enum err_kind kind, const char *code,
                          const char *sentence)
{
    return err_make(ctx->arena, __FILE__, __LINE__, kind, code, because(ctx, which, result), "%s", sentence);
}

struct err *session_unavailable(struct ctx *ctx, const char *why)
{
    struct err *cause = ERR(ctx, INTERNAL, "%s", why);
    struct err *err = err_make(ctx->arena, __FILE__, __LINE__, ERR_UNAVAILABLE, NULL, cause,
                               "The database is not available at the moment. Try again in a second.");
    err->retry_after_secs = 1;
    return err;
}

/* OD<status>: raised by our own functions for whoever asked. */
static struct err *ours(struct ctx *ctx, const PGresult *result, const char *state)
{
    int status = atoi(state + 2);
    enum err_kind kind = ERR_INTERNAL;
    for (enum err_kind k = 0; k < ERR_KIND_COUNT; k++) {
        if (err_http_status(k) == status)
            kind = k;
    }
    const char *code = *diag(result, PG_DIAG_MESSAGE_DETAIL) ? arena_text(ctx->arena, diag(result, PG_DIAG_MESSAGE_DETAIL)) : NULL;
    struct err *err = ERR_CODE(ctx, INTERNAL, code, "%s", diag(result, PG_DIAG_MESSAGE_PRIMARY));
    err->kind = kind;
    if (!code)
        err->code = err_default_code(kind);
    if (kind == ERR_UNAVAILABLE || kind == ERR_TOO_MANY)
        err->retry_after_secs = 1;
    const char *field = diag(result, PG_DIAG_COLUMN_NAME);
    if (*field)
        err_field(ctx->arena, err, arena_text(ctx->arena, field), err->code, "%s", err->message);
    return err;
}

/* leads_tenant_id_campaign_id_fkey of table leads -> campaign_id */
static char *constrained_column(struct arena *a, const PGresult *result)
{
    const char *table = diag(result, PG_DIAG_TABLE_NAME), *name = diag(result, PG_DIAG_CONSTRAINT_NAME);
    if (*table && str_starts(name, table) && name[strlen(table)] == '_')
        name += strlen(table) + 1;
    if (str_starts(name, "tenant_id_") && !str_equal(name, "tenant_id_fkey"))
        name += strlen("tenant_id_");
    char *column = arena_text(a, name);
    char *last = strrchr(column, '_');
    if (last)
        *last = '\0';
    return column;
}

static struct err *constraint_violated(struct ctx *ctx, enum sql which, const PGresult *result, const char *state)
{
    const char *name = diag(result, PG_DIAG_CONSTRAINT_NAME);
    bool foreign_key = str_equal(state, "23503") || str_equal(state, "23001");
    bool in_use = foreign_key && strstr(diag(result, PG_DIAG_MESSAGE_PRIMARY), "update or delete");
    for (size_t i = 0; i < sizeof constraints / sizeof constraints[0]; i++) {
        const struct constraint *c = &constraints[i];
        if (!str_equal(c->name, name) || (foreign_key && in_use != (c->kind == ERR_CONFLICT)))
            continue;
        struct err *err = saying(ctx, which, result, c->kind, c->kind == ERR_INVALID ? NULL : c->code, c->sentence);
        return c->field ? err_field(ctx->arena, err, c->field, c->code, "%s", c->sentence) : err;
    }

    if (str_equal(state, "23505") || str_equal(state, "23P01"))
        return saying(ctx, which, result, ERR_CONFLICT, "already_exists", "Something with this name or number already exists.");
    if (in_use)
        return saying(ctx, which, result, ERR_CONFLICT, "in_use", "Something else still refers to it.");

    const char *column = str_equal(state, "23502") ? arena_text(ctx->arena, diag(result, PG_DIAG_COLUMN_NAME))
                                                   : constrained_column(ctx->arena, result);
    struct err *err = saying(ctx, which, result, ERR_INVALID, NULL, err_title(ERR_INVALID));
    if (str_equal(state, "23503"))
        return err_field(ctx->arena, err, column, "not_found", "There is nothing with this id.");
    if (str_equal(state, "23502"))
        return err_field(ctx->arena, err, column, "required", "This is needed.");
    return err_field(ctx->arena, err, column, "invalid", "This value is not allowed here.");
}

static bool among(const char *state, const char *list)
{
    return strlen(state) == 5 && strstr(list, state);
}

struct err *session_error(struct ctx *ctx, enum sql which, const PGresult *result)
{
    const char *state = diag(result, PG_DIAG_SQLSTATE);

    ctx->db->again = among(state, "40001 40P01");
    if (str_starts(state, "OD"))
        return ours(ctx, result, state);
    if (str_starts(state, "23"))
        return constraint_violated(ctx, which, result, state);
    if (among(state, "22P02 22003 22021 22007 22008 22001 22P05"))
        return saying(ctx, which, result, ERR_INVALID, "malformed", "A value in the request has the wrong form.");
    if (!*state || str_starts(state, "53") || str_starts(state, "57") || str_starts(state, "08") || str_starts(state, "58") ||
        str_starts(state, "40") || among(state, "55P03 25006 25P03 26000") ||
        (str_equal(state, "0A000") && strstr(diag(result, PG_DIAG_MESSAGE_PRIMARY), "cached plan"))) {
        struct err *err = session_unavailable(ctx, "");
        err->cause = because(ctx, which, result);
        if (str_equal(state, "55P03"))
            err->code = "lock_timeout";
        return err;
    }
    return saying(ctx, which, result, ERR_INTERNAL, NULL, "Something went wrong on our side.");
}
