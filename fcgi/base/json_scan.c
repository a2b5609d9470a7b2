/*
 * json_scan.c - whether a text is JSON, to the letter of RFC 8259.  See base/json.h.
 */
#include "base/json_scan.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/json.h"

/* A name met in an object; names without escapes stay where they are in the input. */
struct name {
    const char *text;
    size_t      length;
    uint64_t    hash;
    unsigned    object;                                         /* number of its object; 0 = empty place */
};

/* All names of a document in one open-addressing table, keyed by object and name with a secret hash. */
struct names {
    struct name *place;
    size_t       space, count;
};

struct scan {
    struct arena *arena;
    const char   *start, *at, *end;
    struct names  names;
    unsigned      nodes, objects;
    const char   *wrong;                                        /* the first thing found, or NULL */
    const char   *where;
};

static bool scan_value(struct scan *, int depth);

static bool wrong(struct scan *s, const char *where, const char *what)
{
    if (!s->wrong) {
        s->wrong = what;
        s->where = where;
    }
    return false;
}

static void skip_space(struct scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\t' || *s->at == '\r'))
        s->at++;
}

static bool take(struct scan *s, char c)
{
    if (s->at >= s->end || *s->at != c)
        return false;
    s->at++;
    return true;
}

static bool digit(const struct scan *s)
{
    return s->at < s->end && *s->at >= '0' && *s->at <= '9';
}

/* The four hex digits of \uXXXX; -1 when they are not. */
static long hex4(struct scan *s)
{
    long value = 0;
    if (s->end - s->at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char c = *s->at++;
        if (c >= '0' && c <= '9')
            value = value << 4 | (c - '0');
        else if ((c | 32) >= 'a' && (c | 32) <= 'f')
            value = value << 4 | ((c | 32) - 'a' + 10);
        else
            return -1;
    }
    return value;
}

/* Behind a backslash; leaves the character's number in *out. */
static bool scan_escape(struct scan *s, uint32_t *out)
{
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    const char *where = s->at - 1;
    char c = s->at < s->end ? *s->at++ : 0;
    const char *letter = c ? strchr(letters, c) : NULL;
    if (letter) {
        *out = (unsigned char)meant[letter - letters];
        return true;
    }
    long first = c == 'u' ? hex4(s) : -1;
    if (first < 0)
        return wrong(s, where, "an escape that JSON does not know");
    if (first == 0)
        return wrong(s, where, "the character U+0000");
    if (first >= 0xd800 && first <= 0xdfff) {
        long second = first < 0xdc00 && take(s, '\\') && take(s, 'u') ? hex4(s) : -1;
        if (second < 0xdc00 || second > 0xdfff)
            return wrong(s, where, "half of a surrogate pair");
        first = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
    }
    *out = (uint32_t)first;
    return true;
}

static char *put_utf8(char *to, uint32_t c)
{
    if (c < 0x80) {
        *to++ = (char)c;
        return to;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = { 0, 0xc0, 0xe0, 0xf0 };
    *to++ = (char)(lead[more] | c >> (6 * more));
    while (more--)
        *to++ = (char)(0x80 | (c >> (6 * more) & 0x3f));
    return to;
}

/* Behind the opening quote, to behind the closing one. *escaped: whether a backslash was met. */
static bool scan_string(struct scan *s, bool *escaped)
{
    const char *begin = s->at;
    *escaped = false;
    for (; s->at < s->end && *s->at != '"'; ) {
        unsigned char c = (unsigned char)*s->at++;
        uint32_t character;
        if (c < 0x20)
            return wrong(s, s->at - 1, "a control character inside a string");
        if (c == '\\') {
            *escaped = true;
            if (!scan_escape(s, &character))
                return false;
        }
    }
    if (!utf8_valid(begin, (size_t)(s->at - begin)))
        return wrong(s, begin, "a string that is not UTF-8");
    return take(s, '"') || wrong(s, begin - 1, "a string without an end");
}

/* The name between its quotes with escapes resolved; it has passed scan_string. */
static struct name decoded(struct scan *s, const char *begin, const char *end)
{
    struct scan inner = { .arena = s->arena, .start = begin, .at = begin, .end = end };
    char *text = arena_alloc(s->arena, (size_t)(end - begin) + 1), *to = text;
    while (inner.at < end) {
        char c = *inner.at++;
        uint32_t character = 0;
        if (c == '\\' && scan_escape(&inner, &character))
            to = put_utf8(to, character);
        else
            *to++ = c;
    }
    return (struct name){ .text = text, .length = (size_t)(to - text) };
}

static unsigned char hash_key[crypto_shorthash_KEYBYTES];

static void make_hash_key(void)
{
    randombytes_buf(hash_key, sizeof hash_key);
}

static struct name *names_place(struct names *names, const struct name *n)
{
    size_t i = n->hash & (names->space - 1);
    for (;; i = (i + 1) & (names->space - 1)) {
        struct name *p = &names->place[i];
        if (!p->object || (p->hash == n->hash && p->object == n->object && p->length == n->length
                           && memcmp(p->text, n->text, n->length) == 0))
            return p;
    }
}

static bool names_grow(struct names *names)
{
    struct names larger = { .space = names->space ? names->space * 2 : 64, .count = names->count };
    larger.place = calloc(larger.space, sizeof *larger.place);
    if (!larger.place)
        return false;
    for (size_t i = 0; i < names->space; i++)
        if (names->place[i].object)
            *names_place(&larger, &names->place[i]) = names->place[i];
    free(names->place);
    *names = larger;
    return true;
}

/* False when the object has that name already. */
static bool names_add(struct scan *s, struct name n, unsigned object)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_hash_key);
    struct names *names = &s->names;
    if (names->count * 2 >= names->space && !names_grow(names))
        return false;
    unsigned char hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, (const unsigned char *)n.text, n.length, hash_key);
    memcpy(&n.hash, hash, sizeof n.hash);
    n.hash ^= object * UINT64_C(0x9e3779b97f4a7c15);
    n.object = object;
    struct name *p = names_place(names, &n);
    if (p->object)
        return false;
    *p = n;
    names->count++;
    return true;
}

