#include "test.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/jwt.h"
#include "base/str.h"

enum { NOW = 1767225600 };

static const char secret[] = "s3cr3ts3cr3ts3cr3ts3cr3ts3cr3t12";

/* A key pair as PEM texts in the arena. */
struct pair_of_keys { const char *private_key, *public_key; };

static const char *taken(BIO *bio)
{
    char *bytes;
    long size = BIO_get_mem_data(bio, &bytes);
    const char *text = arena_copy(arena, bytes, (size_t)size);
    BIO_free(bio);
    return text;
}

static struct pair_of_keys make_keys(EVP_PKEY *key)
{
    BIO *private_bio = BIO_new(BIO_s_mem()), *public_bio = BIO_new(BIO_s_mem());
    OK(key && PEM_write_bio_PrivateKey(private_bio, key, NULL, NULL, 0, NULL, NULL) == 1);
    OK(PEM_write_bio_PUBKEY(public_bio, key) == 1);
    EVP_PKEY_free(key);
    return (struct pair_of_keys){ taken(private_bio), taken(public_bio) };
}

static const char *sign(const char *algorithm, const char *key, const char *payload)
{
    const char *token = NULL;
    struct err *e = jwt_sign(arena, algorithm, key, payload, NULL, &token);
    if (e)
        fail_msg("%s", e->message);
    return token;
}

/* Why the token is refused, or NULL. */
static const char *verify(const struct jwt_key *key, const char *token, const char *type,
    struct jwt_claims *claims)
{
    struct err *e = jwt_verify(arena, key, 1, token, type, NOW, claims);
    if (e)
        EQUAL_INT(e->kind, ERR_UNAUTHORIZED);
    return e ? e->message : NULL;
}

static const struct jwt_key ours = { "outdial", "HS256", secret, "outdial", NULL };

static const char *why(const char *payload)
{
    struct jwt_claims claims;
    return verify(&ours, sign("HS256", secret, payload), "access", &claims);
}

/* A token of any header and payload, signed as HS256 with that key, through OpenSSL alone. */
static const char *forge(const char *header, const char *payload, const char *key)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    size_t size = 0;
    char *text = arena_printf(arena, "%s.%s", base64url_encode(arena, header, strlen(header)),
                              base64url_encode(arena, payload, strlen(payload)));
    OK(EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, strlen(key), (unsigned char *)text, strlen(text),
        digest,
                 sizeof digest, &size));
    return arena_printf(arena, "%s.%s", text, base64url_encode(arena, digest, size));
}

static const char good[] = "{\"iss\":\"outdial\",\"aud\":\"outdial\",\"sub\":\"u1\",\"tid\":\"t1\",\"role\""
                           ":\"manager\",\"jti\":\"j1\","
                           "\"typ\":\"access\",\"epoch\":3,\"iat\":1767225600,\"exp\":1767226500}";

TEST("a token of ours is taken with its claims")
{
    struct jwt_claims claims;
    EQUAL_TEXT(verify(&ours, sign("HS256", secret, good), "access", &claims), NULL);
    EQUAL_TEXT(claims.subject, "u1");
    EQUAL_TEXT(claims.tenant, "t1");
    EQUAL_TEXT(claims.role, "manager");
    EQUAL_TEXT(claims.token_id, "j1");
    EQUAL_INT(claims.epoch, 3);
    EQUAL_INT(claims.issued_at, 1767225600);
    EQUAL_INT(claims.expires_at, 1767226500);
    EQUAL_TEXT(json_string(json_get(claims.all, "typ")), "access");
}

TEST("the three algorithms work, each with its own key only")
{
    struct pair_of_keys rsa = make_keys(EVP_RSA_gen(2048)), other = make_keys(EVP_RSA_gen(2048)),
    ec = make_keys(EVP_EC_gen("P-256"));
    struct jwt_claims claims;
    const struct jwt_key rs = { "outdial", "RS256", rsa.public_key, NULL, NULL }, es = { "outdial", "ES256",
        ec.public_key, NULL, NULL };
    const char *rs_token = sign("RS256", rsa.private_key, good), *es_token = sign("ES256", ec.private_key,
        good);
    EQUAL_TEXT(verify(&rs, rs_token, NULL, &claims), NULL);
    EQUAL_TEXT(verify(&es, es_token, NULL, &claims), NULL);
    OK(verify(&rs, es_token, NULL, &claims) && verify(&es, rs_token, NULL, &claims));
    OK(verify(&rs, sign("RS256", other.private_key, good), NULL, &claims));
    OK(verify(&ours, rs_token, NULL, &claims) && verify(&ours, es_token, NULL, &claims));
}

