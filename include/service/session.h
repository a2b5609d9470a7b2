/*
 * service/session.h - signing in, staying signed in, leaving.
 *
 * One login starts a family of refresh tokens, each good once; showing a used one ends the family.  An access token lives
 * for fifteen minutes and names, as its jti, the hash of the refresh token it was given with: so leaving with nothing but
 * the access token still ends the right family.  The hash tells nothing about the token.
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

/* UNAUTHORIZED "invalid_credentials", TOO_MANY, FORBIDDEN "user_disabled" or "tenant_suspended".  ctx is entered as the user afterwards. */
fallible svc_session_login(struct ctx *, const struct settings *, const char *email, const char *password, struct session *out);
/* UNAUTHORIZED "invalid_refresh_token". */
fallible svc_session_refresh(struct ctx *, const struct settings *, const char *refresh_token, struct session *out);
/* Ends ctx's session.  expires_at: when its access token would have; refresh_token may be NULL. */
fallible svc_session_end(struct ctx *, struct uuid user, struct utc expires_at, const char *refresh_token);
/* A one-time link (`outdial init`) becomes a password and a session.  UNAUTHORIZED "invalid_setup_token". */
fallible svc_session_setup(struct ctx *, const struct settings *, const char *token, const char *password, struct session *out);
/* A one-time link's token for a user of ctx's tenant; good for 24 hours, once.  For the operator's command. */
fallible svc_session_setup_link(struct ctx *, struct uuid user, const char **token);
