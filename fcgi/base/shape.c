#include "base/shape.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

enum { LONGEST_TEXT = 1000, LONGEST_JSON = 64 << 10, MOST_ITEMS = 1000, MOST_WRONG = 100, LONGEST_NAME = 80 };

/* One reading of one object. */
struct reading {
    struct ctx         *ctx;
    const struct shape *shape;
    bool                creating, lenient;
    char               *out;
    struct err         *found;                                  /* every wrong field so far */
    int                 count;
};

#define WRONG(reading, ...) \
    ((reading)->found = err_field((reading)->ctx->arena, (reading)->found, __VA_ARGS__), (reading)->count++)

static size_t limit_of(const struct field *f)
{
    if (f->longest)
        return f->longest;
    return f->kind == FIELD_RAW_JSON ? LONGEST_JSON : LONGEST_TEXT;
}

/* C0 other than \n and \t, DEL, and C1 (C2 80 to C2 9F). */
static bool has_control_character(const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if ((*c < 0x20 && *c != '\n' && *c != '\t') || *c == 0x7f
            || (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f))
            return true;
    return false;
}

static bool is_among(const struct field *f, const char *text)
{
    for (const char *const *name = f->among; *name; name++)
        if (strcmp(*name, text) == 0)
            return true;
    return false;
}

static const char *listed(struct arena *arena, const char *const *names)
{
    struct str s = str_make(arena, 4096);
    for (; *names; names++)
        str_addf(&s, "%s%s", s.length ? ", " : "", *names);
    return s.text;
}

/* Whether text fits the field; says so when it does not. */
static bool good_text(struct reading *r, const struct field *f, const char *name, const char *text)
{
    if (utf8_count(text) > limit_of(f))
        WRONG(r, name, "too_long", "%s may have at most %zu characters", name, limit_of(f));
    else if (has_control_character(text))
        WRONG(r, name, "control_character", "%s contains a control character", name);
    else if (f->among && !is_among(f, text))
        WRONG(r, name, "not_one_of", "%s must be one of: %s", name, listed(r->ctx->arena, f->among));
    else
        return true;
    return false;
}

static bool is_json_list(const struct field *f)
{
    return f->kind == FIELD_RAW_JSON && f->type && *f->type == '[';
}

static void wrong_type(struct reading *r, const struct field *f)
{
    static const char *const wanted[] = {
        [FIELD_BOOL] = "true or false", [FIELD_INT32] = "a whole number", [FIELD_INT64] = "a whole number",
        [FIELD_REAL] = "a number", [FIELD_TEXT] = "text", [FIELD_UUID] = "a UUID as text",
        [FIELD_UTC] = "an instant as text", [FIELD_RAW_JSON] = "an object",
        [FIELD_TEXT_LIST] = "a list of texts" };
    WRONG(r, f->name, "wrong_type", "%s must be %s", f->name, is_json_list(f) ? "a list" : wanted[f->kind]);
}

static bool in_range(struct reading *r, const struct field *f, double value)
{
    if ((f->lowest == 0 && f->highest == 0) || (value >= f->lowest && value <= f->highest))
        return true;
    WRONG(r, f->name, "out_of_range", "%s must be between %.15g and %.15g", f->name, f->lowest, f->highest);
    return false;
}

static void read_integer(struct reading *r, const struct field *f, const struct json *value, void *member)
{
    int64_t number;
    if (!json_integer(value, &number)) {
        wrong_type(r, f);
        return;
    }
    if (f->kind == FIELD_INT32 && (number < INT32_MIN || number > INT32_MAX)) {
        WRONG(r, f->name, "out_of_range", "%s must be between %d and %d", f->name, INT32_MIN, INT32_MAX);
        return;
    }
    if (!in_range(r, f, (double)number))
        return;
    if (f->kind == FIELD_INT32)
        *(int32_t *)member = (int32_t)number;
    else
        *(int64_t *)member = number;
}

static void read_real(struct reading *r, const struct field *f, const struct json *value, double *member)
{
    double number;
    if (!json_number(value, &number))
        wrong_type(r, f);
    else if (in_range(r, f, number))
        *member = number;
}

static void read_text(struct reading *r, const struct field *f, const struct json *value, void *member)
{
    const char *text = json_string(value);
    if (!text) {
        wrong_type(r, f);
        return;
    }
    if (f->kind == FIELD_TEXT && good_text(r, f, f->name, text))
        *(const char **)member = arena_text(r->ctx->arena, text);
    struct uuid id;
    if (f->kind == FIELD_UUID) {
        if (uuid_parse(text, &id))
            *(struct uuid *)member = id;
        else
            WRONG(r, f->name, "malformed", "%s must be a UUID of 36 characters", f->name);
    }
    struct utc at;
    if (f->kind == FIELD_UTC) {
        if (utc_parse(text, &at))
            *(struct utc *)member = at;
        else
            WRONG(r, f->name, "malformed", "%s must be an instant such as 2026-01-31T09:00:00Z", f->name);
    }
}

