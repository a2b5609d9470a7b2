/*
 * db/lane.h - inside db/ only: statements of many threads, gathered into one flush.
 *
 * A lane is one connection and one thread that drives it.  A statement that is sent by a lane joins its queue; the thread takes
 * all that has queued (at most LANE_MOST), sends it as one pipeline with one Sync, and answers the members after the Sync: they share one
 * transaction and one commit, which is durable before anybody hears of it.  Nothing waits for company: a lone statement
 * leaves at once, and a batch is what came while the one before it was under way.
 *
 * Members do not see each other.  Each is preceded by an enter(), which replaces the identity before it or stops the batch; those that come
 * with the very same credential stand together, and one enter() lets all of them in.  Members without a credential (webhooks, logins) come
 * first, before anybody has entered.
 *
 * One error rolls the batch back.  Its members are then run one by one, each with its own Sync, so that the poison fails alone,
 * with its own error, and the others succeed.
 *
 * A lane is for what is quick.  Its session gives a statement LANE_STATEMENT_MS and a lock LANE_LOCK_MS: short enough that
 * nobody else notices, and far shorter than a deadlock with another process's lane, a dialer or a slow plan.  Whoever runs into one of
 * them is told to go on *alone*: the calling thread sends the statement again by a connection of its own, with the usual patience and retries.
 * A read that proved slow keeps off the lane for a while.  Batches of the write lane are sorted by the row that each member
 * locks first (lane_key in the catalogue), so that two lanes rarely meet crosswise at all.
 *
 * A member whose deadline passes leaves: out of the queue without a trace; in flight, its answer is thrown away when it comes.
 * Its parameters are read only before it is in flight, so its arena may go.
 */
#pragma once

#include "db/session.h"

#define LANE_MOST         64
#define LANE_STATEMENT_MS 200
#define LANE_LOCK_MS      50

struct lane;

/* Starts the thread; connects at the first statement.  kind: LANE_READ (its transactions cannot write) or LANE_WRITE. */
struct lane *lane_create(const char *conninfo, const char *application_name, enum sql_lane kind);
/* Nobody may be waiting.  NULL is fine. */
void lane_destroy(struct lane *);
/* Whether it would take this statement now; not while the statement has lately been too slow for it. */
bool lane_takes(const struct lane *, enum sql);
/* Like session_flush; *alone: nothing was done, the statement is to be sent by another connection. */
fallible lane_flush(struct ctx *, struct lane *, enum sql, const char *const *values, PGresult **out, bool *alone);
