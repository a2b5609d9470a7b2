#include "base/uuid.h"

#include <pthread.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/str.h"

/* 62 random bits below 12: both together are one number that only grows within a millisecond. */
struct order { uint64_t ms; uint32_t high; uint64_t low; };

static const uint64_t LOW_BITS = (UINT64_C(1) << 62) - 1;

static void chance(void *out, size_t size)
{
    while (getrandom(out, size, 0) != (ssize_t)size)
        continue;
}

/* The next place in the order: a fresh one in a new millisecond, else a random step further. */
static struct order next_order(struct order last, uint64_t now_ms)
{
    uint64_t random[2];
    chance(random, sizeof random);
    if (now_ms > last.ms)
        return (struct order){ .ms = now_ms, .high = random[0] & 0x7ff, .low = random[1] & LOW_BITS };
    last.low += 1 + (random[0] >> 16);
    if (last.low > LOW_BITS) {
        last.low &= LOW_BITS;
        last.high++;
    }
    if (last.high > 0xfff) {
        last.high = 0;
        last.ms++;
    }
    return last;
}

struct uuid uuid_make(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static struct order last;
    pthread_mutex_lock(&lock);
    struct order now = last = next_order(last, (uint64_t)utc_now().us / 1000);
    pthread_mutex_unlock(&lock);

    uint64_t first = now.ms << 16 | 0x7000 | now.high;
    uint64_t second = UINT64_C(2) << 62 | now.low;
    struct uuid id;
    for (int i = 0; i < 8; i++) {
        id.byte[i] = (unsigned char)(first >> (56 - 8 * i));
        id.byte[i + 8] = (unsigned char)(second >> (56 - 8 * i));
    }
    return id;
}

bool uuid_parse(const char *text, struct uuid *out)
{
    if (!text || strlen(text) != 36)
        return false;
    char digits[33];
    size_t count = 0;
    for (size_t i = 0; i < 36; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (hyphen != (text[i] == '-'))
            return false;
        if (!hyphen)
            digits[count++] = text[i];
    }
    digits[count] = '\0';
    return hex_decode(digits, out->byte, sizeof out->byte);
}

char *uuid_hex(struct arena *arena, struct uuid id)
{
    return hex_encode(arena, id.byte, sizeof id.byte);
}

char *uuid_text(struct arena *arena, struct uuid id)
{
    if (uuid_is_none(id))
        return NULL;
    static const char digits[] = "0123456789abcdef";
    char *text = arena_alloc(arena, 37), *to = text;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *to++ = '-';
        *to++ = digits[id.byte[i] >> 4];
        *to++ = digits[id.byte[i] & 15];
    }
    *to = '\0';
    return text;
}

bool uuid_is_none(struct uuid id)
{
    return uuid_equal(id, (struct uuid){ 0 });
}

bool uuid_equal(struct uuid a, struct uuid b)
{
    return memcmp(a.byte, b.byte, sizeof a.byte) == 0;
}
