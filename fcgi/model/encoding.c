/* model/encoding.c - see model/encoding.h. */
#include "model/encoding.h"

#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

#define LOOKED_AT ((size_t)64 << 10)                            /* bytes, for zero bytes */
#define PIECE     ((size_t)64 << 10)

static const struct { const char *name, *others, *iconv; } table[ENCODING_COUNT] = {
#define X(encoding, name, others, iconv) [ENCODING_##encoding] = { name, others, iconv },
    ENCODINGS(X)
#undef X
};

const char *encoding_name(enum encoding encoding)
{
    return table[encoding].name;
}

bool encoding_find(const char *name, enum encoding *out)
{
    char wanted[32];

    for (int e = 0; e < ENCODING_COUNT; e++) {
        snprintf(wanted, sizeof wanted, " %s ", name);
        if (strcasecmp(table[e].name, name) != 0 && !strcasestr(table[e].others, wanted))
            continue;
        *out = (enum encoding)e;
        return true;
    }
    return false;
}

/* ---- looking ---- */

static size_t mark_of(const unsigned char *b, size_t size, enum encoding *out)
{
    if (size >= 3 && memcmp(b, "\xef\xbb\xbf", 3) == 0) {
        *out = ENCODING_UTF_8;
        return 3;
    }
    if (size >= 2 && ((b[0] == 0xff && b[1] == 0xfe) || (b[0] == 0xfe && b[1] == 0xff))) {
        *out = b[0] == 0xff ? ENCODING_UTF_16LE : ENCODING_UTF_16BE;
        return 2;
    }
    return 0;
}

/* Latin text in UTF-16 has a zero in most pairs, always on the same side; a NUL here and there in a file of bytes has not. */
static bool is_utf_16(const unsigned char *b, size_t size, enum encoding *out)
{
    size_t zeros[2] = { 0, 0 }, end = size < LOOKED_AT ? size : LOOKED_AT;

    for (size_t i = 0; i < end; i++)
        zeros[i & 1] += b[i] == 0;
    *out = zeros[1] > zeros[0] ? ENCODING_UTF_16LE : ENCODING_UTF_16BE;
    size_t many = zeros[*out == ENCODING_UTF_16LE], few = zeros[*out != ENCODING_UTF_16LE];
    return many * 2 > end / 2 && few * 20 < end / 2;
}

struct evidence { size_t right, wrong, turkish, icelandic; };   /* sequences of UTF-8, bytes that are none; letters of the code pages */

static void weigh(const unsigned char *b, size_t size, struct evidence *e)
{
    for (size_t i = 0; i < size;) {
        unsigned char c = b[i];
        if (c < 0x80) {
            i++;
            continue;
        }
        size_t length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
        if (c >= 0xc2 && i + length <= size && utf8_valid((const char *)b + i, length)) {
            e->right++;
            i += length;
            continue;
        }
        e->wrong++;
        e->turkish += memchr("\xd0\xdd\xde\xf0\xfd\xfe", c, 6) != NULL;
        e->icelandic += memchr("\xc1\xc6\xcd\xd3\xda\xe1\xe6\xed\xf3\xfa", c, 10) != NULL;
        i++;
    }
}

enum encoding encoding_of(const char *bytes, size_t size)
{
    const unsigned char *b = (const unsigned char *)bytes;
    struct evidence e = { 0 };
    enum encoding found;

    if (mark_of(b, size, &found) || is_utf_16(b, size, &found))
        return found;
    weigh(b, size, &e);
    if (e.wrong <= e.right / 10)
        return ENCODING_UTF_8;
    return e.turkish > e.icelandic ? ENCODING_WINDOWS_1254 : ENCODING_WINDOWS_1252;
}

/* ---- decoding ---- */

bool encoding_decode(enum encoding encoding, const char *bytes, size_t size, encoding_sink *sink, void *data)
{
    enum encoding marked = ENCODING_COUNT;
    size_t mark = mark_of((const unsigned char *)bytes, size, &marked), unit = encoding == ENCODING_UTF_16LE || encoding == ENCODING_UTF_16BE ? 2 : 1;
    char piece[PIECE], *from = (char *)bytes + (marked == encoding ? mark : 0);
    size_t left = size - (size_t)(from - bytes);
    iconv_t converter = iconv_open("UTF-8", table[encoding].iconv);
    bool good = converter != (iconv_t)-1;

    if (!good)
        abort();                                                /* glibc without its own tables */
    while (good && left > 0) {
        char *to = piece;
        size_t space = sizeof piece - 1;
        if (iconv(converter, &from, &left, &to, &space) == (size_t)-1 && errno != E2BIG) {
            size_t lost = left < unit ? left : unit;            /* no character, or half of one at the end */
            *to++ = (char)0xff;
            from += lost;
            left -= lost;
        }
        good = sink(data, piece, (size_t)(to - piece));
    }
    iconv_close(converter);
    return good;
}
