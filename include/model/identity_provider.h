/*
 * model/identity_provider.h - somebody else who vouches for a tenant's people, by tokens of their own.
 *
 * A provider is an issuer and an audience, the one algorithm of its tokens, and where its public keys are: one PEM text, several
 * by kid while they are being changed, or an address that serves them as a JSON Web Key Set.  What its tokens say becomes a user of the tenant and
 * a role: the subject, or a verified e-mail address; and the highest role that role_map gives for the words in the claim
 * role_claim, else default_role.  A user's own role stays the ceiling, and nobody above the highest role that a provider can give is
 * its to vouch for: so whoever may set a provider up gains nothing by it that they could not do anyway.
 */
#pragma once

#include "base/shape.h"

struct identity_provider {
    struct uuid id, tenant_id;
    const char *name;
    const char *issuer, *audience;                              /* iss and aud of its tokens */
    const char *algorithm;                                      /* RS256, ES256 */
    const char *public_key;                                     /* PEM, for tokens of any kid; or NULL */
    const char *keys;                                           /* JSON object: kid -> PEM */
    const char *jwks_url;                                       /* or NULL */
    const char *user_claim;                                     /* sub, email */
    const char *role_claim;                                     /* "roles", "realm_access.roles"; or NULL */
    const char *role_map;                                       /* JSON object: word -> role */
    const char *default_role;                                   /* NULL: tokens without a mapped role are refused */
    bool        creates_users;                                  /* unknown verified addresses become users */
    bool        is_active;
    struct utc  created_at, updated_at;
};
extern const struct shape identity_provider_shape;

/* INVALID with every wrong field, but for the address, which service/identity_providers.c looks at. */
fallible identity_provider_check(struct ctx *, const struct identity_provider *);
/* The highest role that it can give; NULL = none. */
const char *identity_provider_ceiling(struct ctx *, const struct identity_provider *);
/* The role that these claims amount to; NULL = refused. */
const char *identity_provider_role(struct ctx *, const struct identity_provider *, const struct json *claims);
