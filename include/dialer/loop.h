/*
 * dialer/loop.h - the dialer: one thread, one database session, all requests in flight at once.
 *
 *     dial       each running campaign is brought before the gate when it is due; every permit becomes one request
 *     report     each answer is written down; while the database is away answers wait in memory
 *     look       unknown attempts are searched in the carrier's list, silent calls are asked about, unwanted ones taken back
 *     orders     numbers that were being bought or given back when somebody died: what does the carrier say?
 *     prices     calls that are over are asked about until their price is known
 *     orphans    permits of senders that are gone become unknown
 *     courier    tenants' webhooks that are due are sent (dialer/courier.h)
 *
 * Any number of dialers may run: leads, looks and orphans are taken with SKIP LOCKED or lent for seconds, and a permit belongs to
 * the session that got it.  Killing one at any instant loses nothing: what it had not begun is returned by its permit's
 * end, what it had begun is unknown until the carrier says.
 *
 * A request begins only while its permit lives, by this machine's boot clock counted from before the gate was asked.  What
 * remains is the instant between that check and the first byte.
 */
#pragma once

#include "base/settings.h"

struct dialer;

/* name: for the dialers table and the log. */
struct dialer *dialer_create(const struct settings *, const char *name);
/* Works until dialer_stop; then permits nothing more, waits at most 8 s for answers to calls that are being placed, and returns.
 * Webhooks and questions that are still under way are given up: what they were about is lent to this dialer no more. */
void dialer_run(struct dialer *);
/* From any thread. */
void dialer_stop(struct dialer *);
void dialer_destroy(struct dialer *);
