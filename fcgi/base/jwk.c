#include "base/jwk.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "base/secret.h"
#include "base/str.h"

enum { SHORTEST_RSA_BITS = 2048, LONGEST_RSA_BITS = 8192, COORDINATE = 32, LONGEST_PEM = 16 << 10 };

static const char *algorithm_of(EVP_PKEY *key)
{
    char group[64] = "";
    int bits = EVP_PKEY_get_bits(key);
    if (EVP_PKEY_is_a(key, "RSA"))
        return bits >= SHORTEST_RSA_BITS && bits <= LONGEST_RSA_BITS ? "RS256" : NULL;
    if (EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 && str_equal(group, "prime256v1"))
        return "ES256";
    return NULL;
}

const char *pem_algorithm(const char *pem)
{
    if (!pem || strlen(pem) > LONGEST_PEM)
        return NULL;
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
    const char *algorithm = key ? algorithm_of(key) : NULL;
    EVP_PKEY_free(key);
    BIO_free(bio);
    return algorithm;
}

static unsigned char *member(struct arena *arena, const struct json *jwk, const char *name, size_t *size)
{
    const char *text = json_string(json_get(jwk, name));
    return text ? base64_decode(arena, text, size) : NULL;
}

static bool push_rsa(struct arena *arena, const struct json *jwk, OSSL_PARAM_BLD *params, BIGNUM *number[2])
{
    static const char *const names[2] = { OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E };
    for (int i = 0; i < 2; i++) {
        size_t size;
        unsigned char *bytes = member(arena, jwk, names[i], &size);
        number[i] = bytes && size <= LONGEST_RSA_BITS / 8 ? BN_bin2bn(bytes, (int)size, NULL) : NULL;
        if (!number[i] || OSSL_PARAM_BLD_push_BN(params, names[i], number[i]) != 1)
            return false;
    }
    return true;
}

static bool push_ec(struct arena *arena, const struct json *jwk, OSSL_PARAM_BLD *params)
{
    size_t x_size, y_size;
    unsigned char *point = arena_alloc(arena, 1 + 2 * COORDINATE);
    unsigned char *x = member(arena, jwk, "x", &x_size), *y = member(arena, jwk, "y", &y_size);
    if (!x || !y || x_size != COORDINATE || y_size != COORDINATE || !str_equal(json_string(json_get(jwk, "crv")), "P-256"))
        return false;
    point[0] = POINT_CONVERSION_UNCOMPRESSED;
    memcpy(point + 1, x, COORDINATE);
    memcpy(point + 1 + COORDINATE, y, COORDINATE);
    return OSSL_PARAM_BLD_push_utf8_string(params, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1
        && OSSL_PARAM_BLD_push_octet_string(params, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * COORDINATE) == 1;
}

static const char *as_pem(struct arena *arena, EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *bytes = NULL;
    bool good = bio && PEM_write_bio_PUBKEY(bio, key) == 1;
    long size = good ? BIO_get_mem_data(bio, &bytes) : 0;
    const char *pem = good ? arena_copy(arena, bytes, (size_t)size) : NULL;
    BIO_free(bio);
    return pem;
}

/* kind: "RSA" or "EC".  NULL when the key cannot be made, a point off its curve included. */
static const char *make_key(struct arena *arena, const char *kind, OSSL_PARAM_BLD *filled)
{
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(filled);
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
    EVP_PKEY *key = NULL;
    bool good = params && maker && EVP_PKEY_fromdata_init(maker) == 1 && EVP_PKEY_fromdata(maker, &key, EVP_PKEY_PUBLIC_KEY, params) == 1;
    const char *pem = good ? as_pem(arena, key) : NULL;
    EVP_PKEY_free(key);
    EVP_PKEY_CTX_free(maker);
    OSSL_PARAM_free(params);
    return pem;
}

static const char *pem_of_jwk(struct arena *arena, const struct json *jwk, bool rsa)
{
    BIGNUM *number[2] = { NULL, NULL };
    OSSL_PARAM_BLD *params = OSSL_PARAM_BLD_new();
    bool good = params && (rsa ? push_rsa(arena, jwk, params, number) : push_ec(arena, jwk, params));
    const char *pem = good ? make_key(arena, rsa ? "RSA" : "EC", params) : NULL;
    BN_free(number[0]);
    BN_free(number[1]);
    OSSL_PARAM_BLD_free(params);
    return pem;
}

/* Members that a key may have, and what they have to say then (RFC 7517, 4.2 and 4.4). */
static bool says(const struct json *jwk, const char *name, const char *wanted)
{
    const struct json *value = json_get(jwk, name);
    return !value || str_equal(json_string(value), wanted);
}

size_t jwks_read(struct arena *arena, const struct json *set, const char *algorithm, struct jwk out[JWKS_MOST_KEYS])
{
    const struct json *keys = json_get(set, "keys");
    bool rsa = str_equal(algorithm, "RS256");
    size_t count = 0;

    for (size_t i = 0; json_type_of(keys) == JSON_ARRAY && i < json_length(keys) && count < JWKS_MOST_KEYS; i++) {
        const struct json *jwk = json_at(keys, i);
        if (!str_equal(json_string(json_get(jwk, "kty")), rsa ? "RSA" : "EC") || !says(jwk, "alg", algorithm) || !says(jwk, "use", "sig"))
            continue;
        const char *pem = pem_of_jwk(arena, jwk, rsa);
        if (str_equal(pem_algorithm(pem), algorithm))
            out[count++] = (struct jwk){ json_string(json_get(jwk, "kid")), pem };
    }
    return count;
}
