#include "db/db.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/secret.h"
#include "db/lanes.h"

#define TRIES 5

/* 5 to 10 ms, doubling: long enough for the other one to finish, different enough not to meet again. */
static void pause_before(int attempt)
{
    uint32_t chance;
    secret_random(&chance, sizeof chance);
    long ms = (5 << attempt) + chance % (5u << attempt);
    struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
    while (nanosleep(&t, &t) && errno == EINTR)
        ;
}

static bool worth_trying_again(struct ctx *ctx, int attempt)
{
    return ctx->db->again && !ctx->db->tx_open && attempt < TRIES && boot_now_ms() < session_deadline(ctx);
}

static fallible send(struct ctx *ctx, enum sql which, const char *const *values, PGresult **out)
{
    struct lane *lane = lanes_find(ctx, which);
    bool alone = !lane;
    struct err *err = lane ? lane_flush(ctx, lane, which, values, out, &alone) : NULL;
    return alone ? session_flush(ctx, which, values, out) : err;
}

static fallible run(struct ctx *ctx, enum sql which, struct params params, bool global, PGresult **out)
{
    const struct sql_statement *s = &sql_catalog[which];
    unsigned first = global ? 0 : 1;

    if (s->global != global)
        FAIL(ctx, INTERNAL, "statement %s is %sglobal", s->name, s->global ? "" : "not ");
    if (params.count + first != s->parameters)
        FAIL(ctx, INTERNAL, "statement %s takes %u parameters, not %zu", s->name, s->parameters - first, params.count);
    if (!global && uuid_is_none(ctx->tenant))
        FAIL(ctx, INTERNAL, "statement %s needs a tenant", s->name);

    const char **values = arena_array(ctx->arena, s->parameters + 1, sizeof *values);
    if (!global)
        values[0] = uuid_text(ctx->arena, ctx->tenant);
    for (size_t i = 0; i < params.count; i++)
        values[first + i] = param_as_text(ctx->arena, &params.item[i]);
    /* An arena that is full hands out memory that means nothing: such values must not reach the server. */
    if (arena_overflowed(ctx->arena))
        FAIL(ctx, TOO_LARGE, "The request needs more memory than one request may use.");

    for (int attempt = 1;; attempt++) {
        struct err *err = send(ctx, which, values, out);
        if (!err || !worth_trying_again(ctx, attempt))
            return err;
        pause_before(attempt);
    }
}

/* For each column of the result, the field it fills; NULL = nobody asked. */
static const struct field **match_columns(struct arena *a, const PGresult *result, const struct shape *shape)
{
    int columns = PQnfields(result);
    const struct field **match = arena_array(a, (size_t)columns + 1, sizeof *match);
    for (int c = 0; c < columns; c++) {
        for (size_t f = 0; f < shape->count && !match[c]; f++) {
            if (str_equal(PQfname(result, c), shape->field[f].column))
                match[c] = &shape->field[f];
        }
    }
    return match;
}

static void fill(struct arena *a, const PGresult *result, int row, const struct field **match, void *out)
{
    for (int c = 0; c < PQnfields(result); c++) {
        if (match[c])
            shape_set_column(a, match[c], PQgetisnull(result, row, c) ? NULL : PQgetvalue(result, row, c), out);
    }
}

static fallible first_row(struct ctx *ctx, enum sql which, bool global, const struct shape *shape, void *out, bool *found,
                          struct params params)
{
    RESULT *result = NULL;
    TRY(run(ctx, which, params, global, &result));
    *found = PQntuples(result) > 0;
    if (*found)
        fill(ctx->arena, result, 0, match_columns(ctx->arena, result, shape), out);
    return NULL;
}

static struct err *nothing_here(struct ctx *ctx)
{
    return ERR(ctx, NOT_FOUND, "There is nothing at this address.");
}

fallible db_find(struct ctx *ctx, enum sql id, const struct shape *shape, void *out, struct params params)
{
    memset(out, 0, shape->size);
    return db_one(ctx, id, shape, out, params);
}

fallible db_maybe(struct ctx *ctx, enum sql which, const struct shape *shape, void *out, bool *found, struct params params)
{
    return first_row(ctx, which, false, shape, out, found, params);
}

fallible db_one(struct ctx *ctx, enum sql which, const struct shape *shape, void *out, struct params params)
{
    bool found;
    TRY(first_row(ctx, which, false, shape, out, &found, params));
    return found ? NULL : nothing_here(ctx);
}

fallible db_global_one(struct ctx *ctx, enum sql which, const struct shape *shape, void *out, struct params params)
{
    bool found;
    TRY(first_row(ctx, which, true, shape, out, &found, params));
    return found ? NULL : nothing_here(ctx);
}

fallible db_list(struct ctx *ctx, enum sql which, const struct shape *shape, struct list *out, struct params params)
{
    RESULT *result = NULL;
    TRY(run(ctx, which, params, false, &result));
    size_t count = (size_t)PQntuples(result);
    const struct field **match = match_columns(ctx->arena, result, shape);
    *out = (struct list){ .item = arena_array(ctx->arena, count, shape->size), .count = count, .size = shape->size };
    for (size_t i = 0; i < count && !arena_overflowed(ctx->arena); i++)
        fill(ctx->arena, result, (int)i, match, (char *)out->item + i * shape->size);
    return NULL;
}

