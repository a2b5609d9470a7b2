#include "command/secrets.h"

#include <stddef.h>
#include <string.h>

#include "base/secret.h"
#include "base/str.h"
#include "base/uuid.h"
#include "command/state.h"

enum kind { UUID, RANDOM_ID, HEX12, HEX32, HEX64, TOKEN, PASSWORD, PHONE };

static const struct {
    const char *name;
    enum kind   kind;
    const char *beginning;
    size_t      offset;
} table[] = {
#define X(field, name, kind, beginning) { name, kind, beginning, offsetof(struct secrets, field) },
    SECRETS(X)
#undef X
};

enum { ROWS = sizeof table / sizeof *table };

static char *hex(struct arena *a, size_t digits)
{
    unsigned char bytes[32];
    secret_random(bytes, digits / 2);
    return hex_encode(a, bytes, digits / 2);
}

/* Letters and digits that cannot be taken for each other, about 93 bits. */
static char *password(struct arena *a)
{
    static const char letters[] = "abcdefghjkmnpqrstuvwxyzACDEFGHJKLMNPQRTUVWXY3469";
    unsigned char bytes[16];
    char text[sizeof bytes];
    secret_random(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        text[i] = letters[bytes[i] % (sizeof letters - 1)];
    return arena_printf(a, "%.4s-%.4s-%.4s-%.4s", text, text + 4, text + 8, text + 12);
}

/* A number with an exchange from 220 to 479, none of which is special. */
static char *phone(struct arena *a, const char *beginning)
{
    unsigned n;
    secret_random(&n, sizeof n);
    return arena_printf(a, "%s%03u%04u", beginning, 220 + n % 260, n / 260 % 10000);
}

static char *make_up(struct arena *a, enum kind kind, const char *beginning)
{
    struct uuid id;
    switch (kind) {
    case UUID:
        return uuid_text(a, uuid_make());
    case RANDOM_ID:
        secret_random(&id, sizeof id);
        id.byte[6] = (unsigned char)(0x40 | (id.byte[6] & 0x0f));
        id.byte[8] = (unsigned char)(0x80 | (id.byte[8] & 0x3f));
        return uuid_text(a, id);
    case HEX12:
        return arena_printf(a, "%s%s", beginning, hex(a, 12));
    case HEX32:
        return arena_printf(a, "%s%s", beginning, hex(a, 32));
    case HEX64:
        return hex(a, 64);
    case TOKEN:
        return secret_token(a, 32);
    case PASSWORD:
        return password(a);
    case PHONE:
        return phone(a, beginning);
    }
    return NULL;
}

static const char **slot(struct secrets *s, size_t row)
{
    return (const char **)((char *)s + table[row].offset);
}

static void read_lines(char *text, struct secrets *out)
{
    for (char *line; (line = strsep(&text, "\n"));) {
        char *equals = strchr(line, '=');
        if (!equals)
            continue;
        *equals = '\0';
        for (size_t i = 0; i < ROWS; i++)
            if (str_equal(line, table[i].name) && equals[1])
                *slot(out, i) = equals + 1;
    }
}

fallible secrets_keep(struct ctx *ctx, const char *path, struct secrets *out)
{
    struct arena *a = ctx->arena;
    struct str text = str_make(a, 1 << 20);
    const char *before = state_read(ctx, path);
    size_t made = 0;

    *out = (struct secrets){ 0 };
    if (before)
        read_lines(arena_text(a, before), out);
    str_add(&text, before);
    for (size_t i = 0; i < ROWS; i++) {
        if (*slot(out, i))
            continue;
        *slot(out, i) = make_up(a, table[i].kind, table[i].beginning);
        str_addf(&text, "%s=%s\n", table[i].name, *slot(out, i));
        made++;
    }
    return made ? state_write(ctx, path, 0600, text.text) : NULL;
}
