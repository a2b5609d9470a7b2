/*
 * db/session.h - inside db/ only: one connection, and one flush of its pipeline.
 *
 * Where many threads share lanes (db/lane.h), a struct db has no connection of its own: session_ready() borrows one from
 * their pool when a statement needs it, and it stays until db_rest(), at the end of the request, with its hold and its session locks.
 *
 * A flush is what travels to the server together: BEGIN when a transaction starts, enter() when somebody has to be
 * checked, and the statement, closed by one Sync.  Statements between two Syncs are one transaction by themselves, so a
 * refused enter() stops the statement behind it.
 */
#pragma once

#include <libpq-fe.h>
#include <time.h>

#include "db/db.h"

#define DB_PATIENCE_MS 10000                                    /* waiting for the server without a deadline of ctx */

struct db {
    char    *conninfo;
    char    *name;                                              /* application_name */
    const char *options;                                        /* further settings of the session, or NULL */
    bool     take_hold;
    struct lanes *lanes;                                        /* NULL: all statements go by conn */
    bool     borrowed;                                          /* conn, or the right to make one, is the pool's */
    PGconn  *conn;                                              /* in pipeline mode, or NULL */
    int64_t  hold;
    bool     notified;

    bool     tx_open;                                           /* between tx_begin and its end */
    bool     tx_begun;                                          /* BEGIN has been sent */
    bool     tx_entered;
    bool     tx_broken;                                         /* can only be rolled back */
    bool     again;                                             /* the last error may not come again: deadlock and its like */

    int64_t  failing_since_ms;                                  /* 0 = the last attempt to connect succeeded */
    int64_t  next_try_ms;
    int      backoff_ms;
    char     why[200];                                          /* what the last attempt to connect ended in */
};

int64_t session_deadline(const struct ctx *);

/* Connects unless connected.  In a transaction that has begun, a lost connection is an error. */
fallible session_ready(struct ctx *);
/* Runs one statement with what has to go before it; values are in text format.  *out is to be cleared by the caller. */
fallible session_flush(struct ctx *, enum sql, const char *const *values, PGresult **out);

/* Puts one statement of the catalogue, values as its $1 onwards, into the pipeline. */
bool session_queue(PGconn *, enum sql, const char *const *values);
/* What enter() is told about who is asking, in ctx's arena. */
#define SESSION_CREDENTIAL 6
void session_credential(struct ctx *, const char **values);
/* Asks the server to give up what the connection is waiting for. */
void session_cancel(PGconn *);
/* An error of a server that no longer takes writes, or of a plan made for an older schema: the next use shall connect anew. */
bool session_outlived(const PGresult *);

enum session_wait { SESSION_GOT, SESSION_LATE, SESSION_LOST };
/* The next result, NULL being one; SESSION_LATE when the deadline came first. */
enum session_wait session_next(PGconn *, int64_t deadline_ms, PGresult **out);
enum session_wait session_send(PGconn *, int64_t deadline_ms);  /* pushes out what is queued */
/* A deadline of boot_now_ms() on CLOCK_MONOTONIC, for waiting on other threads. */
struct timespec session_until(int64_t deadline_ms);
bool session_poll(int fd, short events, int64_t deadline_ms);   /* false = deadline */

/* What the server said, as an error of ours.  Sets again. */
struct err *session_error(struct ctx *, enum sql, const PGresult *);
struct err *session_unavailable(struct ctx *, const char *why) __attribute__((returns_nonnull));

/* $n in text format, in the arena; NULL for SQL NULL. */
const char *param_as_text(struct arena *, const struct param *);

static inline void session_clear(PGresult **result)
{
    PQclear(*result);
}
#define RESULT __attribute__((cleanup(session_clear))) PGresult
