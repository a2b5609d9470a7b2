/*
 * base/jwt.h - signed tokens (RFC 7519), read through a table of keys.  The only caller of libjwt.
 *
 * libjwt's decoder follows the algorithm the token names and checks no claim.  So: the header's alg must be the one fixed for
 * the issuer's key before anything is verified; header members other than alg, typ, cty, kid and x5t are refused, and of these
 * kid alone counts: it picks among an issuer's keys, and is never a path or an address; then the signature; then iss, aud, exp,
 * nbf, iat (60 s of leeway) and typ.  The payload is read by base/json, never by libjwt.  A token is at most 8 KiB.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"

#define JWT_LEEWAY_SECS 60

struct jwt_key {
    const char *issuer;
    const char *algorithm;                                      /* HS256, RS256 or ES256 */
    const char *key;                                            /* secret, or PEM of the public key */
    const char *audience;                                       /* NULL = not checked */
    const char *kid;                                            /* NULL = for tokens of any kid */
};

struct jwt_claims {
    const char *subject, *tenant, *role, *token_id;             /* sub, tid, role, jti; NULL when absent; epoch is the claim "epoch", 0 when absent */
    int64_t     epoch, issued_at, expires_at;                   /* seconds */
    const struct json *all;
};

/* What a token says about its issuer and audiences before anything is verified: only for finding keys.  false when it is
 * no token, or names no issuer. */
struct jwt_origin { const char *issuer, *kid; const char *audience[8]; size_t audiences; };
bool jwt_origin(struct arena *, const char *token, struct jwt_origin *out);

/* UNAUTHORIZED with a reason for the log; now in seconds.  type is the required "typ" claim, e.g. "access"; NULL = any. */
fallible jwt_verify(struct arena *, const struct jwt_key *keys, unsigned count, const char *token, const char *type,
                    int64_t now, struct jwt_claims *out);

/* payload_json: the claims as JSON text.  header_extra: more header members as NULL-terminated name, value pairs, or NULL. */
fallible jwt_sign(struct arena *, const char *algorithm, const char *key, const char *payload_json,
                  const char *const *header_extra, const char **out);
