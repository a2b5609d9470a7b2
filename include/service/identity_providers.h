/*
 * service/identity_providers.h - setting up who else vouches for people, and believing their tokens.
 *
 * A token of another issuer comes with each request; there is no session here.  Its algorithm is the one fixed for the issuer,
 * never the token's choice; then come signature, iss, aud, exp, nbf and iat, which has to be there: a token from before the user's epoch
 * was last raised (a change of password, role or status, "sign out everywhere") is dead.  A tenant's provider vouches for people of that tenant and of
 * no other; the one in the settings (JWT_PUBLIC_KEY) for people of the whole installation, by user id or verified address.
 */
#pragma once

#include "base/settings.h"
#include "model/identity_provider.h"

/* Whom a good token stands for, as enter() wants it. */
struct vouched {
    struct uuid tenant, user;
    int64_t     epoch, expires_at;
    const char *role;
};

/* Once, before threads.  INVALID when JWT_PUBLIC_KEY is no key, or names no issuer of its own. */
fallible svc_identity_init(struct ctx *, const struct settings *);
/* UNAUTHORIZED, with the reason in the cause; UNAVAILABLE when the issuer's keys cannot be fetched.  preferred: the tenant of the path, or none. */
fallible svc_identity_of_token(struct ctx *, const char *token, struct uuid preferred, struct vouched *out);

/* Only an owner sets up, changes or removes a provider that can give admin or owner. */
fallible svc_identity_provider_add(struct ctx *, struct identity_provider *);
fallible svc_identity_provider_change(struct ctx *, const struct identity_provider *before, struct identity_provider *after);
fallible svc_identity_provider_remove(struct ctx *, const struct identity_provider *);
