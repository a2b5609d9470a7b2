#include "test.h"

#include <pthread.h>

#include "base/secret.h"
#include "base/str.h"

static const struct uuid acme = { { 1 } }, rival = { { 2 } };
static const char key[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

static void begin(void)
{
    OK(secret_init());
    OK(secret_master_key(key));
}

TEST("without a master key nothing is sealed")
{
    OK(secret_init());
    EQUAL_TEXT(secret_seal(arena, acme, "token", "plain"), NULL);
}

TEST("a master key is 32 bytes in hex or base64, nothing else")
{
    OK(secret_init());
    OK(!secret_master_key(NULL) && !secret_master_key("") && !secret_master_key("short"));
    OK(!secret_master_key("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1"));
    OK(!secret_master_key("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg=="));
    OK(secret_master_key(key));
    char *sealed = secret_seal(arena, acme, "token", "plain");
    OK(secret_master_key("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="));
    EQUAL_TEXT(secret_unseal(arena, acme, "token", sealed), "plain");
    OK(secret_master_key("ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"));
    EQUAL_TEXT(secret_unseal(arena, acme, "token", sealed), NULL);
}

TEST("a sealed secret opens only for its tenant and field, and every seal is different")
{
    begin();
    for (int i = 0; i < 200; i++) {
        char *plain = test_text(test_chance() % 60);
        char *sealed = secret_seal(arena, acme, "auth_token", plain);
        OK(str_starts(sealed, "v1:"));
        EQUAL_TEXT(secret_unseal(arena, acme, "auth_token", sealed), plain);
        EQUAL_TEXT(secret_unseal(arena, rival, "auth_token", sealed), NULL);
        EQUAL_TEXT(secret_unseal(arena, acme, "auth_tokem", sealed), NULL);
        OK(!str_equal(sealed, secret_seal(arena, acme, "auth_token", plain)));
    }
}

TEST("a sealed secret with any character changed, added or missing does not open")
{
    begin();
    char *sealed = secret_seal(arena, acme, "token", "8 bytes.");
    size_t length = strlen(sealed);
    for (size_t i = 0; i < length; i++) {
        char *altered = arena_text(arena, sealed);
        altered[i] = altered[i] == 'A' ? 'B' : 'A';
        EQUAL_TEXT(secret_unseal(arena, acme, "token", altered), NULL);
        EQUAL_TEXT(secret_unseal(arena, acme, "token", arena_copy(arena, sealed, i)), NULL);
    }
    EQUAL_TEXT(secret_unseal(arena, acme, "token", arena_printf(arena, "%sA", sealed)), NULL);
    EQUAL_TEXT(secret_unseal(arena, acme, "token", NULL), NULL);
}

TEST("16 KiB can be sealed, more cannot")
{
    begin();
    char *plain = memset(arena_alloc(arena, (16 << 10) + 2), 'x', 16 << 10);
    EQUAL_TEXT(secret_unseal(arena, acme, "pem", secret_seal(arena, acme, "pem", plain)), plain);
    plain[16 << 10] = 'x';
    EQUAL_TEXT(secret_seal(arena, acme, "pem", plain), NULL);
    EQUAL_TEXT(secret_seal(arena, acme, "pem", NULL), NULL);
}

TEST("a password fits its own hash only")
{
    begin();
    char *hash = password_hash(arena, "correct horse");
    OK(str_starts(hash, "$argon2id$v=19$m=19456,t=2,p=1$"));
    OK(password_verify(hash, "correct horse"));
    OK(!password_verify(hash, "correct horsf") && !password_verify(hash, "") && !password_verify(hash, NULL));
    OK(!password_verify(NULL, "correct horse") && !password_verify("", "x") && !password_verify("$argon2id$",
        "x"));
    OK(!str_equal(hash, password_hash(arena, "correct horse")));
    EQUAL_TEXT(password_hash(arena, ""), NULL);
    EQUAL_TEXT(password_hash(arena, NULL), NULL);
}

static void *log_in(void *hash)
{
    return password_verify(hash, "pass word") ? hash : NULL;
}

TEST("many logins at once all get through")
{
    begin();
    pthread_t thread[8];
    char *hash = password_hash(arena, "pass word");
    for (int i = 0; i < 8; i++)
        pthread_create(&thread[i], NULL, log_in, hash);
    for (int i = 0; i < 8; i++) {
        void *result;
        pthread_join(thread[i], &result);
        OK(result == hash);
    }
}

TEST("digests are those of the standards")
{
    unsigned char digest[32];
    EQUAL_TEXT(sha256_hex(arena, "abc", 3),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, digest);
    EQUAL_TEXT(hex_encode(arena, digest, 32),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    hmac_sha1("Jefe", 4, "what do ya want for nothing?", 28, digest);
    EQUAL_TEXT(hex_encode(arena, digest, 20), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    hmac_sha256("", 0, "", 0, digest);
    EQUAL_TEXT(hex_encode(arena, digest, 32),
        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST("tokens are chance, and comparing them is exact")
{
    begin();
    char *token = secret_token(arena, 32);
    EQUAL_INT(strlen(token), 43);
    OK(!str_equal(token, secret_token(arena, 32)));
    OK(secret_equal(token, arena_text(arena, token)) && secret_equal("", ""));
    OK(!secret_equal("a", "b") && !secret_equal("a", "ab") && !secret_equal(NULL, NULL)
        && !secret_equal(NULL, "a"));
}
