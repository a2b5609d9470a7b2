/*
 * base/jwk.h - public keys of other issuers: PEM texts (RFC 7468) and JSON Web Key Sets (RFC 7517).
 *
 * A key is taken only when it is strong enough and of the very kind that its algorithm wants: RSA of 2048 bits or more for RS256,
 * the curve P-256 for ES256.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/json.h"

enum { JWKS_MOST_KEYS = 20 };

struct jwk { const char *kid, *pem; };                          /* kid NULL = the key has no name */

/* "RS256" or "ES256"; NULL when the text is no public key that one of them takes. */
const char *pem_algorithm(const char *pem);
/* The keys of a set that verify this algorithm's signatures, the first JWKS_MOST_KEYS of them; others are passed over. */
size_t jwks_read(struct arena *, const struct json *set, const char *algorithm, struct jwk out[JWKS_MOST_KEYS]);
