/*
 * service/factor.h - the second factor: a code by the clock from an authenticator application, or a recovery code.
 *
 * Setting one up takes two steps, so that nobody locks themself out with an application that cannot do it: begin gives a
 * secret, and the first good code confirms it and earns ten recovery codes, shown that once.  Every code counts once: the time
 * step of the last one is remembered, a recovery code is struck out.  Wrong codes count as failed sign-ins, so guessing ends after ten a
 * minute.  The secret lies sealed, with tenant and user as associated data.
 */
#pragma once

#include "base/ctx.h"
#include "base/err.h"
#include "model/user.h"

enum { RECOVERY_CODES = 10 };

/* What an authenticator application needs: the secret as text, as an address, as a picture. */
struct factor_offer { const char *secret, *uri, *qr_svg; };

/* user is the one that ctx is entered as.  CONFLICT "totp_enabled" when they have one. */
fallible svc_factor_begin(struct ctx *, struct uuid user, struct factor_offer *out);
/* INVALID on "code"; CONFLICT "totp_not_started".  codes are in the clear. */
fallible svc_factor_confirm(struct ctx *, struct uuid user, const char *code, const char *codes[RECOVERY_CODES]);
/* Ctx's own user gives it up, for which it takes a code. INVALID on "code". */
fallible svc_factor_remove(struct ctx *, struct uuid user, const char *code);
/* An administrator takes it from somebody: user_may_change() decides.  CONFLICT "totp_not_enabled". */
fallible svc_factor_reset(struct ctx *, struct uuid actor, const struct user *);

/* For signing in: uses up a code of the user that ctx is entered as.  UNAUTHORIZED "totp_required" without a code, "invalid_code". */
fallible factor_check(struct ctx *, struct uuid user, const char *sealed, const char *code);
