#include "base/totp.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <liboath/oath.h>

#include "base/secret.h"
#include "base/str.h"

enum { SECRET_BYTES = 20, RECOVERY_BYTES = 10, GROUP = 4 };

static char *chance_in_base32(struct arena *arena, size_t size)
{
    char bytes[SECRET_BYTES], *text = NULL;
    size_t length = 0;
    secret_random(bytes, size);
    if (oath_base32_encode(bytes, size, &text, &length) != OATH_OK)
        abort();
    char *copy = arena_copy(arena, text, length);
    free(text);
    return copy;
}

char *totp_secret(struct arena *arena)
{
    return chance_in_base32(arena, SECRET_BYTES);
}

char *totp_recovery_code(struct arena *arena)
{
    const char *letters = chance_in_base32(arena, RECOVERY_BYTES);
    struct str code = str_make(arena, 64);
    for (size_t i = 0; letters[i]; i++) {
        if (i > 0 && i % GROUP == 0)
            str_add_char(&code, '-');
        str_add_char(&code, (char)tolower((unsigned char)letters[i]));
    }
    return code.text;
}

char *totp_uri(struct arena *arena, const char *secret, const char *issuer, const char *account)
{
    const char *by = url_encode(arena, issuer);
    return arena_printf(arena, "otpauth://totp/%s:%s?secret=%s&issuer=%s&algorithm=SHA1&digits=%d&period=%d", by, url_encode(arena, account),
                        secret, by, TOTP_DIGITS, TOTP_STEP_SECS);
}

char *totp_code(struct arena *arena, const char *secret, int64_t step)
{
    char code[TOTP_DIGITS + 1], *key = NULL;
    size_t size = 0;
    if (!secret || step < 0 || oath_base32_decode(secret, strlen(secret), &key, &size) != OATH_OK)
        return NULL;
    int result = oath_hotp_generate(key, size, (uint64_t)step, TOTP_DIGITS, false, OATH_HOTP_DYNAMIC_TRUNCATION, code);
    free(key);
    return result == OATH_OK ? arena_text(arena, code) : NULL;
}

int64_t totp_step(struct arena *arena, const char *secret, const char *code, int64_t now_secs)
{
    int64_t now = now_secs / TOTP_STEP_SECS, found = 0;
    for (int64_t step = now - 1; step <= now + 1; step++) {
        bool same = secret_equal(totp_code(arena, secret, step), code);
        found = same ? step : found;
    }
    return found;
}
