#include "test.h"

#include <string.h>

#include "base/jwk.h"
#include "base/str.h"
#include "model/identity_provider.h"

/* The keys of RFC 7515, appendices A.2 and A.3. */
#define RSA_N "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMs" \
    "D1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdV" \
    "MTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
#define RSA "\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\""
#define EC_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define EC "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""

static size_t read_set(const char *text, const char *algorithm, struct jwk *out)
{
    const struct json *set;
    OK(!json_read(arena, text, strlen(text), &set));
    return jwks_read(arena, set, algorithm, out);
}

TEST("the keys of RFC 7515 become PEM texts of their algorithm")
{
    struct jwk key[JWKS_MOST_KEYS];
    const char *set = "{\"keys\":[{" RSA ",\"kid\":\"r\",\"use\":\"sig\",\"alg\":\"RS256\",\"x5t\":\"x\"},{" EC "}]}";
    EQUAL_INT(read_set(set, "RS256", key), 1);
    EQUAL_TEXT(key[0].kid, "r");
    EQUAL_TEXT(pem_algorithm(key[0].pem), "RS256");
    OK(str_starts(key[0].pem, "-----BEGIN PUBLIC KEY-----\n"));
    EQUAL_INT(read_set(set, "ES256", key), 1);
    EQUAL_TEXT(key[0].kid, NULL);
    EQUAL_TEXT(pem_algorithm(key[0].pem), "ES256");
}

TEST("keys that are not for such signatures are passed over")
{
    static const char *const none[] = {
        "{}", "[]", "null", "{\"keys\":{}}", "{\"keys\":[]}", "{\"keys\":[1,null,\"x\",[]]}", "{\"keys\":[{" RSA ",\"use\":\"enc\"}]}",
        "{\"keys\":[{" RSA ",\"alg\":\"RS512\"}]}", "{\"keys\":[{" RSA ",\"alg\":1}]}", "{\"keys\":[{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}]}",
        "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}", "{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AQAB\"}]}",
        "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"***\",\"e\":\"AQAB\"}]}" };
    static const char *const no_curve[] = {
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" EC_X "\",\"y\":\"" EC_X "\"}]}",
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_X "\"}]}",     /* a point off the curve */
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQAB\",\"y\":\"AQAB\"}]}", "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\"}]}" };
    struct jwk key[JWKS_MOST_KEYS];
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        EQUAL_INT(read_set(none[i], "RS256", key), 0);
    for (size_t i = 0; i < sizeof no_curve / sizeof *no_curve; i++)
        EQUAL_INT(read_set(no_curve[i], "ES256", key), 0);
}

TEST("a set has as many keys as there is room for")
{
    struct jwk key[JWKS_MOST_KEYS];
    struct str set = str_make(arena, 1 << 20);
    for (int i = 0; i < 30; i++)
        str_add(&set, i ? ",{" EC "}" : "{\"keys\":[{" EC "}");
    str_add(&set, "]}");
    EQUAL_INT(read_set(set.text, "ES256", key), JWKS_MOST_KEYS);
}

TEST("what is no public key has no algorithm")
{
    static const char *const bad[] = { "", "x", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n" };
    EQUAL_TEXT(pem_algorithm(NULL), NULL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        EQUAL_TEXT(pem_algorithm(bad[i]), NULL);
}

static const char *role_of(const char *claim, const char *payload)
{
    struct ctx ctx = { .arena = arena };
    const struct identity_provider p = { .role_claim = claim, .default_role = "viewer",
                                         .role_map = "{\"staff\": \"agent\", \"chief\": \"manager\", \"a b\": \"admin\"}" };
    const struct json *claims;
    OK(!json_read(arena, payload, strlen(payload), &claims));
    return identity_provider_role(&ctx, &p, claims);
}

TEST("the highest mapped role counts, wherever the claim is")
{
    EQUAL_TEXT(role_of("roles", "{\"roles\":[\"staff\",\"chief\",\"x\"]}"), "manager");
    EQUAL_TEXT(role_of("roles", "{\"roles\":\"staff chief\"}"), "manager");
    EQUAL_TEXT(role_of("roles", "{\"roles\":\"a b\"}"), "admin");
    EQUAL_TEXT(role_of("realm_access.roles", "{\"realm_access\":{\"roles\":[\"staff\"]}}"), "agent");
    EQUAL_TEXT(role_of("https://i.example/roles", "{\"https://i.example/roles\":[\"staff\"]}"), "agent");
    EQUAL_TEXT(role_of("roles", "{\"roles\":[\"x\",1,null,[\"chief\"]]}"), "viewer");
    EQUAL_TEXT(role_of("roles", "{\"roles\":{\"staff\":true}}"), "viewer");
    EQUAL_TEXT(role_of("a.b.c", "{\"a\":{\"b\":1}}"), "viewer");
    EQUAL_TEXT(role_of("roles", "{\"roles\":\"owner\"}"), "viewer");
    EQUAL_TEXT(role_of(NULL, "{\"roles\":[\"chief\"]}"), "viewer");
}

TEST("the highest role that a provider can give is known")
{
    struct ctx ctx = { .arena = arena };
    struct identity_provider p = { .default_role = "viewer", .role_map = "{\"a\":\"manager\",\"b\":\"agent\"}" };
    EQUAL_TEXT(identity_provider_ceiling(&ctx, &p), "manager");
    p.default_role = "owner";
    EQUAL_TEXT(identity_provider_ceiling(&ctx, &p), "owner");
    p = (struct identity_provider){ .role_map = "{}" };
    EQUAL_TEXT(identity_provider_ceiling(&ctx, &p), NULL);
}
