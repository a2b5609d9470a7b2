/*
 * model/pacing.h - the objects inside a campaign that pace it, and what a good one looks like.
 *
 *     retries  {"busy": {"times": 2, "after_minutes": 60, "factor": 2, "max_minutes": 480}, ...}   an outcome that is not named is not retried
 *     breaker  {"attempts": 20, "failurePercent": 75, "cooldownSeconds": 30, "goodProbes": 3, "pauseAfter": 5}   absent members as here
 *     budget   {"amount": 5000, "currency": "USD"}   in the currency's minor unit
 *     goal     {"outcome": "answered", "count": 100}   or human, or pressed_1
 *
 * The gate (sql/schema/915_pacing.sql) reads them as they are stored, so what is stored is whole.  A wrong member is told by its path,
 * e.g. "retries.busy.times".
 */
#pragma once

#include "base/ctx.h"
#include "base/err.h"

/* Retries and breaker of a new campaign without anybody's wish. */
extern const char pacing_retries[], pacing_breaker[];

/* Each adds what is wrong to *found and leaves the rest alone; NULL text is good.  An error returned is none of the client's. */
fallible pacing_check_retries(struct ctx *, const char *text, struct err **found);
/* Fills in absent members. */
fallible pacing_check_breaker(struct ctx *, const char **text, struct err **found);
fallible pacing_check_budget(struct ctx *, const char *text, struct err **found);
fallible pacing_check_goal(struct ctx *, const char *text, struct err **found);
