/*
 * base/str.h - text that grows, and a few questions about text.
 *
 * A struct str grows inside an arena up to its own ceiling.  When it would pass the ceiling it goes
 * "broken": further appends do nothing, and str_broken() tells at the end.  Append twenty times, check once.
 *
 *     struct str s = str_make(arena, 64 << 10);
 *     str_add(&s, "Hello, ");
 *     str_addf(&s, "%d times", n);
 *     if (str_broken(&s)) ...
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct str {
    char         *text;                                         /* always NUL-terminated, never NULL */
    size_t        length;
    size_t        space;
    size_t        ceiling;
    struct arena *arena;
    bool          broken;
};

struct str str_make(struct arena *, size_t ceiling);
void       str_add(struct str *, const char *text);             /* NULL adds nothing */
void       str_add_bytes(struct str *, const void *bytes, size_t);
void       str_addf(struct str *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void       str_add_char(struct str *, char);
bool       str_broken(const struct str *);

bool str_equal(const char *a, const char *b);                   /* NULL equals NULL only */
bool str_starts(const char *text, const char *prefix);
bool str_blank(const char *text);                               /* NULL, empty or only ASCII white space */
char *str_trim(struct arena *, const char *text);               /* copy without white space at both ends */

/* Whole-string numbers: false on anything else, out of range included; out is untouched then. */
bool str_to_long(const char *text, int64_t lowest, int64_t highest, int64_t *out);
bool str_to_double(const char *text, double lowest, double highest, double *out);

/* Strict UTF-8 (RFC 3629: no overlong forms, no surrogates, <= U+10FFFF) without NUL. */
bool utf8_valid(const char *bytes, size_t length);
/* UTF-8 made only of characters that XML 1.0 can carry. */
bool utf8_valid_xml(const char *bytes, size_t length);
size_t utf8_count(const char *text);                            /* characters in valid UTF-8 */
/* At most that many of somebody else's bytes, for showing: what is no UTF-8 or a control character is '?', line ends are a space. */
char *utf8_shown(struct arena *, const char *bytes, size_t size, size_t most);

/* Percent-decoding of one component; '+' is a space when plus_is_space.  NULL when malformed or when it holds NUL. */
char *url_decode(struct arena *, const char *bytes, size_t length, bool plus_is_space);
char *url_encode(struct arena *, const char *text);             /* RFC 3986 unreserved characters stay */

/* Pairs of an application/x-www-form-urlencoded text, in order of appearance, repeated names kept. */
struct pair { const char *name, *value; };
struct pairs { struct pair *item; size_t count; };
/* false when malformed, not UTF-8, holding NUL, or more than 1000 pairs. */
bool        form_parse(struct arena *, const char *bytes, size_t length, struct pairs *out);
const char *pairs_find(const struct pairs *, const char *name); /* first value or NULL */
void        form_add(struct str *, const char *name, const char *value);  /* appends name=value, encoded, with '&' between */

char *hex_encode(struct arena *, const void *bytes, size_t);
bool  hex_decode(const char *text, void *out, size_t expected); /* exactly expected bytes */
char *base64_encode(struct arena *, const void *bytes, size_t); /* RFC 4648 §4, padded */
char *base64url_encode(struct arena *, const void *bytes, size_t);      /* §5, no padding */
/* Both alphabets, padding optional; NULL on anything else.  Length in *size. */
void *base64_decode(struct arena *, const char *text, size_t *size);
