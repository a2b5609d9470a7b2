/*
 * base/totp.h - one-time passwords by the clock (RFC 6238): SHA-1, six digits, thirty seconds, as every authenticator
 * application has them.  The only caller of liboath.
 *
 * Secrets are base32 text.  A code counts for its own time step and its two neighbours, so that a clock may be half a minute
 * wrong; which of the three it was is remembered by the caller, so that no code is taken twice.
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"

enum { TOTP_STEP_SECS = 30, TOTP_DIGITS = 6 };

char *totp_secret(struct arena *);                              /* 160 bits of chance */
/* "otpauth://totp/...": what an authenticator application reads from the QR code. */
char *totp_uri(struct arena *, const char *secret, const char *issuer, const char *account);
/* The code of a time step; NULL when secret is no base32. */
char *totp_code(struct arena *, const char *secret, int64_t step);
/* The time step, of now's and its neighbours, whose code this is; 0 = none.  Takes the same time for every code. */
int64_t totp_step(struct arena *, const char *secret, const char *code, int64_t now_secs);
/* Eighty bits of chance as four groups of letters and digits: what stands in for a lost application, once. */
char *totp_recovery_code(struct arena *);
