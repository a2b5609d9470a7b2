/*
 * web/measure.h - what a worker counts, for /metrics.
 *
 * Each function names one thing that happened; the families, their names and labels are in fcgi/web/measure.c, and the counting
 * itself is base/metrics.h.  None of them fails or waits.
 */
#pragma once

#include "web/req.h"

void measure_open(const struct settings *);                     /* once, before threads */

/* A request was answered; r->route is NULL for addresses that are none. */
void measure_request(const struct req *, double seconds);
/* A webhook was refused.  why: "unsigned", "signature" or "foreign". */
void measure_webhook_refused(const char *why);
/* A genuine webhook: "stored", "repeated" or "stray"; status is the line's, or NULL. */
void measure_webhook(const char *verdict, const char *status);
