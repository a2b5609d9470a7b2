/*
 * dialer/tally.h - inside dialer/ only: what a dialer counts, for /metrics.
 */
#pragma once

#include "flight.h"

void tally_open(const struct settings *);
/* What the sender of a request found out: an outcome of provider.h. */
void tally_report(const char *outcome, int64_t took_ms);
/* Leads that were passed over at the gate. */
void tally_skipped(int64_t count);
/* A call whose price became known.  currency: "" when nothing was charged. */
void tally_priced(const char *currency, int64_t micros);
/* Asks the database how the installation stands; at most every ten seconds. */
void tally_installation(struct dialer *);
