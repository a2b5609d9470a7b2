/*
 * Making, checking and losing the connection.
 *
 * A lost server costs a request at most two seconds of trying, with a pause that doubles from 10 ms to 1 s; after two
 * seconds of failure requests are refused at once, but for one attempt per second, so that a dead database cannot
 * hold every thread.
 */
#include "db/lanes.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/http.h"
#include "base/log.h"

#define CONNECT_MS      3000
#define KEEP_TRYING_MS  2000
#define SHORTEST_PAUSE  10
#define LONGEST_PAUSE   1000

/* Settings of every session; whatever the connection string says in addition stays. */
#define SESSION_OPTIONS "-c statement_timeout=10000 -c idle_in_transaction_session_timeout=15000 " \
                        "-c client_connection_check_interval=2000 -c DateStyle=ISO -c IntervalStyle=iso_8601 -c TimeZone=UTC -c jit=off"

/* Before any thread: base/http.c asks it ahead of every request to another server. */
__attribute__((constructor)) static void let_http_ask(void)
{
    http_transaction_open = db_in_transaction;
}

struct db *db_create(const char *conninfo, const char *application_name, bool take_hold)
{
    struct db *db = calloc(1, sizeof *db);
    if (!db)
        abort();
    db->conninfo = strdup(conninfo);
    db->name = strdup(application_name);
    if (!db->conninfo || !db->name)
        abort();
    db->take_hold = take_hold;
    return db;
}

void db_drop(struct db *db)
{
    PQfinish(db->conn);
    db->conn = NULL;
    db->hold = 0;
    if (db->tx_begun)
        db->tx_broken = true;
}

void db_destroy(struct db *db)
{
    if (!db)
        return;
    db_rest(db);
    db_drop(db);
    free(db->conninfo);
    free(db->name);
    free(db);
}

int db_socket(const struct db *db)
{
    return db->conn ? PQsocket(db->conn) : -1;
}

int64_t db_holder(const struct ctx *ctx)
{
    return ctx->db->hold;
}

int64_t session_deadline(const struct ctx *ctx)
{
    return ctx->deadline_ms ? ctx->deadline_ms : boot_now_ms() + DB_PATIENCE_MS;
}

bool session_poll(int fd, short events, int64_t deadline_ms)
{
    for (;;) {
        int64_t left = deadline_ms - boot_now_ms();
        struct pollfd p = { .fd = fd, .events = events };
        int n = poll(&p, 1, left > 0 ? (int)left : 0);
        if (n > 0)
            return true;
        if (n == 0 && left <= 0)
            return false;
        if (n < 0 && errno != EINTR)
            return true;                                        /* whoever reads next learns what is wrong */
    }
}

struct timespec session_until(int64_t deadline_ms)
{
    struct timespec until;
    int64_t left = deadline_ms - boot_now_ms();
    clock_gettime(CLOCK_MONOTONIC, &until);
    if (left > 0) {
        until.tv_nsec += left % 1000 * 1000000;
        until.tv_sec += left / 1000 + until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
    }
    return until;
}

static void pause_ms(int64_t ms)
{
    struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
    while (nanosleep(&t, &t) && errno == EINTR)
        ;
}

static void ignore_notice(void *data, const PGresult *notice)
{
    (void)data, (void)notice;
}

/* The connection string with our own settings put in, as libpq's two arrays. */
static PGconn *start(const struct db *db, struct arena *a)
{
    char *wrong = NULL;
    PQconninfoOption *given = PQconninfoParse(db->conninfo, &wrong);
    PQfreemem(wrong);
    const char *given_options = "", *more = db->options ? db->options : "";
    for (PQconninfoOption *o = given; o && o->keyword; o++) {
        if (str_equal(o->keyword, "options") && o->val)
            given_options = arena_text(a, o->val);
    }
    PQconninfoFree(given);

    const char *const keyword[] = { "gssencmode", "dbname", "application_name", "options", "client_encoding", "connect_timeout",
                                    "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
                                    "target_session_attrs", NULL };
    const char *const value[] = { "disable", db->conninfo, db->name,
                                  arena_printf(a, SESSION_OPTIONS "%s %s", more, given_options), "UTF8", "3",
                                  "5", "2", "3", "10000", "read-write", NULL };
    return PQconnectStartParams(keyword, value, 1);
}

static bool establish(PGconn *conn, int64_t deadline_ms)
{
    for (PostgresPollingStatusType next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK; next = PQconnectPoll(conn)) {
        if (next == PGRES_POLLING_FAILED || PQstatus(conn) == CONNECTION_BAD)
            return false;
        if (!session_poll(PQsocket(conn), next == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline_ms))
            return false;
    }
    PQsetErrorVerbosity(conn, PQERRORS_DEFAULT);
    PQsetNoticeReceiver(conn, ignore_notice, NULL);
    return PQsetnonblocking(conn, 1) == 0 && PQenterPipelineMode(conn) == 1;
}

/*
 * Prepares the catalogue from *next on in one flush.  A statement that the server refuses stops the flush; *next is
 * then the one behind it and *refused tells it.
 */
static enum session_wait prepare_from(PGconn *conn, int64_t deadline_ms, int *next, PGresult **refused)
{
    int at = *next;
    for (int i = at; i < SQL_COUNT; i++) {
        if (!PQsendPrepare(conn, sql_catalog[i].name, sql_catalog[i].text, 0, NULL))
            return SESSION_LOST;
    }
    if (!PQpipelineSync(conn))
        return SESSION_LOST;
    for (;;) {
        PGresult *result = NULL;
        enum session_wait wait = session_next(conn, deadline_ms, &result);
        if (wait != SESSION_GOT)
            return wait;
        if (!result)
            continue;
        ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_FATAL_ERROR && !*refused) {
            *refused = result;
            *next = ++at;
            continue;
        }
        PQclear(result);
        if (status == PGRES_PIPELINE_SYNC)
            break;
        at++;
    }
    if (!*refused)
        *next = SQL_COUNT;
    return SESSION_GOT;
}

