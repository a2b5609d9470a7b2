/*
 * web/openapi_schema.c - JSON Schemas of shapes and of the notation.  See web/schemas.h.
 */
#include <ctype.h>
#include <string.h>

#include "base/str.h"
#include "web/openapi_parts.h"

#define MOST_ALTERNATIVES 32
#define LONGEST_TEXT      1000                                  /* what shape_read() allows where a field says nothing */
#define MOST_ITEMS        1000

static void put_cut(struct json_out *out, const char *at, size_t length)
{
    json_put_string(out, arena_copy(out->str.arena, at, length));
}

/* "type", with null when it may be. */
static void put_kind(struct json_out *out, const char *kind, bool null)
{
    json_name(out, "type");
    if (!null) {
        json_put_string(out, kind);
        return;
    }
    json_open_array(out);
    json_put_string(out, kind);
    json_put_string(out, "null");
    json_close_array(out);
}

/* ---- the notation ---- */

struct piece { const char *at; size_t length; };

/* alternatives without null, and where the type ends. */
struct type {
    struct piece piece[MOST_ALTERNATIVES];
    unsigned     count;
    bool         null;
    const char  *end;
};

struct member {
    struct piece name;
    bool         optional;
    const char  *type;                                          /* NULL: all members of the schema that name names */
};

/* Where an alternative ends; what stands in brackets and quotes is whole. */
static const char *end_of(const char *at)
{
    int depth = 0;

    for (bool quoted = false; *at; at++) {
        if (*at == '\'')
            quoted = !quoted;
        else if (!quoted && depth == 0 && strchr("|,]}", *at))
            break;
        else if (!quoted)
            depth += strchr("[{", *at) ? 1 : strchr("]}", *at) ? -1 : 0;
    }
    return at;
}

static struct type read_type(const char *at)
{
    struct type type = { .count = 0 };

    for (;; at++) {
        at += strspn(at, " ");
        struct piece piece = { at, 0 };
        type.end = end_of(at);
        piece.length = (size_t)(type.end - at);
        while (piece.length && at[piece.length - 1] == ' ')
            piece.length--;
        if (piece.length == 4 && memcmp(at, "null", 4) == 0)
            type.null = true;
        else if (type.count < MOST_ALTERNATIVES)
            type.piece[type.count++] = piece;
        if (*type.end != '|')
            return type;
        at = type.end;
    }
}

/* Moves *at behind one member; false at the end. */
static bool next_member(const char **at, struct member *out)
{
    *at += strspn(*at, " ,");
    if (!**at || **at == '}')
        return false;
    bool spread = str_starts(*at, "...");
    *at += spread ? 3 : 0;
    out->name = (struct piece){ *at, strcspn(*at, "?:, }") };
    *at += out->name.length;
    out->optional = **at == '?';
    *at += out->optional;
    out->type = spread ? NULL : *at + 1;
    if (!spread)
        *at = read_type(out->type).end;
    return true;
}

static void put_shape_fields(struct json_out *, const struct shape *, enum schema_use);
static void put_shape_required(struct json_out *, const struct shape *, enum schema_use);

static void put_properties(struct json_out *out, const char *members)
{
    struct member m;

    while (next_member(&members, &m)) {
        const struct schema *whole = m.type ? NULL : schema_find(m.name.at, m.name.length);
        if (whole && whole->shape)
            put_shape_fields(out, whole->shape, AS_ANSWER);
        else if (whole)
            put_properties(out, whole->members);
        if (!m.type)
            continue;
        json_name(out, arena_copy(out->str.arena, m.name.at, m.name.length));
        openapi_put_type(out, m.type);
    }
}

static void put_required(struct json_out *out, const char *members)
{
    struct member m;

    while (next_member(&members, &m)) {
        const struct schema *whole = m.type ? NULL : schema_find(m.name.at, m.name.length);
        if (whole && whole->shape)
            put_shape_required(out, whole->shape, AS_ANSWER);
        else if (whole)
            put_required(out, whole->members);
        else if (!m.optional)
            put_cut(out, m.name.at, m.name.length);
    }
}

static void put_members(struct json_out *out, const char *members)
{
    json_name(out, "properties");
    json_open_object(out);
    put_properties(out, members);
    json_close_object(out);
    json_name(out, "required");
    json_open_array(out);
    put_required(out, members);
    json_close_array(out);
}

static void put_words(struct json_out *out, const struct type *type)
{
    put_kind(out, "string", type->null);
    json_name(out, "enum");
    json_open_array(out);
    for (unsigned i = 0; i < type->count; i++)
        put_cut(out, type->piece[i].at + 1, type->piece[i].length - 2);
    if (type->null)
        json_put_null(out);
    json_close_array(out);
}

