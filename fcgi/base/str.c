#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SPACE = 64, MOST_PAIRS = 1000 };

static char nothing[1];

struct str str_make(struct arena *arena, size_t ceiling)
{
    return (struct str){ .text = nothing, .ceiling = ceiling, .arena = arena };
}

/* Room for more bytes and the NUL. */
static bool make_room(struct str *s, size_t more)
{
    if (s->broken)
        return false;
    if (more > s->ceiling || s->length > s->ceiling - more) {
        s->broken = true;
        return false;
    }
    size_t needed = s->length + more + 1;
    if (needed <= s->space)
        return true;
    size_t space = s->space ? s->space * 2 : FIRST_SPACE;
    if (space > s->ceiling + 1)
        space = s->ceiling + 1;
    if (space < needed)
        space = needed;
    char *text = arena_alloc(s->arena, space);
    if (arena_overflowed(s->arena)) {
        s->broken = true;
        return false;
    }
    memcpy(text, s->text, s->length);
    s->text = text;
    s->space = space;
    return true;
}

void str_add_bytes(struct str *s, const void *bytes, size_t size)
{
    if (!size || !make_room(s, size))
        return;
    memcpy(s->text + s->length, bytes, size);
    s->length += size;
    s->text[s->length] = '\0';
}

void str_add(struct str *s, const char *text)
{
    if (text)
        str_add_bytes(s, text, strlen(text));
}

void str_add_char(struct str *s, char c)
{
    str_add_bytes(s, &c, 1);
}

void str_addf(struct str *s, const char *format, ...)
{
    va_list values, again;
    va_start(values, format);
    va_copy(again, values);
    int length = vsnprintf(NULL, 0, format, values);
    if (length > 0 && make_room(s, (size_t)length)) {
        vsnprintf(s->text + s->length, (size_t)length + 1, format, again);
        s->length += (size_t)length;
    }
    va_end(again);
    va_end(values);
}

bool str_broken(const struct str *s)
{
    return s->broken;
}

bool str_equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

bool str_starts(const char *text, const char *prefix)
{
    return text && prefix && strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool str_blank(const char *text)
{
    for (; text && *text; text++)
        if (!is_space(*text))
            return false;
    return true;
}

char *str_trim(struct arena *arena, const char *text)
{
    if (!text)
        return NULL;
    while (is_space(*text))
        text++;
    size_t length = strlen(text);
    while (length && is_space(text[length - 1]))
        length--;
    return arena_copy(arena, text, length);
}

bool str_to_long(const char *text, int64_t lowest, int64_t highest, int64_t *out)
{
    if (!text || !(isdigit((unsigned char)*text) || (*text == '-' && isdigit((unsigned char)text[1]))))
        return false;
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || *end || value < lowest || value > highest)
        return false;
    *out = value;
    return true;
}

bool str_to_double(const char *text, double lowest, double highest, double *out)
{
    if (!text || !*text || text[strspn(text, "0123456789+-.eE")])
        return false;
    char *end;
    double value = strtod(text, &end);
    if (*end || !isfinite(value) || value < lowest || value > highest)
        return false;
    *out = value;
    return true;
}