static void read_object(struct reading *r, const struct field *f, const struct json *value,
                        const char **member)
{
    if (json_type_of(value) != (is_json_list(f) ? JSON_ARRAY : JSON_OBJECT)) {
        wrong_type(r, f);
        return;
    }
    const char *text = json_text(r->ctx->arena, value);
    if (utf8_count(text) > limit_of(f))
        WRONG(r, f->name, "too_long", "%s may have at most %zu characters", f->name, limit_of(f));
    else
        *member = text;
}

static void read_list(struct reading *r, const struct field *f, const struct json *value, const char **member)
{
    if (json_type_of(value) != JSON_ARRAY) {
        wrong_type(r, f);
        return;
    }
    size_t count = json_length(value);
    if (count > MOST_ITEMS) {
        WRONG(r, f->name, "too_long", "%s may have at most %d items", f->name, MOST_ITEMS);
        return;
    }
    int before = r->count;
    for (size_t i = 0; i < count && r->count < MOST_WRONG; i++) {
        const char *text = json_string(json_at(value, i));
        const char *name = arena_printf(r->ctx->arena, "%s[%zu]", f->name, i);
        if (!text)
            WRONG(r, name, "wrong_type", "%s must be text", name);
        else
            good_text(r, f, name, text);
    }
    if (r->count == before)
        *member = json_text(r->ctx->arena, value);
}

static void clear(struct reading *r, const struct field *f, char *member)
{
    if (f->flags & REQUIRED) {
        WRONG(r, f->name, "required", "%s is required", f->name);
        return;
    }
    switch (f->kind) {
    case FIELD_TEXT:
    case FIELD_RAW_JSON:
    case FIELD_TEXT_LIST:
        *(const char **)member = NULL;
        break;
    case FIELD_UUID:
        *(struct uuid *)member = (struct uuid){ 0 };
        break;
    case FIELD_UTC:
        *(struct utc *)member = (struct utc){ 0 };
        break;
    default:
        wrong_type(r, f);
    }
}

static void read_member(struct reading *r, const struct field *f, const struct json *value)
{
    char *member = r->out + f->offset;
    if (json_type_of(value) == JSON_NULL) {
        clear(r, f, member);
        return;
    }
    switch (f->kind) {
    case FIELD_BOOL:
        if (!json_flag(value, (bool *)member))
            wrong_type(r, f);
        break;
    case FIELD_INT32:
    case FIELD_INT64:
        read_integer(r, f, value, member);
        break;
    case FIELD_REAL:
        read_real(r, f, value, (double *)member);
        break;
    case FIELD_TEXT:
    case FIELD_UUID:
    case FIELD_UTC:
        read_text(r, f, value, member);
        break;
    case FIELD_RAW_JSON:
        read_object(r, f, value, (const char **)member);
        break;
    case FIELD_TEXT_LIST:
        read_list(r, f, value, (const char **)member);
        break;
    }
}

static const struct field *find_field(const struct shape *shape, const char *name)
{
    for (size_t i = 0; i < shape->count; i++)
        if (strcmp(shape->field[i].name, name) == 0)
            return &shape->field[i];
    return NULL;
}

/* A name that a stranger chose, for showing: cut between characters. */
static const char *shown(struct arena *arena, const char *name)
{
    size_t length = strnlen(name, LONGEST_NAME);
    while (length && (name[length] & 0xc0) == 0x80)
        length--;
    return arena_copy(arena, name, length);
}

static fallible read_pair(void *data, const char *name, const struct json *value)
{
    struct reading *r = data;
    const struct field *f = find_field(r->shape, name);
    bool ours = f && (f->flags & IN);
    bool fixed = ours && (f->flags & CREATE_ONLY) && !r->creating;
    if (r->count >= MOST_WRONG)
        return r->found;
    if (ours && !fixed) {
        read_member(r, f, value);
        return NULL;
    }
    if (r->lenient)
        return NULL;
    const char *said = shown(r->ctx->arena, name);
    if (fixed)
        WRONG(r, said, "read_only", "%s cannot be changed afterwards", said);
    else if (f && (f->flags & OUT))
        WRONG(r, said, "read_only", "%s cannot be set", said);
    else
        WRONG(r, said, "unknown_field", "A %s has no field %s", r->shape->name, said);
    return NULL;
}

static fallible read_shape(struct reading *r, const struct json *object)
{
    if (json_type_of(object) != JSON_OBJECT)
        FAIL_CODE(r->ctx, INVALID, "wrong_type", "The body must be a JSON object");
    TRY(json_each(object, read_pair, r));
    for (size_t i = 0; r->creating && i < r->shape->count; i++) {
        const struct field *f = &r->shape->field[i];
        if ((f->flags & REQUIRED) && (f->flags & IN) && !json_get(object, f->name))
            WRONG(r, f->name, "required", "%s is required", f->name);
    }
    return r->found;
}

