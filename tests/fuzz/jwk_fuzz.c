/* Key sets of identity providers, PEM texts and unverified tokens: any bytes are keys of an algorithm that takes them, or none. */
#include "fuzz.h"

#include "base/jwk.h"
#include "base/jwt.h"

FUZZ
{
    static const char *const algorithms[] = { "RS256", "ES256" };
    const struct json *set;
    struct jwk keys[JWKS_MOST_KEYS];

    const char *algorithm = pem_algorithm(bytes);
    MUST(!algorithm || strcmp(algorithm, "RS256") == 0 || strcmp(algorithm, "ES256") == 0);
    struct jwt_origin origin;
    if (jwt_origin(arena, bytes, &origin))
        MUST(origin.audiences <= sizeof origin.audience / sizeof *origin.audience);
    if (json_read(arena, bytes, size, &set))
        return;
    for (int i = 0; i < 2; i++) {
        size_t count = jwks_read(arena, set, algorithms[i], keys);
        MUST(count <= JWKS_MOST_KEYS);
        for (size_t k = 0; k < count; k++)
            MUST(strcmp(pem_algorithm(keys[k].pem), algorithms[i]) == 0);
    }
    (void)ctx;
}