/* Length of the character at the start of bytes and its number; 0 when it is not UTF-8. */
static size_t utf8_next(const unsigned char *b, size_t length, uint32_t *out)
{
    if (!length)
        return 0;
    if (b[0] < 0x80)
        return *out = b[0], 1;
    size_t size = b[0] >= 0xf0 ? 4 : b[0] >= 0xe0 ? 3 : 2;
    if (b[0] < 0xc2 || b[0] > 0xf4 || length < size)
        return 0;
    uint32_t c = b[0] & (0x7f >> size);
    for (size_t i = 1; i < size; i++) {
        if ((b[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (b[i] & 0x3f);
    }
    static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
    if (c < smallest[size] || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
        return 0;
    *out = c;
    return size;
}

static bool every_character(const char *bytes, size_t length, bool (*good)(uint32_t))
{
    const unsigned char *b = (const unsigned char *)bytes;
    while (length) {
        uint32_t c;
        size_t size = utf8_next(b, length, &c);
        if (!size || !good(c))
            return false;
        b += size;
        length -= size;
    }
    return true;
}

static bool not_nul(uint32_t c)
{
    return c != 0;
}

static bool in_xml(uint32_t c)
{
    return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c <= 0xd7ff) || (c >= 0xe000 && c <= 0xfffd)
        || c >= 0x10000;
}

bool utf8_valid(const char *bytes, size_t length)
{
    size_t plain = 0;
    while (plain < length && (signed char)bytes[plain] > 0)
        plain++;
    return every_character(bytes + plain, length - plain, not_nul);
}

bool utf8_valid_xml(const char *bytes, size_t length)
{
    return every_character(bytes, length, in_xml);
}

char *utf8_shown(struct arena *arena, const char *bytes, size_t size, size_t most)
{
    struct str out = str_make(arena, most);
    size_t end = size < most ? size : most;

    for (size_t at = 0; at < end;) {
        unsigned char c = (unsigned char)bytes[at];
        size_t length = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
        if ((c < 0x20 && c != '\t') || c == 0x7f || at + length > end || !utf8_valid(bytes + at, length)) {
            if (c != '\r' && c != '\n')
                str_add_char(&out, '?');
            else if (at + 1 < end && c == '\n')
                str_add_char(&out, ' ');
            length = 1;
        } else {
            str_add_bytes(&out, bytes + at, length);
        }
        at += length;
    }
    return out.text;
}

size_t utf8_count(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += (*text & 0xc0) != 0x80;
    return count;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

char *url_decode(struct arena *arena, const char *bytes, size_t length, bool plus_is_space)
{
    char *text = arena_alloc(arena, length + 1), *to = text;
    for (size_t i = 0; i < length; i++) {
        char c = bytes[i];
        if (c == '+' && plus_is_space)
            c = ' ';
        if (c == '%') {
            int high = length - i > 2 ? hex_digit(bytes[i + 1]) : -1;
            int low = length - i > 2 ? hex_digit(bytes[i + 2]) : -1;
            if (high < 0 || low < 0)
                return NULL;
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (!c)
            return NULL;
        *to++ = c;
    }
    return text;
}

static void add_encoded(struct str *s, const char *text)
{
    for (; text && *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x80 && (isalnum(c) || strchr("-._~", c)))
            str_add_char(s, *text);
        else
            str_addf(s, "%%%02X", c);
    }
}

char *url_encode(struct arena *arena, const char *text)
{
    struct str s = str_make(arena, text ? strlen(text) * 3 : 0);
    add_encoded(&s, text);
    return s.length ? s.text : arena_copy(arena, "", 0);
}

bool form_parse(struct arena *arena, const char *bytes, size_t length, struct pairs *out)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += bytes[i] == '&';
    if (count >= MOST_PAIRS)
        return false;
    struct pair *pair = arena_array(arena, count + 1, sizeof *pair);
    *out = (struct pairs){ .item = pair };
    for (const char *end = bytes + length; bytes < end;) {
        const char *stop = memchr(bytes, '&', (size_t)(end - bytes));
        stop = stop ? stop : end;
        const char *equals = memchr(bytes, '=', (size_t)(stop - bytes));
        const char *value = equals ? equals + 1 : stop;
        if (stop > bytes) {
            char *name = url_decode(arena, bytes, (size_t)((equals ? equals : stop) - bytes), true);
            char *text = url_decode(arena, value, (size_t)(stop - value), true);
            if (!name || !text || !utf8_valid(name, strlen(name)) || !utf8_valid(text, strlen(text)))
                return false;
            pair[out->count++] = (struct pair){ .name = name, .value = text };
        }
        bytes = stop + 1;
    }
    return true;
}

const char *pairs_find(const struct pairs *pairs, const char *name)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (str_equal(pairs->item[i].name, name))
            return pairs->item[i].value;
    return NULL;
}

void form_add(struct str *s, const char *name, const char *value)
{
    if (s->length)
        str_add_char(s, '&');
    add_encoded(s, name);
    str_add_char(s, '=');
    add_encoded(s, value);
}

char *hex_encode(struct arena *arena, const void *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *b = bytes;
    char *text = arena_alloc(arena, size * 2 + 1);
    for (size_t i = 0; i < size; i++) {
        text[i * 2] = digits[b[i] >> 4];
        text[i * 2 + 1] = digits[b[i] & 15];
    }
    return text;
}

bool hex_decode(const char *text, void *out, size_t expected)
{
    if (!text || strlen(text) != expected * 2)
        return false;
    for (size_t i = 0; i < expected * 2; i++)
        if (hex_digit(text[i]) < 0)
            return false;
    unsigned char *b = out;
    for (size_t i = 0; i < expected; i++)
        b[i] = (unsigned char)(hex_digit(text[i * 2]) << 4 | hex_digit(text[i * 2 + 1]));
    return true;
}

static char *encode64(struct arena *arena, const unsigned char *b, size_t size, const char *last_two,
                      bool padded)
{
    static const char common[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    char *text = arena_alloc(arena, (size + 2) / 3 * 4 + 1), *to = text;
    for (size_t i = 0; i < size; i += 3) {
        size_t have = size - i < 3 ? size - i : 3;
        uint32_t group = (uint32_t)b[i] << 16 | (have > 1 ? (uint32_t)b[i + 1] << 8 : 0)
            | (have > 2 ? b[i + 2] : 0);
        for (size_t k = 0; k < 4; k++) {
            unsigned six = group >> (18 - 6 * k) & 63;
            if (k <= have)
                *to++ = six < 62 ? common[six] : last_two[six - 62];
            else if (padded)
                *to++ = '=';
        }
    }
    return text;
}

char *base64_encode(struct arena *arena, const void *bytes, size_t size)
{
    return encode64(arena, bytes, size, "+/", true);
}

char *base64url_encode(struct arena *arena, const void *bytes, size_t size)
{
    return encode64(arena, bytes, size, "-_", false);
}

static int digit64(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

/* Bits left over at the end must be zero, so that one value has one spelling in each alphabet. */
void *base64_decode(struct arena *arena, const char *text, size_t *size)
{
    size_t length = text ? strlen(text) : 0;
    size_t padding = 0;
    while (padding < 2 && length > padding && text[length - padding - 1] == '=')
        padding++;
    if (!text || (padding && length % 4) || (length - padding) % 4 == 1)
        return NULL;
    length -= padding;
    unsigned char *bytes = arena_alloc(arena, length / 4 * 3 + 3), *to = bytes;
    uint32_t group = 0;
    unsigned bits = 0;
    for (size_t i = 0; i < length; i++) {
        int digit = digit64(text[i]);
        if (digit < 0)
            return NULL;
        group = group << 6 | (uint32_t)digit;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            *to++ = (unsigned char)(group >> bits);
        }
    }
    if (group & ((1u << bits) - 1))
        return NULL;
    *size = (size_t)(to - bytes);
    return bytes;
}
