/*
 * json_out.c - JSON written straight into a buffer.  See base/json.h.
 */
#include "base/json.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IN_OBJECT = 1, NOT_EMPTY = 2, NAMED = 4 };               /* bits of one level's state */

struct json_out json_out_make(struct arena *arena, size_t ceiling)
{
    return (struct json_out){ .str = str_make(arena, ceiling) };
}

/* What stands before a value: a comma in arrays, nothing behind a name. */
static void before_value(struct json_out *out)
{
    uint8_t *state = &out->state[out->depth];
    if (*state & IN_OBJECT) {
        assert(*state & NAMED);
        *state &= (uint8_t)~NAMED;
    } else if (*state & NOT_EMPTY) {
        assert(out->depth > 0);                                 /* one value at the top */
        str_add_char(&out->str, ',');
    }
    *state |= NOT_EMPTY;
}

static void open_level(struct json_out *out, char bracket, uint8_t state)
{
    before_value(out);
    str_add_char(&out->str, bracket);
    out->depth++;
    assert(out->depth < (int)sizeof out->state);
    out->state[out->depth] = state;
}

static void close_level(struct json_out *out, char bracket, uint8_t kind)
{
    assert(out->depth > 0);
    assert((out->state[out->depth] & IN_OBJECT) == kind && !(out->state[out->depth] & NAMED));
    (void)kind;
    out->depth--;
    str_add_char(&out->str, bracket);
}

void json_open_object(struct json_out *out)
{
    open_level(out, '{', IN_OBJECT);
}

void json_close_object(struct json_out *out)
{
    close_level(out, '}', IN_OBJECT);
}

void json_open_array(struct json_out *out)
{
    open_level(out, '[', 0);
}

void json_close_array(struct json_out *out)
{
    close_level(out, ']', 0);
}

/* Bytes that are not UTF-8 become U+FFFD: the reply stays JSON whatever was in it. */
static void put_quoted(struct str *s, const char *text)
{
    bool good = utf8_valid(text, strlen(text));
    str_add_char(s, '"');
    for (const char *from = text; *text; from = text) {
        while ((unsigned char)*text >= 0x20 && *text != '"' && *text != '\\' && *text != 0x7f
               && (good || !(*text & 0x80)))
            text++;
        str_add_bytes(s, from, (size_t)(text - from));
        if (!*text)
            break;
        if (*text & 0x80)
            str_add(s, "\\ufffd");
        else if (*text == '"' || *text == '\\')
            str_addf(s, "\\%c", *text);
        else if (*text == '\n')
            str_add(s, "\\n");
        else
            str_addf(s, "\\u%04x", (unsigned)*text);
        text++;
    }
    str_add_char(s, '"');
}

void json_name(struct json_out *out, const char *name)
{
    uint8_t *state = &out->state[out->depth];
    assert((*state & IN_OBJECT) && !(*state & NAMED));
    if (*state & NOT_EMPTY)
        str_add_char(&out->str, ',');
    *state |= NAMED;
    put_quoted(&out->str, name);
    str_add_char(&out->str, ':');
}

void json_put_raw(struct json_out *out, const char *json)
{
    before_value(out);
    str_add(&out->str, json ? json : "null");
}

void json_put_string(struct json_out *out, const char *text)
{
    if (!text) {
        json_put_null(out);
        return;
    }
    before_value(out);
    put_quoted(&out->str, text);
}

void json_put_integer(struct json_out *out, int64_t value)
{
    before_value(out);
    str_addf(&out->str, "%lld", (long long)value);
}

/* The shortest text that reads back as the same number. */
void json_put_real(struct json_out *out, double value)
{
    char text[40];
    if (!isfinite(value)) {
        json_put_null(out);
        return;
    }
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*g", precision, value);
        if (strtod(text, NULL) == value)
            break;
    }
    json_put_raw(out, text);
}

void json_put_flag(struct json_out *out, bool value)
{
    json_put_raw(out, value ? "true" : "false");
}

void json_put_null(struct json_out *out)
{
    json_put_raw(out, "null");
}

void json_put_member(struct json_out *out, const char *name, const char *text)
{
    json_name(out, name);
    json_put_string(out, text);
}

void json_open_member(struct json_out *out, const char *name)
{
    json_name(out, name);
    json_open_object(out);
}
