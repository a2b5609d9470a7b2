/*
 * base/clock.h - instants and durations that cannot be mixed up.
 *
 * A struct utc is an instant in microseconds since 1970, as PostgreSQL's timestamptz has it.  What may be
 * dialled when is decided by the database's clock alone; these instants are for showing and for tokens.
 * Deadlines of this process use boot_now(), which keeps counting while the machine sleeps (CLOCK_BOOTTIME)
 * and never jumps.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct utc { int64_t us; };                                     /* 0 = not set */

struct utc utc_now(void);
struct utc utc_from_seconds(int64_t);
int64_t    utc_seconds(struct utc);
char      *utc_text(struct arena *, struct utc);                /* RFC 3339, milliseconds, "Z"; NULL when not set */
bool       utc_parse(const char *rfc3339, struct utc *out);     /* offset required */
bool       utc_parse_row(const char *, struct utc *out);        /* as PostgreSQL writes a timestamptz: "2026-01-01 00:00:05.25+00" */
/* RFC 2822 dates as Twilio sends them: "Thu, 01 Jan 2026 00:00:05 +0000". */
bool       utc_parse_rfc2822(const char *, struct utc *out);
char      *utc_text_rfc2822(struct arena *, struct utc);

int64_t boot_now_ms(void);                                      /* CLOCK_BOOTTIME in milliseconds */
double  boot_now_seconds(void);                                 /* the same with its fraction, for measuring */
