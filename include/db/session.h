/*
 * db/session.h - inside db/ only: one connection, and one flush of its pipeline.
 *
 * A flush is what travels to the server together: BEGIN when a transaction starts, enter() when somebody has to be
 * checked, and the statement, closed by one Sync.  Statements between two Syncs are one transaction by themselves, so a
 * refused enter() stops the statement behind it.
 */
#pragma once

#include <libpq-fe.h>

#include "db/db.h"

#define DB_PATIENCE_MS 10000                                    /* waiting for the server without a deadline of ctx */

struct db {
    char    *conninfo;
    char    *name;                                              /* application_name */
    bool     take_hold;
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
fallible session_flush(struct ctx *, enum sql, const char *const *values, int count, PGresult **out);

enum session_wait { SESSION_GOT, SESSION_LATE, SESSION_LOST };
/* The next result, NULL being one; SESSION_LATE when the deadline came first. */
enum session_wait session_next(PGconn *, int64_t deadline_ms, PGresult **out);
enum session_wait session_send(PGconn *, int64_t deadline_ms);  /* pushes out what is queued */
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
