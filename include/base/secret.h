/*
 * base/secret.h - keys, tokens, passwords and what is sealed in the database.  libsodium and OpenSSL do the work.
 *
 * Secrets at rest are sealed with XChaCha20-Poly1305 under the master key; tenant and field name are the
 * associated data, so a ciphertext moved to another tenant or column no longer opens.  Sealed text looks
 * like "v1:<base64>" .  Comparisons take constant time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/uuid.h"

bool secret_init(void);                                         /* once, before threads; false = no entropy */

/* 32 bytes as 64 hex digits or base64; false when it is neither.  Kept in guarded memory for the process. */
bool  secret_master_key(const char *text);
/* Text of at most 16 KiB.  Wrong key, tenant, field or altered text: unseal gives NULL. */
char *secret_seal(struct arena *, struct uuid tenant, const char *field, const char *plain);
char *secret_unseal(struct arena *, struct uuid tenant, const char *field, const char *sealed);

/* bytes of chance, as base64url without padding. */
char *secret_token(struct arena *, size_t bytes);
void  secret_random(void *out, size_t size);

/* Argon2id, 19 MiB, 2 passes; at most as many at once as there are cores, the others wait. */
char *password_hash(struct arena *, const char *password);
bool  password_verify(const char *hash, const char *password);  /* hash NULL burns the same time and says no */

char *sha256_hex(struct arena *, const void *bytes, size_t);
void  sha256_raw(const void *bytes, size_t, unsigned char out[32]);
void  hmac_sha1(const void *key, size_t key_size, const void *bytes, size_t, unsigned char out[20]);
void  hmac_sha256(const void *key, size_t key_size, const void *bytes, size_t, unsigned char out[32]);
bool  secret_equal(const char *a, const char *b);               /* constant time for equal lengths; NULL equals nothing */