fallible shape_read(struct ctx *ctx, const struct shape *shape, const struct json *object, bool creating,
                    void *out)
{
    struct reading r = { .ctx = ctx, .shape = shape, .creating = creating, .out = out };
    return read_shape(&r, object);
}

fallible shape_read_lenient(struct ctx *ctx, const struct shape *shape, const struct json *object, void *out)
{
    struct reading r = { .ctx = ctx, .shape = shape, .creating = true, .lenient = true, .out = out };
    return read_shape(&r, object);
}

static void write_member(struct json_out *out, const struct field *f, const char *member)
{
    switch (f->kind) {
    case FIELD_BOOL:
        json_put_flag(out, *(const bool *)member);
        break;
    case FIELD_INT32:
        json_put_integer(out, *(const int32_t *)member);
        break;
    case FIELD_INT64:
        json_put_integer(out, *(const int64_t *)member);
        break;
    case FIELD_REAL:
        json_put_real(out, *(const double *)member);
        break;
    case FIELD_TEXT:
        json_put_string(out, *(const char *const *)member);
        break;
    case FIELD_UUID:
        json_put_string(out, uuid_text(out->str.arena, *(const struct uuid *)member));
        break;
    case FIELD_UTC:
        json_put_string(out, utc_text(out->str.arena, *(const struct utc *)member));
        break;
    case FIELD_RAW_JSON:
    case FIELD_TEXT_LIST:
        json_put_raw(out, *(const char *const *)member);
        break;
    }
}

void shape_write_members(struct json_out *out, const struct shape *shape, const void *value)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct field *f = &shape->field[i];
        if (!(f->flags & OUT) || (f->flags & SECRET_FIELD))
            continue;
        json_name(out, f->name);
        write_member(out, f, (const char *)value + f->offset);
    }
}

void shape_write(struct json_out *out, const struct shape *shape, const void *value)
{
    json_open_object(out);
    shape_write_members(out, shape, value);
    json_close_object(out);
}

static bool set_number(const struct field *f, const char *text, void *member)
{
    int64_t lowest = f->kind == FIELD_INT32 ? INT32_MIN : INT64_MIN;
    int64_t highest = f->kind == FIELD_INT32 ? INT32_MAX : INT64_MAX, number = 0;
    if (text && !str_to_long(text, lowest, highest, &number))
        return false;
    if (f->kind == FIELD_INT32)
        *(int32_t *)member = (int32_t)number;
    else
        *(int64_t *)member = number;
    return true;
}

void shape_set_column(struct arena *arena, const struct field *f, const char *text, void *out)
{
    char *member = (char *)out + f->offset;
    bool good = true;
    switch (f->kind) {
    case FIELD_BOOL:
        good = !text || strcmp(text, "t") == 0 || strcmp(text, "f") == 0;
        *(bool *)member = text && *text == 't';
        break;
    case FIELD_INT32:
    case FIELD_INT64:
        good = set_number(f, text, member);
        break;
    case FIELD_REAL:
        *(double *)member = text ? strtod(text, NULL) : 0;
        break;
    case FIELD_TEXT:
    case FIELD_RAW_JSON:
    case FIELD_TEXT_LIST:
        *(const char **)member = arena_text(arena, text);
        break;
    case FIELD_UUID:
        *(struct uuid *)member = (struct uuid){ 0 };
        good = !text || uuid_parse(text, (struct uuid *)member);
        break;
    case FIELD_UTC:
        *(struct utc *)member = (struct utc){ 0 };
        good = !text || utc_parse_row(text, (struct utc *)member);
        break;
    }
    assert(good && "a column's type differs from its member's");
    (void)good;
}

/* A value of to_jsonb as the text format has it. */
static const char *text_in_row(struct arena *arena, const struct field *f, const struct json *value)
{
    bool flag;
    if (json_type_of(value) == JSON_NULL)
        return NULL;
    if (f->kind == FIELD_BOOL && json_flag(value, &flag))
        return flag ? "t" : "f";
    bool raw = f->kind == FIELD_RAW_JSON || f->kind == FIELD_TEXT_LIST || json_type_of(value) != JSON_STRING;
    return raw ? json_text(arena, value) : json_string(value);
}

void shape_set_row(struct arena *arena, const struct shape *shape, const struct json *row, void *out)
{
    memset(out, 0, shape->size);
    for (size_t i = 0; i < shape->count; i++) {
        const struct field *f = &shape->field[i];
        const char *text = text_in_row(arena, f, json_get(row, f->column));
        if (f->kind != FIELD_UTC || !text || !utc_parse(text, (struct utc *)((char *)out + f->offset)))
            shape_set_column(arena, f, text, out);
    }
}
