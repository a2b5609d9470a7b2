/*
 * web/known_token.h - access tokens whose signature was good a moment ago.
 *
 * Reading a token and checking its signature costs as much as all else a worker does for a short list.  So a process
 * remembers, for at most KNOWN_TOKEN_MS, what verified tokens said, by the SHA-256 of their whole text.  That it has not expired is
 * checked at every use, and whether the credential still lives is enter()'s business as before: nothing is believed longer than without this.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/uuid.h"

#define KNOWN_TOKEN_MS 30000

struct known_token {
    char        hash[65];                                       /* of the token's text, in hex */
    char        token_id[160];                                  /* "" = none */
    struct uuid user, tenant;
    int64_t     epoch, expires_at;                              /* seconds */
    int         role;                                           /* rank */
    bool        only_first_steps;
    int64_t     until_ms;                                       /* set by known_token_keep */
};

/* False when it is not known, or has expired at now (seconds, with the leeway of base/jwt.h). */
bool known_token_find(const char *hash, int64_t now, struct known_token *out);
/* Of a token that jwt_verify() found good; takes the place of another one. */
void known_token_keep(const struct known_token *);