TEST("a public key is never taken for a secret")
{
    struct pair_of_keys rsa = make_keys(EVP_RSA_gen(2048));
    const struct jwt_key key = { "outdial", "RS256", rsa.public_key, NULL, NULL };
    struct jwt_claims claims;
    OK(verify(&key, forge("{\"alg\":\"HS256\",\"typ\":\"JWT\"}", good, rsa.public_key), NULL, &claims));
    OK(verify(&key, forge("{\"alg\":\"RS256\",\"typ\":\"JWT\"}", good, rsa.public_key), NULL, &claims));
}

TEST("the header is checked before anything else")
{
    static const char *const bad[] = {
        "{\"alg\":\"none\"}", "{\"alg\":\"None\"}", "{\"alg\":\"HS512\"}", "{\"alg\":\"hs256\"}", "{}",
        "{\"typ\":\"JWT\"}", "[]", "null",
        "{\"alg\":1}", "{\"alg\":\"HS256\",\"jku\":\"https://evil\"}",
        "{\"alg\":\"HS256\",\"crit\":[\"exp\"]}",
        "{\"alg\":\"HS256\",\"jwk\":{}}", "{\"alg\":\"HS256\",\"x5u\":\"x\"}",
        "{\"alg\":\"HS256\",\"kid\":7}", "{\"alg\":\"HS256\",\"x5c\":[]}",
        "{\"alg\":\"HS256\",\"alg\":\"HS256\"}", "{\"alg\":\"HS256\",\"b64\":false}" };
    struct jwt_claims claims;
    EQUAL_TEXT(verify(&ours, forge("{\"alg\":\"HS256\",\"kid\":\"k\",\"cty\":\"x\"}", good, secret),
        "access", &claims), NULL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (!verify(&ours, forge(bad[i], good, secret), "access", &claims))
            fail_msg("accepted: %s", bad[i]);
    const char *unsigned_token = arena_printf(arena, "%s.%s.", base64url_encode(arena, "{\"alg\":\"none\"}",
        14),
                                              base64url_encode(arena, good, strlen(good)));
    OK(verify(&ours, unsigned_token, "access", &claims));
}

#define CLAIMS(changed) \
    "{\"iss\":\"outdial\",\"aud\":\"outdial\",\"typ\":\"access\",\"exp\":1767226500" changed "}"

TEST("registered claims are checked, with a minute of leeway")
{
    EQUAL_TEXT(why(CLAIMS("")), NULL);
    EQUAL_TEXT(why("{\"iss\":\"outdial\",\"aud\":\"outdial\",\"typ\":\"access\",\"exp\":1767225541}"), NULL);
    OK(why("{\"iss\":\"outdial\",\"aud\":\"outdial\",\"typ\":\"access\",\"exp\":1767225540}"));
    OK(why("{\"iss\":\"outdial\",\"aud\":\"outdial\",\"typ\":\"access\"}"));
    OK(why("{\"iss\":\"outdial\",\"aud\":\"outdial\",\"typ\":\"access\",\"exp\":\"1767226500\"}"));
    OK(why("{\"iss\":\"outdial\",\"aud\":\"outdial\",\"typ\":\"access\",\"exp\":-1}"));
    OK(why("{\"iss\":\"outdial\",\"aud\":\"outdial\",\"typ\":\"access\",\"exp\":null}"));
    EQUAL_TEXT(why(CLAIMS(",\"nbf\":1767225660,\"iat\":1767225660")), NULL);
    OK(why(CLAIMS(",\"nbf\":1767225661")) && why(CLAIMS(",\"iat\":1767225661"))
        && why(CLAIMS(",\"nbf\":\"x\"")));
    OK(why("{\"iss\":\"rival\",\"aud\":\"outdial\",\"typ\":\"access\",\"exp\":1767226500}"));
    OK(why("{\"aud\":\"outdial\",\"typ\":\"access\",\"exp\":1767226500}"));
    OK(why("{\"iss\":\"outdial\",\"aud\":\"other\",\"typ\":\"access\",\"exp\":1767226500}"));
    OK(why("{\"iss\":\"outdial\",\"typ\":\"access\",\"exp\":1767226500}"));
    EQUAL_TEXT(why("{\"iss\":\"outdial\",\"aud\":[\"a\",\"outdial\"],\"typ\":\"access\",\"exp\":1767226500}"
                   ""), NULL);
    OK(why("{\"iss\":\"outdial\",\"aud\":[\"a\",[\"outdial\"]],\"typ\":\"access\",\"exp\":1767226500}"));
    OK(why("{\"iss\":\"outdial\",\"aud\":\"outdial\",\"typ\":\"refresh\",\"exp\":1767226500}"));
    OK(why("{\"iss\":\"outdial\",\"aud\":\"outdial\",\"exp\":1767226500}"));
    OK(why(CLAIMS(",\"epoch\":\"3\"")));
}

TEST("a payload that our own reader refuses is refused")
{
    struct jwt_claims claims;
    static const char *const bad[] = { "{\"iss\":\"outdial\",\"iss\":\"outdial\",\"exp\":1767226500}", "[]",
        "null", "", "{", "{'iss':1}" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        OK(verify(&ours, forge("{\"alg\":\"HS256\"}", bad[i], secret), NULL, &claims));
}

TEST("the issuer picks the key, and while keys are changed either will do")
{
    const struct jwt_key keys[] = { { "idp", "HS256", "the key of the identity provider", NULL, NULL },
    { "outdial", "HS256", "the next key", NULL, NULL }, ours };
    struct jwt_claims claims;
    OK(!jwt_verify(arena, keys, 3, sign("HS256", secret, good), "access", NOW, &claims));
    OK(!jwt_verify(arena, keys, 3, sign("HS256", "the next key", good), "access", NOW, &claims));
    OK(jwt_verify(arena, keys, 3, sign("HS256", "the key of the identity provider", good), "access", NOW,
        &claims));
    OK(jwt_verify(arena, keys, 0, sign("HS256", secret, good), "access", NOW, &claims));
    const struct jwt_key empty = { "outdial", "HS256", "", NULL, NULL }, none = { "outdial", "HS256", NULL, NULL, NULL };
    OK(verify(&empty, forge("{\"alg\":\"HS256\"}", good, ""), NULL, &claims) && verify(&none, sign("HS256",
        secret, good), NULL, &claims));
}

TEST("any altered character, and any other shape, is refused")
{
    struct jwt_claims claims;
    const char *token = sign("HS256", secret, good);
    for (size_t i = 0; token[i]; i++) {
        char *altered = arena_text(arena, token);
        altered[i] = altered[i] == 'Q' ? 'R' : 'Q';
        if (!verify(&ours, altered, "access", &claims))
            fail_msg("byte %zu", i);
        OK(verify(&ours, arena_copy(arena, token, i), "access", &claims));
    }
    const char *const bad[] = { NULL, "", ".", "..", "...", "a.b", "a.b.c", arena_printf(arena, "%s.",
        token), arena_printf(arena, "%s=", token),
                                arena_printf(arena, " %s", token), arena_printf(arena, "%s\n", token) };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        OK(verify(&ours, bad[i], "access", &claims));
}

TEST("a token is at most 8 KiB")
{
    struct jwt_claims claims;
    char *filler = memset(arena_alloc(arena, 7001), 'x', 7000);
    char *payload = arena_printf(arena, "{\"iss\":\"outdial\",\"exp\":1767226500,\"x\":\"%s\"}", filler);
    const struct jwt_key key = { "outdial", "HS256", secret, NULL, NULL };
    OK(strstr(verify(&key, sign("HS256", secret, payload), NULL, &claims), "three parts"));
    filler[5000] = '\0';
    payload = arena_printf(arena, "{\"iss\":\"outdial\",\"exp\":1767226500,\"x\":\"%s\"}", filler);
    EQUAL_TEXT(verify(&key, sign("HS256", secret, payload), NULL, &claims), NULL);
}

#define SK "SKbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define AC "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define AP "APcccccccccccccccccccccccccccccccc"

static const char softphone[] =
    "{\"jti\":\"" SK "-1767225600\",\"grants\":{\"identity\":\"acme__u17\",\"voice\":{\"incoming\":{\""
    "allow\":true},"
    "\"outgoing\":{\"application_sid\":\"" AP "\",\"params\":{\"tenant\":\"acme\"}}}},"
    "\"iat\":1767225600,\"exp\":1767229200,\"iss\":\"" SK "\",\"sub\":\"" AC "\"}";

TEST("a softphone's token has Twilio's header and claims")
{
    static const char *const extra[] = { "cty", "twilio-fpa;v=1", NULL };
    const char *token;
    OK(!jwt_sign(arena, "HS256", secret, softphone, extra, &token));
    size_t size;
    const struct json *header;
    char *bytes = base64_decode(arena, arena_copy(arena, token, strcspn(token, ".")), &size);
    OK(!json_read(arena, bytes, size, &header));
    EQUAL_INT(json_length(header), 3);
    EQUAL_TEXT(json_string(json_get(header, "alg")), "HS256");
    EQUAL_TEXT(json_string(json_get(header, "typ")), "JWT");
    EQUAL_TEXT(json_string(json_get(header, "cty")), "twilio-fpa;v=1");
    const struct jwt_key key = { SK, "HS256", secret, NULL, NULL };
    struct jwt_claims claims;
    EQUAL_TEXT(verify(&key, token, NULL, &claims), NULL);
    EQUAL_TEXT(claims.subject, AC);
    EQUAL_TEXT(claims.token_id, SK "-1767225600");
    EQUAL_INT(claims.expires_at - claims.issued_at, 3600);
    const struct json *grants = json_get(claims.all, "grants"), *voice = json_get(grants, "voice");
    EQUAL_TEXT(json_string(json_get(grants, "identity")), "acme__u17");
    EQUAL_TEXT(json_text(arena, json_get(voice, "incoming")), "{\"allow\":true}");
    EQUAL_TEXT(json_string(json_get(json_get(voice, "outgoing"), "application_sid")), AP);
    EQUAL_TEXT(json_string(json_get(json_get(json_get(voice, "outgoing"), "params"), "tenant")), "acme");
}

TEST("Twilio's own token for the same claims is taken, to the last byte of its signature")
{
    const struct jwt_key key = { SK, "HS256", secret, NULL, NULL };
    struct jwt_claims claims;
    const char *token = forge("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"cty\":\"twilio-fpa;v=1\"}", softphone,
        secret);
    EQUAL_TEXT(strrchr(token, '.') + 1, "1DhU-Bcpf2wLtCL26pujNue7LhHJTo4g0pJ7uYXw-ww");
    EQUAL_TEXT(verify(&key, token, NULL, &claims), NULL);
}

TEST("nothing is signed without a key, with another algorithm or with a broken payload")
{
    const char *token;
    OK(jwt_sign(arena, "none", secret, good, NULL, &token) && jwt_sign(arena, "HS512", secret, good, NULL,
        &token));
    OK(jwt_sign(arena, "HS256", "", good, NULL, &token) && jwt_sign(arena, "HS256", NULL, good, NULL,
        &token));
    OK(jwt_sign(arena, "HS256", secret, "{", NULL, &token) && jwt_sign(arena, "RS256", "no PEM", good, NULL,
        &token));
}

TEST("a kid picks among the keys of an issuer, and nothing else")
{
    const struct jwt_key keys[] = { { "outdial", "HS256", secret, NULL, "old" }, { "outdial", "HS256", "the next key", NULL, "new" } };
    struct jwt_claims claims;
    static const struct { const char *header; bool old_key, new_key; } cases[] = {
        { "{\"alg\":\"HS256\",\"kid\":\"old\"}", true, false }, { "{\"alg\":\"HS256\",\"kid\":\"new\"}", false, true },
        { "{\"alg\":\"HS256\",\"kid\":\"../../dev/null\"}", false, false }, { "{\"alg\":\"HS256\"}", true, true },
        { "{\"alg\":\"HS256\",\"kid\":\"\"}", false, false } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        EQUAL_INT(!jwt_verify(arena, keys, 2, forge(cases[i].header, good, secret), NULL, NOW, &claims), cases[i].old_key);
        EQUAL_INT(!jwt_verify(arena, keys, 2, forge(cases[i].header, good, "the next key"), NULL, NOW, &claims), cases[i].new_key);
    }
}

TEST("where a token says that it comes from is read before it is believed")
{
    struct jwt_origin origin;
    OK(jwt_origin(arena, forge("{\"alg\":\"RS256\",\"kid\":\"k1\"}", "{\"iss\":\"i\",\"aud\":[\"a\",7,\"b\"]}", "x"), &origin));
    EQUAL_TEXT(origin.issuer, "i");
    EQUAL_TEXT(origin.kid, "k1");
    EQUAL_INT(origin.audiences, 2);
    EQUAL_TEXT(origin.audience[1], "b");
    OK(jwt_origin(arena, forge("{\"alg\":\"RS256\"}", "{\"iss\":\"i\",\"aud\":\"a\"}", "x"), &origin) && origin.audiences == 1);
    OK(jwt_origin(arena, forge("{\"alg\":\"RS256\"}", "{\"iss\":\"i\",\"aud\":[1,2,3,\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\"]}", "x"),
                  &origin) && origin.audiences == 8);
    OK(!jwt_origin(arena, forge("{\"alg\":\"RS256\"}", "{\"aud\":\"a\"}", "x"), &origin) && !jwt_origin(arena, "a.b.c", &origin)
       && !jwt_origin(arena, NULL, &origin) && !jwt_origin(arena, forge("{\"alg\":\"RS256\"}", "{\"iss\":7}", "x"), &origin));
}
