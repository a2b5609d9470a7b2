#include "base/secret.h"

#include <semaphore.h>
#include <string.h>
#include <unistd.h>

#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <sodium.h>

#include "base/str.h"

enum {
    KEY = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
    NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    LONGEST_PLAIN = 16 << 10,
    LONGEST_FIELD = 100,
    PASSWORD_PASSES = 2,
    PASSWORD_MEMORY = 19 << 20,
    LONGEST_PASSWORD = 1024,
};

static const char version[] = "v1:";

static unsigned char *master_key;                               /* guarded, read-only once set */
static sem_t hashing;

bool secret_init(void)
{
    static bool done;
    if (done)
        return true;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    done = sodium_init() >= 0 && sem_init(&hashing, 0, cores > 0 ? (unsigned)cores : 1) == 0;
    return done;
}

bool secret_master_key(const char *text)
{
    unsigned char key[KEY];
    bool good = text && hex_decode(text, key, sizeof key);
    if (!good && text && strlen(text) <= 44) {
        struct arena *scratch = arena_create(1024);
        size_t size = 0;
        unsigned char *bytes = base64_decode(scratch, text, &size);
        good = bytes && size == sizeof key;
        if (good)
            memcpy(key, bytes, sizeof key);
        if (bytes)
            sodium_memzero(bytes, size);
        arena_destroy(scratch);
    }
    if (!good)
        return false;
    unsigned char *guarded = sodium_malloc(KEY);
    if (guarded) {
        memcpy(guarded, key, sizeof key);
        sodium_mprotect_readonly(guarded);
        sodium_free(master_key);
        master_key = guarded;
    }
    sodium_memzero(key, sizeof key);
    return guarded;
}

/* What a ciphertext is bound to: the tenant's 16 bytes, then the field's name. */
static size_t bind_to(unsigned char out[16 + LONGEST_FIELD], struct uuid tenant, const char *field)
{
    size_t length = strnlen(field, LONGEST_FIELD);
    memcpy(out, tenant.byte, 16);
    memcpy(out + 16, field, length);
    return 16 + length;
}

char *secret_seal(struct arena *arena, struct uuid tenant, const char *field, const char *plain)
{
    size_t length = plain ? strlen(plain) : 0;
    if (!master_key || !plain || length > LONGEST_PLAIN)
        return NULL;
    unsigned char bound[16 + LONGEST_FIELD];
    size_t bound_size = bind_to(bound, tenant, field);
    unsigned char *sealed = arena_alloc(arena, NONCE + length + TAG);
    randombytes_buf(sealed, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + NONCE, NULL, (const unsigned char *)plain, length,
                                               bound, bound_size, NULL, sealed, master_key);
    return arena_printf(arena, "%s%s", version, base64_encode(arena, sealed, NONCE + length + TAG));
}

char *secret_unseal(struct arena *arena, struct uuid tenant, const char *field, const char *text)
{
    if (!master_key || !str_starts(text, version) || strlen(text) > 2 * LONGEST_PLAIN)
        return NULL;
    size_t size = 0;
    unsigned char *sealed = base64_decode(arena, text + strlen(version), &size);
    if (!sealed || size < NONCE + TAG)
        return NULL;
    unsigned char bound[16 + LONGEST_FIELD];
    size_t bound_size = bind_to(bound, tenant, field);
    char *plain = arena_alloc(arena, size - NONCE - TAG + 1);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt((unsigned char *)plain, NULL, NULL, sealed + NONCE,
                                                   size - NONCE, bound, bound_size, sealed, master_key) != 0)
        return NULL;
    return plain;
}

void secret_random(void *out, size_t size)
{
    randombytes_buf(out, size);
}

char *secret_token(struct arena *arena, size_t bytes)
{
    unsigned char *chance = arena_alloc(arena, bytes);
    randombytes_buf(chance, bytes);
    return base64url_encode(arena, chance, bytes);
}

static void begin_hashing(void)
{
    while (sem_wait(&hashing) != 0)
        continue;                                               /* a signal */
}

static bool acceptable(const char *password)
{
    return password && *password && strlen(password) <= LONGEST_PASSWORD;
}

char *password_hash(struct arena *arena, const char *password)
{
    if (!acceptable(password))
        return NULL;
    char *hash = arena_alloc(arena, crypto_pwhash_STRBYTES);
    begin_hashing();
    int rc = crypto_pwhash_argon2id_str(hash, password, strlen(password), PASSWORD_PASSES, PASSWORD_MEMORY);
    sem_post(&hashing);
    return rc == 0 ? hash : NULL;
}

/* Takes as long as a comparison with a real hash, so that answers do not tell who has an account. */
static void burn(void)
{
    static const unsigned char salt[crypto_pwhash_SALTBYTES];
    unsigned char out[32];
    (void)!crypto_pwhash(out, sizeof out, "burnt", 5, salt, PASSWORD_PASSES, PASSWORD_MEMORY,
                         crypto_pwhash_ALG_ARGON2ID13);
}

bool password_verify(const char *hash, const char *password)
{
    char padded[crypto_pwhash_STRBYTES] = "";
    bool possible = hash && strlen(hash) < sizeof padded && acceptable(password);
    if (possible)
        memcpy(padded, hash, strlen(hash));
    begin_hashing();
    bool good = possible && crypto_pwhash_str_verify(padded, password, strlen(password)) == 0;
    if (!possible)
        burn();
    sem_post(&hashing);
    return good;
}

void sha256_raw(const void *bytes, size_t size, unsigned char out[32])
{
    SHA256(bytes, size, out);
}

char *sha256_hex(struct arena *arena, const void *bytes, size_t size)
{
    unsigned char digest[32];
    sha256_raw(bytes, size, digest);
    return hex_encode(arena, digest, sizeof digest);
}

void hmac_sha1(const void *key, size_t key_size, const void *bytes, size_t size, unsigned char out[20])
{
    HMAC(EVP_sha1(), key_size ? key : "", (int)key_size, bytes, size, out, NULL);
}

void hmac_sha256(const void *key, size_t key_size, const void *bytes, size_t size, unsigned char out[32])
{
    HMAC(EVP_sha256(), key_size ? key : "", (int)key_size, bytes, size, out, NULL);
}

bool secret_equal(const char *a, const char *b)
{
    if (!a || !b)
        return false;
    size_t length = strlen(a);
    return strlen(b) == length && sodium_memcmp(a, b, length) == 0;
}