static bool scan_name(struct scan *s, unsigned object)
{
    bool escaped;
    const char *quote = s->at;
    if (!take(s, '"'))
        return wrong(s, s->at, "something where a name in double quotes belongs");
    if (!scan_string(s, &escaped))
        return false;
    const char *end = s->at - 1;
    struct name n = { .text = quote + 1, .length = (size_t)(end - quote - 1) };
    if (escaped)
        n = decoded(s, quote + 1, end);
    return names_add(s, n, object) || wrong(s, quote, "a name that the object has already");
}

static bool scan_object(struct scan *s, int depth)
{
    unsigned object = ++s->objects;
    if (object > JSON_OBJECTS)
        return wrong(s, s->at - 1, "too many objects");
    skip_space(s);
    if (take(s, '}'))
        return true;
    do {
        skip_space(s);
        if (!scan_name(s, object))
            return false;
        skip_space(s);
        if (!take(s, ':'))
            return wrong(s, s->at, "no colon behind a name");
        if (!scan_value(s, depth + 1))
            return false;
        skip_space(s);
    } while (take(s, ','));
    return take(s, '}') || wrong(s, s->at, "something where a comma or } belongs");
}

static bool scan_array(struct scan *s, int depth)
{
    skip_space(s);
    if (take(s, ']'))
        return true;
    do {
        if (!scan_value(s, depth + 1))
            return false;
        skip_space(s);
    } while (take(s, ','));
    return take(s, ']') || wrong(s, s->at, "something where a comma or ] belongs");
}

static bool skip_digits(struct scan *s)
{
    if (!digit(s))
        return wrong(s, s->at, "a number without its digits");
    while (digit(s))
        s->at++;
    return true;
}

static bool real_fits(const char *begin, size_t length)
{
    char text[64];
    char *copy = length < sizeof text ? text : malloc(length + 1);
    if (!copy)
        return false;
    memcpy(copy, begin, length);
    copy[length] = '\0';
    bool fits = isfinite(strtod(copy, NULL));
    if (copy != text)
        free(copy);
    return fits;
}

static bool integer_fits(const char *begin, const char *end)
{
    bool negative = *begin == '-';
    uint64_t value = 0;
    for (const char *p = begin + negative; p < end; p++)
        if (__builtin_mul_overflow(value, 10, &value)
            || __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
            return false;
    return value <= (uint64_t)INT64_MAX + negative;
}

static bool scan_number(struct scan *s)
{
    const char *begin = s->at;
    bool real = false;
    take(s, '-');
    if (!take(s, '0') && !skip_digits(s))
        return false;
    if (digit(s))
        return wrong(s, begin, "a number that begins with 0");
    if (take(s, '.')) {
        real = true;
        if (!skip_digits(s))
            return false;
    }
    if (take(s, 'e') || take(s, 'E')) {
        real = true;
        if (!take(s, '-'))
            take(s, '+');
        if (!skip_digits(s))
            return false;
    }
    if (real ? !real_fits(begin, (size_t)(s->at - begin)) : !integer_fits(begin, s->at))
        return wrong(s, begin, "a number that is too large");
    return true;
}

static bool scan_word(struct scan *s, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(s->end - s->at) < length || memcmp(s->at, word, length) != 0)
        return wrong(s, s->at, "something that is no JSON value");
    s->at += length;
    return true;
}

static bool scan_value(struct scan *s, int depth)
{
    bool escaped;
    skip_space(s);
    if (s->at >= s->end)
        return wrong(s, s->at, "the end, where a value belongs");
    if (++s->nodes > JSON_NODES)
        return wrong(s, s->at, "too many values");
    switch (*s->at) {
    case '{':
    case '[':
        if (depth >= JSON_DEPTH)
            return wrong(s, s->at, "too many levels");
        return *s->at++ == '{' ? scan_object(s, depth) : scan_array(s, depth);
    case '"':
        s->at++;
        return scan_string(s, &escaped);
    case 't':
        return scan_word(s, "true");
    case 'f':
        return scan_word(s, "false");
    case 'n':
        return scan_word(s, "null");
    case '-': case '0' ... '9':
        return scan_number(s);
    default:
        return wrong(s, s->at, "something that is no JSON value");
    }
}

static void scan_free(struct scan *s)
{
    free(s->names.place);
}

const char *json_scan(struct arena *arena, const char *bytes, size_t length, size_t *place)
{
    __attribute__((cleanup(scan_free))) struct scan s = { .arena = arena, .start = bytes, .at = bytes, .end = bytes + length };
    if (scan_value(&s, 0)) {
        skip_space(&s);
        if (s.at < s.end)
            wrong(&s, s.at, "something behind the value");
    }
    *place = s.wrong ? (size_t)(s.where - s.start) : 0;
    return s.wrong;
}