static const struct { const char *word, *kind, *format; } plain[] = {
    { "text",    "string",  NULL },        { "integer", "integer", "int64" },  { "number", "number", "double" },
    { "boolean", "boolean", NULL },        { "uuid",    "string",  "uuid" },   { "instant", "string", "date-time" },
    { "uri",     "string",  "uri-reference" },                                 { "object", "object", NULL },
};

static bool put_plain(struct json_out *out, struct piece word, bool null)
{
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        if (strlen(plain[i].word) != word.length || memcmp(plain[i].word, word.at, word.length) != 0)
            continue;
        put_kind(out, plain[i].kind, null);
        if (plain[i].format)
            json_put_member(out, "format", plain[i].format);
        return true;
    }
    return false;
}

static void put_reference(struct json_out *out, struct piece name, bool null)
{
    const char *target = arena_printf(out->str.arena, "#/components/schemas/%.*s", (int)name.length, name.at);

    if (!null) {
        json_put_member(out, "$ref", target);
        return;
    }
    json_name(out, "anyOf");
    json_open_array(out);
    json_open_object(out);
    json_put_member(out, "$ref", target);
    json_close_object(out);
    json_open_object(out);
    json_put_member(out, "type", "null");
    json_close_object(out);
    json_close_array(out);
}

static void put_type_members(struct json_out *out, const char *text)
{
    struct type type = read_type(text);
    struct piece first = type.piece[0];

    if (*first.at == '\'') {
        put_words(out, &type);
    } else if (*first.at == '[') {
        put_kind(out, "array", type.null);
        json_name(out, "items");
        openapi_put_type(out, first.at + 1);
    } else if (*first.at == '{') {
        put_kind(out, "object", type.null);
        put_members(out, first.at + 1);
    } else if (!(first.length == 3 && memcmp(first.at, "any", 3) == 0) && !put_plain(out, first, type.null)) {
        put_reference(out, first, type.null);
    }
}

void openapi_put_type(struct json_out *out, const char *type)
{
    json_open_object(out);
    put_type_members(out, type);
    json_close_object(out);
}

/* ---- shapes ---- */

static bool belongs(const struct field *f, enum schema_use use)
{
    if (use == AS_ANSWER)
        return f->flags & OUT && !(f->flags & SECRET_FIELD);
    return f->flags & IN && !(use == AS_UPDATE && f->flags & CREATE_ONLY);
}

/* In answers whatever is not known to be there may be null; in bodies whatever need not be there. */
static bool nullable(const struct field *f, enum schema_use use)
{
    bool pointer = f->kind == FIELD_TEXT || f->kind == FIELD_UUID || f->kind == FIELD_UTC || f->kind == FIELD_RAW_JSON || f->kind == FIELD_TEXT_LIST;

    return pointer && !(f->flags & REQUIRED) && !(use == AS_ANSWER && f->flags & ALWAYS);
}

static void put_among(struct json_out *out, const char *const *among, bool null)
{
    json_name(out, "enum");
    json_open_array(out);
    for (; *among; among++)
        json_put_string(out, *among);
    if (null)
        json_put_null(out);
    json_close_array(out);
}

static void put_kind_of(struct json_out *out, const struct field *f, bool null)
{
    static const char *const words[] = {
        [FIELD_BOOL] = "boolean", [FIELD_INT32] = "integer", [FIELD_INT64] = "integer", [FIELD_REAL] = "number", [FIELD_TEXT] = "text",
        [FIELD_UUID] = "uuid", [FIELD_UTC] = "instant", [FIELD_RAW_JSON] = "object" };

    if (f->kind != FIELD_TEXT_LIST) {
        put_plain(out, (struct piece){ words[f->kind], strlen(words[f->kind]) }, null);
        return;
    }
    put_kind(out, "array", null);
    json_name(out, "items");
    json_open_object(out);
    json_put_member(out, "type", "string");
    if (f->among) {
        put_among(out, f->among, false);
    } else if (f->longest) {
        json_name(out, "maxLength");
        json_put_integer(out, (int64_t)f->longest);
    }
    json_close_object(out);
}

/* What shape_read() checks beyond the kind. */
static void put_limits(struct json_out *out, const struct field *f)
{
    if (f->kind == FIELD_TEXT && !f->among) {
        json_name(out, "maxLength");
        json_put_integer(out, f->longest ? (int64_t)f->longest : LONGEST_TEXT);
    }
    if (f->kind == FIELD_TEXT_LIST) {
        json_name(out, "maxItems");
        json_put_integer(out, MOST_ITEMS);
    }
    if (f->lowest != 0 || f->highest != 0) {
        json_name(out, "minimum");
        json_put_real(out, f->lowest);
        json_name(out, "maximum");
        json_put_real(out, f->highest);
    }
}