/* Every misspelt statement is told, not only the first. */
static fallible prepare_all(struct ctx *ctx, PGconn *conn, int64_t deadline_ms)
{
    struct err *wrong = NULL;
    for (int next = 0; next < SQL_COUNT;) {
        RESULT *refused = NULL;
        switch (prepare_from(conn, deadline_ms, &next, &refused)) {
        case SESSION_GOT:  break;
        case SESSION_LATE: return session_unavailable(ctx, "preparing the statements took too long");
        case SESSION_LOST: return session_unavailable(ctx, "the connection was lost while preparing the statements");
        }
        if (!refused)
            continue;
        const struct sql_statement *s = &sql_catalog[next - 1];
        const char *state = PQresultErrorField(refused, PG_DIAG_SQLSTATE);
        const char *message = PQresultErrorField(refused, PG_DIAG_MESSAGE_PRIMARY);
        if (!state || str_starts(state, "57") || str_starts(state, "53"))
            return session_unavailable(ctx, "the server went away while preparing the statements");
        log_error(NULL, "statement.refused", KV("statement", s->name), KV("place", s->place), KV("says", message ? message : ""));
        if (!wrong)
            wrong = ERR(ctx, INTERNAL, "statement %s (%s) cannot be prepared: %s", s->name, s->place, message ? message : "");
    }
    return wrong;
}

static fallible take_hold(struct ctx *ctx, PGconn *conn, int64_t deadline_ms)
{
    if (!PQsendQueryPrepared(conn, sql_catalog[SQL_SESSION_HOLD].name, 0, NULL, NULL, NULL, 0) || !PQpipelineSync(conn))
        return session_unavailable(ctx, "the connection was lost while taking the hold");
    for (;;) {
        RESULT *result = NULL;
        if (session_next(conn, deadline_ms, &result) != SESSION_GOT)
            return session_unavailable(ctx, "the connection was lost while taking the hold");
        if (!result)
            continue;
        ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_FATAL_ERROR)
            return session_error(ctx, SQL_SESSION_HOLD, result);
        if (status == PGRES_TUPLES_OK)
            ctx->db->hold = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
        if (status == PGRES_PIPELINE_SYNC)
            return NULL;
    }
}

static fallible connect_once(struct ctx *ctx)
{
    struct db *db = ctx->db;
    int64_t deadline = session_deadline(ctx), soon = boot_now_ms() + CONNECT_MS;
    if (deadline > soon)
        deadline = soon;

    db->conn = start(db, ctx->arena);
    struct err *err = NULL;
    if (!db->conn || PQstatus(db->conn) == CONNECTION_BAD || !establish(db->conn, deadline))
        err = session_unavailable(ctx, arena_printf(ctx->arena, "cannot connect: %s", db->conn ? PQerrorMessage(db->conn) : "no memory"));
    if (!err)
        err = prepare_all(ctx, db->conn, deadline);
    if (!err && db->take_hold)
        err = take_hold(ctx, db->conn, deadline);
    if (err)
        db_drop(db);
    return err;
}

/* Reads what an idle connection has to say: a notification, or that the server has gone. */
static void listen_to_idle(struct db *db)
{
    PGnotify *n;
    for (int i = 0; i < 16; i++) {
        struct pollfd p = { .fd = PQsocket(db->conn), .events = POLLIN };
        if (poll(&p, 1, 0) <= 0)
            break;
        if (!PQconsumeInput(db->conn) || PQstatus(db->conn) == CONNECTION_BAD) {
            db_drop(db);
            return;
        }
    }
    while ((n = PQnotifies(db->conn))) {
        db->notified = true;
        PQfreemem(n);
    }
}

bool db_notified(struct db *db)
{
    if (db->conn)
        listen_to_idle(db);
    bool told = db->notified;
    db->notified = false;
    return told;
}

fallible session_ready(struct ctx *ctx)
{
    struct db *db = ctx->db;
    if (db->tx_begun) {
        if (!db->conn || db->tx_broken)
            return session_unavailable(ctx, "the transaction had been given up");
        return NULL;
    }
    TRY(lanes_lend(ctx));
    if (db->conn)
        listen_to_idle(db);

    int64_t deadline = session_deadline(ctx);
    while (!db->conn) {
        int64_t now = boot_now_ms();
        bool patient = !db->failing_since_ms || now - db->failing_since_ms < KEEP_TRYING_MS;
        if (now < db->next_try_ms) {
            if (!patient || db->next_try_ms >= deadline)
                return session_unavailable(ctx, db->why);
            pause_ms(db->next_try_ms - now);
        }
        struct err *err = connect_once(ctx);
        if (!err)
            break;
        snprintf(db->why, sizeof db->why, "%s", err->cause ? err->cause->message : err->message);
        now = boot_now_ms();
        if (!db->failing_since_ms)
            db->failing_since_ms = now;
        db->backoff_ms = db->backoff_ms ? db->backoff_ms * 2 : SHORTEST_PAUSE;
        if (db->backoff_ms > LONGEST_PAUSE)
            db->backoff_ms = LONGEST_PAUSE;
        db->next_try_ms = now + db->backoff_ms;
        if (err->kind != ERR_UNAVAILABLE || !patient || db->next_try_ms >= deadline)
            return err;
    }
    db->failing_since_ms = db->next_try_ms = db->backoff_ms = 0;
    return NULL;
}

fallible db_ready(struct ctx *ctx)
{
    return session_ready(ctx);
}
