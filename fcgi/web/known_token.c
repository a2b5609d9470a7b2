#include "web/known_token.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/jwt.h"

#define MOST 1024

static struct known_token known[MOST];
static pthread_mutex_t    lock = PTHREAD_MUTEX_INITIALIZER;

static struct known_token *slot_of(const char *hash)
{
    return &known[strtoul((char[]){ hash[0], hash[1], hash[2], '\0' }, NULL, 16) % MOST];
}

bool known_token_find(const char *hash, int64_t now, struct known_token *out)
{
    pthread_mutex_lock(&lock);
    *out = *slot_of(hash);
    pthread_mutex_unlock(&lock);
    return strcmp(out->hash, hash) == 0 && boot_now_ms() < out->until_ms && out->expires_at + JWT_LEEWAY_SECS > now;
}

void known_token_keep(const struct known_token *token)
{
    pthread_mutex_lock(&lock);
    struct known_token *slot = slot_of(token->hash);
    *slot = *token;
    slot->until_ms = boot_now_ms() + KNOWN_TOKEN_MS;
    pthread_mutex_unlock(&lock);
}