static void copy_rows(struct arena *a, const PGresult *result, struct rows *out)
{
    size_t columns = (size_t)PQnfields(result), count = (size_t)PQntuples(result);
    const char **column = arena_array(a, columns, sizeof *column);
    const char **cell = arena_array(a, columns * count, sizeof *cell);
    *out = (struct rows){ .columns = columns, .count = count, .column = column, .cell = cell,
                          .affected = strtoll(PQcmdTuples((PGresult *)result), NULL, 10) };
    for (size_t c = 0; c < columns; c++)
        column[c] = arena_text(a, PQfname(result, (int)c));
    for (size_t r = 0; r < count && !arena_overflowed(a); r++) {
        for (size_t c = 0; c < columns; c++) {
            if (!PQgetisnull(result, (int)r, (int)c))
                cell[r * columns + c] = arena_copy(a, PQgetvalue(result, (int)r, (int)c), (size_t)PQgetlength(result, (int)r, (int)c));
        }
    }
}

static fallible all_rows(struct ctx *ctx, enum sql which, bool global, struct rows *out, struct params params)
{
    RESULT *result = NULL;
    TRY(run(ctx, which, params, global, &result));
    copy_rows(ctx->arena, result, out);
    return NULL;
}

fallible db_rows(struct ctx *ctx, enum sql which, struct rows *out, struct params params)
{
    return all_rows(ctx, which, false, out, params);
}

fallible db_global_rows(struct ctx *ctx, enum sql which, struct rows *out, struct params params)
{
    return all_rows(ctx, which, true, out, params);
}

static fallible just_run(struct ctx *ctx, enum sql which, bool global, int64_t *affected, struct params params)
{
    RESULT *result = NULL;
    TRY(run(ctx, which, params, global, &result));
    if (affected)
        *affected = strtoll(PQcmdTuples(result), NULL, 10);
    return NULL;
}

fallible db_run(struct ctx *ctx, enum sql which, int64_t *affected, struct params params)
{
    return just_run(ctx, which, false, affected, params);
}

fallible db_global_run(struct ctx *ctx, enum sql which, int64_t *affected, struct params params)
{
    return just_run(ctx, which, true, affected, params);
}

const char *row_text(const struct rows *rows, size_t row, const char *column)
{
    assert(row < rows->count);
    for (size_t c = 0; c < rows->columns; c++) {
        if (str_equal(rows->column[c], column))
            return rows->cell[row * rows->columns + c];
    }
    assert(!"the result has such a column");
    abort();
}

int64_t row_int(const struct rows *rows, size_t row, const char *column)
{
    const char *text = row_text(rows, row, column);
    return text ? strtoll(text, NULL, 10) : 0;
}

bool row_bool(const struct rows *rows, size_t row, const char *column)
{
    return str_equal(row_text(rows, row, column), "t");
}

struct uuid row_uuid(const struct rows *rows, size_t row, const char *column)
{
    struct uuid id = { 0 };
    const char *text = row_text(rows, row, column);
    if (text)
        uuid_parse(text, &id);
    return id;
}

bool db_in_transaction(const struct ctx *ctx)
{
    return ctx->db && ctx->db->tx_open;
}

fallible tx_begin(struct ctx *ctx, struct tx *tx)
{
    struct db *db = ctx->db;
    *tx = (struct tx){ .ctx = ctx, .open = true, .joined = db->tx_open };
    db->tx_open = true;
    return NULL;
}

static void forget_transaction(struct db *db)
{
    db->tx_open = db->tx_begun = db->tx_entered = db->tx_broken = false;
}

/* A transaction that cannot be rolled back in time goes with its connection. */
static void roll_back(struct ctx *ctx)
{
    struct db *db = ctx->db;
    bool again = db->again;
    bool begun = db->tx_begun;
    forget_transaction(db);
    if (begun && db->conn) {
        struct ctx patient = { .arena = ctx->arena, .db = db, .deadline_ms = boot_now_ms() + 1000 };
        RESULT *result = NULL;
        if (session_flush(&patient, SQL_SESSION_ROLLBACK, NULL, &result) != NULL)
            db_drop(db);
        ctx->round_trips++;
    }
    db->again = again;
}

fallible tx_commit(struct tx *tx)
{
    struct db *db = tx->ctx->db;
    assert(tx->open);
    if (tx->joined) {
        tx->open = false;
        return NULL;
    }
    if (db->tx_broken) {
        tx_leave(tx);
        return session_unavailable(tx->ctx, "a part of the transaction had failed");
    }
    RESULT *result = NULL;
    struct err *err = db->tx_begun ? session_flush(tx->ctx, SQL_SESSION_COMMIT, NULL, &result) : NULL;
    tx->open = false;
    if (err)
        roll_back(tx->ctx);
    else
        forget_transaction(db);
    return err;
}

void tx_leave(struct tx *tx)
{
    if (!tx->open)
        return;
    tx->open = false;
    if (tx->joined)
        tx->ctx->db->tx_broken = tx->ctx->db->tx_open;          /* half of it is missing: the outer one cannot be committed */
    else
        roll_back(tx->ctx);
}

static fallible try_once(struct ctx *ctx, fallible (*fn)(struct ctx *, void *), void *data)
{
    TX tx = { 0 };
    TRY(tx_begin(ctx, &tx));
    TRY(fn(ctx, data));
    return tx_commit(&tx);
}

fallible db_retry(struct ctx *ctx, fallible (*fn)(struct ctx *, void *), void *data)
{
    for (int attempt = 1;; attempt++) {
        ctx->db->again = false;
        struct err *err = try_once(ctx, fn, data);
        if (!err || !worth_trying_again(ctx, attempt))
            return err;
        pause_before(attempt);
    }
}
