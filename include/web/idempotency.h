/*
 * web/idempotency.h - the same create twice is one create.
 *
 * A row per tenant, principal, route and key holds a hash of the request and its answer for 24 hours.  Requests with the
 * same key queue at an advisory lock of the session: whoever comes second waits at most five seconds, then finds the
 * first one's answer.  The handler, and the row, are one transaction, so an answer is kept exactly when its effect is.
 * Refusals are kept too, after the rollback; 401, 403, 429 and 5xx are not.
 *
 * Routes marked CALLS run without a transaction around them, for the provider is asked in between.  Their service binds the
 * key to the attempt in its own transaction: a row with attempt_id and without body, written by whoever permits the
 * attempt.  A replay then runs the handler with req->replay_attempt set.
 */
#pragma once

#include "web/req.h"

/* True when this request is to be kept: its route creates, and it has a key and somebody asking. */
bool idempotency_wanted(struct req *);
/* Runs the handler, or answers as it answered before.  Refusals come back as errors, settled. */
fallible idempotency_run(struct req *);
