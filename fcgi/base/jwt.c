#include "base/jwt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jwt.h>

#include "base/str.h"

enum { LONGEST_TOKEN = 8192 };

static const struct { const char *name; jwt_alg_t number; } algorithms[] = {
    { "HS256", JWT_ALG_HS256 },
    { "RS256", JWT_ALG_RS256 },
    { "ES256", JWT_ALG_ES256 },
};

#define REFUSE(arena, ...) \
    return err_make((arena), __FILE__, __LINE__, ERR_UNAUTHORIZED, "invalid_token", NULL, __VA_ARGS__)

static void free_token(jwt_t **token)
{
    jwt_free(*token);
}

static jwt_alg_t algorithm_number(const char *name)
{
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
        if (str_equal(algorithms[i].name, name))
            return algorithms[i].number;
    return JWT_ALG_INVAL;
}

/* The JSON object in one part of a token: base64url without padding, narrower than base64_decode. */
static fallible read_part(struct arena *arena, const char *part, size_t length, const struct json **out)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *text = arena_copy(arena, part, length);
    size_t size = 0;
    char *bytes = strspn(text, alphabet) == length ? base64_decode(arena, text, &size) : NULL;
    if (!bytes)
        REFUSE(arena, "the token is not base64url");
    struct err *e = json_read(arena, bytes, size, out);
    if (e)
        return err_make(arena, __FILE__, __LINE__, ERR_UNAUTHORIZED, "invalid_token", e,
                        "the token is not JSON");
    if (json_type_of(*out) != JSON_OBJECT)
        REFUSE(arena, "a part of the token is no object");
    return NULL;
}

static fallible header_member(void *data, const char *name, const struct json *value)
{
    static const char *const known[] = { "alg", "typ", "cty", "kid", "x5t" };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i], name) == 0 && json_string(value))
            return NULL;
    REFUSE((struct arena *)data, "the token's header has a member that is not understood");
}

/* Splits and reads header and payload; nothing is believed yet. */
static fallible read_token(struct arena *arena, const char *token, const struct json **header,
                           const struct json **payload)
{
    const char *first = token ? strchr(token, '.') : NULL;
    const char *second = first ? strchr(first + 1, '.') : NULL;
    if (!second || strchr(second + 1, '.') || !second[1] || strlen(token) > LONGEST_TOKEN)
        REFUSE(arena, "not a token of three parts");
    TRY(read_part(arena, token, (size_t)(first - token), header));
    TRY(json_each(*header, header_member, arena));
    if (!json_string(json_get(*header, "alg")))
        REFUSE(arena, "the token's header names no algorithm");
    return read_part(arena, first + 1, (size_t)(second - first - 1), payload);
}

static bool signature_fits(const struct jwt_key *key, const char *token)
{
    __attribute__((cleanup(free_token))) jwt_t *decoded = NULL;
    if (str_blank(key->key)
        || jwt_decode(&decoded, token, (const unsigned char *)key->key, (int)strlen(key->key)) != 0)
        return false;
    return jwt_get_alg(decoded) == algorithm_number(key->algorithm);
}

/* Keys of one issuer may be several while they are being changed; each has its own fixed algorithm. */
static const struct jwt_key *find_key(const struct jwt_key *keys, unsigned count, const char *issuer,
                                      const struct json *header, const char *token)
{
    const char *alg = json_string(json_get(header, "alg")), *kid = json_string(json_get(header, "kid"));
    if (algorithm_number(alg) == JWT_ALG_INVAL)
        return NULL;
    for (unsigned i = 0; i < count; i++)
        if (issuer && str_equal(keys[i].issuer, issuer) && str_equal(keys[i].algorithm, alg)
            && (!keys[i].kid || !kid || str_equal(keys[i].kid, kid)) && signature_fits(&keys[i], token))
            return &keys[i];
    return NULL;
}

bool jwt_origin(struct arena *arena, const char *token, struct jwt_origin *out)
{
    const struct json *header, *payload;
    if (read_token(arena, token, &header, &payload) != NULL)
        return false;
    const struct json *aud = json_get(payload, "aud");
    size_t count = json_type_of(aud) == JSON_ARRAY ? json_length(aud) : 1;
    *out = (struct jwt_origin){ .issuer = json_string(json_get(payload, "iss")), .kid = json_string(json_get(header, "kid")) };
    for (size_t i = 0; i < count && out->audiences < sizeof out->audience / sizeof *out->audience; i++) {
        const char *one = json_string(json_type_of(aud) == JSON_ARRAY ? json_at(aud, i) : aud);
        if (one)
            out->audience[out->audiences++] = one;
    }
    return out->issuer != NULL;
}

