/*
 * service/session.h - signing in, staying signed in, leaving.
 *
 * One login starts a family of refresh tokens, each good once; showing a used one ends the family.  An access token lives
 * for fifteen minutes and names, as its jti, the hash of the refresh token it was given with: so leaving with nothing but
 * the access token still ends the right family.  The hash tells nothing about the token.
 *
 * Whoever has a second factor needs its code too (service/factor.h).  Where a tenant requires one, somebody without gets an
 * access token with the claim "setup":"totp", which opens nothing but the routes that set one up.
 *
 * An unknown address and a wrong password cost the same time and say the same.  Ten failures in a minute for one address,
 * known or not, and nothing is evaluated for it until the minute has passed.  Argon2 never runs inside a transaction.
 */
#pragma once

#include "base/settings.h"
#include "model/tenant.h"
#include "model/user.h"

enum { ACCESS_SECS = 15 * 60, REFRESH_DAYS = 30, LOGIN_FAILURES = 10 };

struct session {
    const char   *access_token, *refresh_token;
    struct user   user;
    struct tenant tenant;
};

/* UNAUTHORIZED "invalid_credentials", "totp_required" or "invalid_code", TOO_MANY, FORBIDDEN "user_disabled", "tenant_suspended" or
 * "address_not_allowed".  code may be NULL.  ctx is entered as the user afterwards. */
fallible svc_session_login(struct ctx *, const struct settings *, const char *email, const char *password, const char *code, struct session *out);
/* UNAUTHORIZED "invalid_refresh_token". */
fallible svc_session_refresh(struct ctx *, const struct settings *, const char *refresh_token, struct session *out);
/* Ends ctx's session.  expires_at: when its access token would have; refresh_token may be NULL. */
fallible svc_session_end(struct ctx *, struct uuid user, struct utc expires_at, const char *refresh_token);
/* A one-time link (`outdial init`) becomes a password and a session.  UNAUTHORIZED "invalid_setup_token"; "totp_required" when the
 * password is set and the session still takes a code. */
fallible svc_session_setup(struct ctx *, const struct settings *, const char *token, const char *password, struct session *out);
/* All sessions of somebody, by an administrator: user_may_change() decides.  The asking one stays. */
fallible svc_sessions_end_of(struct ctx *, struct uuid actor, const struct user *);
/* TOO_MANY, with when to try again. */
struct err *session_throttled(struct ctx *) __attribute__((returns_nonnull));
/* A one-time link's token for a user of ctx's tenant; good for 24 hours, once.  For the operator's command. */
fallible svc_session_setup_link(struct ctx *, struct uuid user, const char **token);
