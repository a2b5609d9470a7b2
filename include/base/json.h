/*
 * base/json.h - JSON in, strictly; JSON out, straight into a buffer.  The only caller of json-c.
 *
 * Input is checked against RFC 8259 by a scanner of our own before json-c builds a tree, because json-c
 * alone accepts single quotes, NaN, duplicate names, U+0000 and saturated integers.  Refused: anything not
 * RFC 8259, invalid UTF-8, U+0000, lone surrogates, duplicate names in one object, depth above 16, integers
 * outside int64, reals outside double, more than JSON_NODES values or JSON_OBJECTS objects, trailing bytes.  The refusal says at which
 * byte and what.
 *
 * A tree belongs to the arena it was read into and goes with it.
 *
 * Output is written by struct json_out, which keeps commas and escaping right and asserts balance.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define JSON_DEPTH 16
#define JSON_NODES 200000
#define JSON_OBJECTS 50000                                       /* each costs json-c 700 bytes, however small */

struct json;                                                    /* a value of a tree; opaque */

enum json_type { JSON_NULL, JSON_BOOL, JSON_INTEGER, JSON_REAL, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* BAD_REQUEST with a sentence that names the place. */
fallible json_read(struct arena *, const char *bytes, size_t length, const struct json **out);

enum json_type     json_type_of(const struct json *);           /* NULL pointer = JSON_NULL */
/* libjansson, which libjwt calls, has functions of the same names: ours are called otherwise in the object files. */
const char        *json_string(const struct json *) __asm__("outdial_json_string");     /* NULL unless a string */
bool               json_integer(const struct json *, int64_t *out) __asm__("outdial_json_integer");     /* integers only */
bool               json_number(const struct json *, double *out);       /* integers and reals */
bool               json_flag(const struct json *, bool *out);
const struct json *json_get(const struct json *object, const char *name);       /* NULL when absent or no object; a null that is present is not NULL */
size_t             json_length(const struct json *array_or_object);
const struct json *json_at(const struct json *array, size_t index);
/* Calls fn for every member in order of appearance; stops at its first error. */
fallible json_each(const struct json *object, fallible (*fn)(void *, const char *name, const struct json *), void *data);
char *json_text(struct arena *, const struct json *);           /* compact, RFC 8259 */

struct json_out {
    struct str str;
    uint8_t    state[JSON_DEPTH * 2];
    int        depth;
};

struct json_out json_out_make(struct arena *, size_t ceiling);
void json_open_object(struct json_out *);
void json_close_object(struct json_out *);
void json_open_array(struct json_out *);
void json_close_array(struct json_out *);
void json_name(struct json_out *, const char *name);            /* the next value's name */
void json_put_string(struct json_out *, const char *);          /* NULL writes null; must be valid UTF-8 */
void json_put_integer(struct json_out *, int64_t);
void json_put_real(struct json_out *, double);
void json_put_flag(struct json_out *, bool);
void json_put_null(struct json_out *);
/* Short for json_name() and then the value. */
void json_put_member(struct json_out *, const char *name, const char *text);
void json_open_member(struct json_out *, const char *name);     /* an object, open */
void json_put_raw(struct json_out *, const char *json);         /* trusted JSON text, e.g. PostgreSQL's jsonb; NULL writes null */