static bool audience_fits(const struct json *aud, const char *wanted)
{
    if (!wanted || str_equal(json_string(aud), wanted))
        return true;
    for (size_t i = 0; json_type_of(aud) == JSON_ARRAY && i < json_length(aud); i++)
        if (str_equal(json_string(json_at(aud, i)), wanted))
            return true;
    return false;
}

/* A NumericDate in whole seconds; false when it is there and is none. */
static bool read_date(const struct json *claims, const char *name, int64_t absent, int64_t *out)
{
    const struct json *value = json_get(claims, name);
    double number;
    *out = absent;
    if (!value)
        return true;
    if (!json_number(value, &number) || number < 0 || number > 1e12)
        return false;
    *out = (int64_t)floor(number);
    return true;
}

static fallible check_dates(struct arena *arena, const struct json *payload, int64_t now,
                            struct jwt_claims *out)
{
    int64_t not_before;
    if (!read_date(payload, "exp", 0, &out->expires_at) || !read_date(payload, "nbf", now, &not_before)
        || !read_date(payload, "iat", 0, &out->issued_at))
        REFUSE(arena, "a date in the token is not a number of seconds");
    if (!json_get(payload, "exp"))
        REFUSE(arena, "the token never expires");
    if (out->expires_at + JWT_LEEWAY_SECS <= now)
        REFUSE(arena, "the token has expired");
    if (not_before - JWT_LEEWAY_SECS > now)
        REFUSE(arena, "the token is not valid yet");
    if (out->issued_at - JWT_LEEWAY_SECS > now)
        REFUSE(arena, "the token was issued in the future");
    return NULL;
}

fallible jwt_verify(struct arena *arena, const struct jwt_key *keys, unsigned count, const char *token,
                    const char *type, int64_t now, struct jwt_claims *out)
{
    const struct json *header, *payload;
    TRY(read_token(arena, token, &header, &payload));
    const struct jwt_key *key = find_key(keys, count, json_string(json_get(payload, "iss")), header, token);
    if (!key)
        REFUSE(arena, "no key of that issuer and algorithm fits the token");
    *out = (struct jwt_claims){
        .subject = json_string(json_get(payload, "sub")), .tenant = json_string(json_get(payload, "tid")),
        .role = json_string(json_get(payload, "role")), .token_id = json_string(json_get(payload, "jti")),
        .all = payload };
    TRY(check_dates(arena, payload, now, out));
    if (!audience_fits(json_get(payload, "aud"), key->audience))
        REFUSE(arena, "the token is meant for another audience");
    if (type && !str_equal(json_string(json_get(payload, "typ")), type))
        REFUSE(arena, "the token is no %s token", type);
    const struct json *epoch = json_get(payload, "epoch");
    if (epoch && !json_integer(epoch, &out->epoch))
        REFUSE(arena, "the token's epoch is not a number");
    return NULL;
}

static bool add_headers(jwt_t *token, const char *const *pairs)
{
    for (; pairs && pairs[0] && pairs[1]; pairs += 2)
        if (jwt_add_header(token, pairs[0], pairs[1]) != 0)
            return false;
    return true;
}

fallible jwt_sign(struct arena *arena, const char *algorithm, const char *key, const char *payload_json,
                  const char *const *header_extra, const char **out)
{
    jwt_alg_t number = algorithm_number(algorithm);
    if (number == JWT_ALG_INVAL || str_blank(key))
        return err_make(arena, __FILE__, __LINE__, ERR_INTERNAL, NULL, NULL, "no key to sign tokens with");
    __attribute__((cleanup(free_token))) jwt_t *token = NULL;
    bool good = jwt_new(&token) == 0 && jwt_add_grants_json(token, payload_json) == 0
        && add_headers(token, header_extra)
        && jwt_set_alg(token, number, (const unsigned char *)key, (int)strlen(key)) == 0;
    char *text = good ? jwt_encode_str(token) : NULL;
    if (!text)
        return err_make(arena, __FILE__, __LINE__, ERR_INTERNAL, NULL, NULL, "the token cannot be signed");
    *out = arena_text(arena, text);
    free(text);
    return NULL;
}