static void put_field(struct json_out *out, const struct field *f, enum schema_use use)
{
    bool null = nullable(f, use);

    json_open_object(out);
    if (f->type)
        put_type_members(out, f->type);
    else
        put_kind_of(out, f, null);
    if (f->among && f->kind != FIELD_TEXT_LIST)
        put_among(out, f->among, null);
    if (use != AS_ANSWER)
        put_limits(out, f);
    if (f->flags & SECRET_FIELD) {
        json_name(out, "writeOnly");
        json_put_flag(out, true);
    }
    if (f->about)
        json_put_member(out, "description", f->about);
    json_close_object(out);
}

static void put_shape_fields(struct json_out *out, const struct shape *shape, enum schema_use use)
{
    for (size_t i = 0; i < shape->count; i++) {
        if (!belongs(&shape->field[i], use))
            continue;
        json_name(out, shape->field[i].name);
        put_field(out, &shape->field[i], use);
    }
}

static void put_shape_required(struct json_out *out, const struct shape *shape, enum schema_use use)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct field *f = &shape->field[i];
        if (belongs(f, use) && (use == AS_ANSWER || (use == AS_CREATE && f->flags & REQUIRED)))
            json_put_string(out, f->name);
    }
}

static bool is_answered(const struct shape *shape)
{
    for (size_t i = 0; i < shape->count; i++)
        if (belongs(&shape->field[i], AS_ANSWER))
            return true;
    return false;
}

/* ---- components ---- */

const char *openapi_component(struct arena *arena, const struct schema *schema, enum schema_use use)
{
    bool apart = schema->shape && is_answered(schema->shape);

    return arena_printf(arena, "%s%s", schema->name, use == AS_LIST ? "List" : !apart ? "" : use == AS_CREATE ? "Create" : use == AS_UPDATE ? "Update" : "");
}

void openapi_use_type(unsigned *uses, const char *type)
{
    for (const char *at = type; *at;) {
        size_t length = strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
        const struct schema *schema = isupper((unsigned char)*at) && at[length] != ':' && at[length] != '?' ? schema_find(at, length) : NULL;
        if (schema)
            openapi_use(uses, schema, at >= type + 3 && memcmp(at - 3, "...", 3) == 0 ? AS_PART : AS_ANSWER);
        at += length ? length : *at == '\'' ? strcspn(at + 1, "'") + 2 : 1;
    }
}

void openapi_use(unsigned *uses, const struct schema *schema, unsigned use)
{
    unsigned *mine = &uses[schema - schemas];

    if (use & AS_LIST)
        use |= AS_ANSWER;
    if ((*mine & use) == use)
        return;
    *mine |= use;
    if (schema->members)
        openapi_use_type(uses, schema->members);
    for (size_t i = 0; schema->shape && i < schema->shape->count; i++)
        if (schema->shape->field[i].type)
            openapi_use_type(uses, schema->shape->field[i].type);
}

static void put_list(struct json_out *out, const struct schema *schema)
{
    json_put_member(out, "type", "object");
    put_members(out, arena_printf(out->str.arena, "data: [%s], next_cursor: text|null", schema->name));
}

static void put_shape(struct json_out *out, const struct shape *shape, enum schema_use use)
{
    json_put_member(out, "type", "object");
    json_name(out, "properties");
    json_open_object(out);
    put_shape_fields(out, shape, use);
    json_close_object(out);
    json_name(out, "required");
    json_open_array(out);
    put_shape_required(out, shape, use);
    json_close_array(out);
}

static void put_component(struct json_out *out, const struct schema *schema, unsigned uses, enum schema_use use)
{
    json_name(out, openapi_component(out->str.arena, schema, use));
    json_open_object(out);
    if (use == AS_LIST) {
        put_list(out, schema);
    } else if (schema->among) {
        json_put_member(out, "type", "string");
        put_among(out, schema->among, false);
    } else if (schema->shape) {
        put_shape(out, schema->shape, use);
    } else {
        json_put_member(out, "type", "object");
        put_members(out, schema->members);
    }
    if ((use == AS_CREATE || use == AS_UPDATE) && !(uses & AS_LENIENT)) {
        json_name(out, "additionalProperties");
        json_put_flag(out, false);
    }
    if (schema->about)
        json_put_member(out, "description", schema->about);
    json_close_object(out);
}

void openapi_put_schemas(struct json_out *out, const unsigned *uses)
{
    static const enum schema_use kinds[] = { AS_ANSWER, AS_LIST, AS_CREATE, AS_UPDATE };

    for (unsigned i = 0; i < schema_count; i++) {
        const char *before = NULL;
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            const char *name = openapi_component(out->str.arena, &schemas[i], kinds[k]);
            if (!(uses[i] & kinds[k]) || str_equal(name, before))
                continue;
            put_component(out, &schemas[i], uses[i], kinds[k]);
            before = name;
        }
    }
}
