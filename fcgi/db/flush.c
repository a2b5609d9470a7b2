/*
 * One flush: what has to go before the statement, the statement, one Sync; then every result up to the Sync.
 */
#include "db/session.h"

#include <poll.h>

enum session_wait session_send(PGconn *conn, int64_t deadline_ms)
{
    for (;;) {
        int left = PQflush(conn);
        if (left == 0)
            return SESSION_GOT;
        if (left < 0)
            return SESSION_LOST;
        if (!session_poll(PQsocket(conn), POLLIN | POLLOUT, deadline_ms))
            return SESSION_LATE;
        if (!PQconsumeInput(conn))
            return SESSION_LOST;
    }
}

enum session_wait session_next(PGconn *conn, int64_t deadline_ms, PGresult **out)
{
    enum session_wait sent = session_send(conn, deadline_ms);
    if (sent != SESSION_GOT)
        return sent;
    while (PQisBusy(conn)) {
        if (!session_poll(PQsocket(conn), POLLIN, deadline_ms))
            return SESSION_LATE;
        if (!PQconsumeInput(conn))
            break;                                              /* PQgetResult tells */
    }
    *out = PQgetResult(conn);
    if (!*out && PQstatus(conn) == CONNECTION_BAD)
        return SESSION_LOST;
    return SESSION_GOT;
}

void session_cancel(PGconn *conn)
{
    char why[256];
    PGcancel *c = PQgetCancel(conn);
    if (c)
        PQcancel(c, why, sizeof why);
    PQfreeCancel(c);
}

bool session_queue(PGconn *conn, enum sql which, const char *const *values)
{
    const struct sql_statement *s = &sql_catalog[which];
    return PQsendQueryPrepared(conn, s->name, (int)s->parameters, values, NULL, NULL, 0);
}

void session_credential(struct ctx *ctx, const char **values)
{
    values[0] = uuid_text(ctx->arena, ctx->tenant);
    values[1] = ctx->principal;
    values[2] = arena_printf(ctx->arena, "%lld", (long long)ctx->epoch);
    values[3] = ctx->token_id;
    values[4] = ctx->role;
    values[5] = ctx->address;
}

static bool queue_enter(struct ctx *ctx)
{
    const char *values[SESSION_CREDENTIAL];
    session_credential(ctx, values);
    return session_queue(ctx->db->conn, SQL_SESSION_ENTER, values);
}

/* Results up to the Sync: the last statement's, or the first one that failed, whose statement is *culprit. */
static enum session_wait collect(struct ctx *ctx, const enum sql *sent, int sent_count, PGresult **last, enum sql *culprit)
{
    int64_t deadline = session_deadline(ctx);
    bool failed = false;
    for (int at = 0;;) {
        PGresult *result = NULL;
        enum session_wait wait = session_next(ctx->db->conn, deadline, &result);
        if (wait != SESSION_GOT)
            return wait;
        if (!result)
            continue;
        ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_PIPELINE_SYNC) {
            PQclear(result);
            return SESSION_GOT;
        }
        if (failed) {
            PQclear(result);
            continue;
        }
        PQclear(*last);
        *last = result;
        if (at < sent_count)                                    /* one more than was sent: the connection died before the Sync */
            *culprit = sent[at++];
        failed = status == PGRES_FATAL_ERROR;
    }
}

static struct err *gone(struct ctx *ctx, enum sql which, const PGresult *last, enum session_wait how)
{
    struct db *db = ctx->db;
    struct err *err;
    if (how == SESSION_LATE) {
        session_cancel(db->conn);                               /* it would go on without anybody to hear its answer */
        err = session_unavailable(ctx, arena_printf(ctx->arena, "statement %s took longer than the request may", sql_catalog[which].name));
    } else if (last && PQresultStatus(last) == PGRES_FATAL_ERROR) {
        err = session_error(ctx, which, last);
        if (err->kind != ERR_UNAVAILABLE)
            err = session_unavailable(ctx, "the connection was lost");
    } else {
        err = session_unavailable(ctx, arena_printf(ctx->arena, "the connection was lost in statement %s", sql_catalog[which].name));
    }
    db->again = false;                                          /* it may have been done */
    db_drop(db);
    return err;
}

bool session_outlived(const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return str_equal(state, "25006") || str_equal(state, "26000") || str_equal(state, "0A000");
}

fallible session_flush(struct ctx *ctx, enum sql which, const char *const *values, PGresult **out)
{
    struct db *db = ctx->db;
    enum sql sent[3], culprit = which;
    int sent_count = 0;

    db->again = false;
    TRY(session_ready(ctx));
    bool ok = true;
    if (db->tx_open && !db->tx_begun) {
        ok = session_queue(db->conn, SQL_SESSION_BEGIN, NULL);
        sent[sent_count++] = SQL_SESSION_BEGIN;
        db->tx_begun = true;
    }
    if (ok && ctx->principal && !db->tx_entered) {
        ok = queue_enter(ctx);
        sent[sent_count++] = SQL_SESSION_ENTER;
        db->tx_entered = db->tx_open;
    }
    sent[sent_count++] = which;
    ok = ok && session_queue(db->conn, which, values) && PQpipelineSync(db->conn);
    ctx->round_trips++;

    RESULT *last = NULL;
    enum session_wait how = ok ? collect(ctx, sent, sent_count, &last, &culprit) : SESSION_LOST;
    if (how == SESSION_GOT && PQstatus(db->conn) == CONNECTION_BAD)
        how = SESSION_LOST;
    if (how != SESSION_GOT)
        return gone(ctx, culprit, last, how);

    if (PQresultStatus(last) == PGRES_FATAL_ERROR) {
        struct err *err = session_error(ctx, culprit, last);
        db->tx_broken = db->tx_begun;
        if (session_outlived(last) && !db->tx_open) {
            db->again = true;
            db_drop(db);
        }
        return err;
    }
    *out = last;
    last = NULL;
    return NULL;
}
