/* Tokens: arbitrary bytes are never one; arbitrary claims, signed by us, are good only with issuer, audience and times. */
#include "fuzz.h"

#include "base/jwt.h"

FUZZ
{
    static const char secret[] = "a secret that no input of this target was signed with";
    const struct jwt_key key = { .issuer = "outdial", .algorithm = "HS256", .key = secret, .audience = "outdial" };
    const int64_t now = 1800000000;
    struct jwt_claims claims;
    const char *token;

    MUST(jwt_verify(arena, &key, 1, bytes, "access", now, &claims) != NULL);
    if (jwt_sign(arena, "HS256", secret, bytes, NULL, &token) || jwt_verify(arena, &key, 1, token, "access", now, &claims))
        return;
    const char *issuer = json_string(json_get(claims.all, "iss"));
    MUST(issuer && strcmp(issuer, "outdial") == 0 && claims.expires_at + 60 >= now);
    const struct jwt_key other = { .issuer = "outdial", .algorithm = "HS256", .key = "another secret, as long as the one before was", .audience = "outdial" };
    MUST(jwt_verify(arena, &other, 1, token, "access", now, &claims) != NULL);
    (void)size, (void)ctx;
}
