/*
 * base/shape.h - one table per struct: reads its row, reads its JSON body, writes its JSON reply.
 *
 *     const struct shape lead_shape = SHAPE(struct lead, "lead",
 *         FIELD(struct lead, id,           OUT),
 *         FIELD(struct lead, name,         IN | OUT | REQUIRED, .longest = 200),
 *         FIELD(struct lead, created_at,   OUT),
 *         FIELD_NAMED(struct lead, agent_kind, "agentKind", IN | OUT, .among = agent_kind_names),
 *         FIELD_JSON(struct lead, custom,  IN | OUT));
 *
 * The member's C type picks the kind: bool, int32_t, int64_t, double, const char *, struct uuid, struct utc.
 * FIELD_JSON is a const char * that holds JSON text (PostgreSQL jsonb) written unquoted; on input an object is kept as text, or a
 * list where the field's type is one.
 * FIELD_LIST is a const char * holding a JSON array of strings.
 * Column names in rows are the C member names; the JSON name differs only with FIELD_NAMED.
 *
 * Reading a body: unknown names are refused ("unknown_field"), OUT-only ones too ("read_only"), wrong types
 * ("wrong_type"), REQUIRED ones missing or null ("required"), over-long text ("too_long", characters), not in
 * .among ("not_one_of", the detail lists them), outside [.lowest, .highest] ("out_of_range"), bad UUIDs and
 * instants ("malformed").  All wrong fields are reported at once in one INVALID error.  A member that is absent keeps
 * what the struct already held, so PATCH is: find, overlay the body, check, save.  null clears text, uuid and utc members.
 * Text is trimmed nowhere; control characters other than \n and \t are refused ("control_character").
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/ctx.h"
#include "base/err.h"
#include "base/json.h"
#include "base/uuid.h"

enum field_kind { FIELD_BOOL, FIELD_INT32, FIELD_INT64, FIELD_REAL, FIELD_TEXT, FIELD_UUID, FIELD_UTC, FIELD_RAW_JSON, FIELD_TEXT_LIST };

enum field_flag { IN = 1, OUT = 2, REQUIRED = 4, SECRET_FIELD = 8 /* IN only, never written out */, CREATE_ONLY = 16,
                  ALWAYS = 32 /* OUT and never null, for the API document */ };

struct field {
    const char        *name;                                    /* in JSON */
    const char        *column;                                  /* in rows */
    size_t             offset;
    enum field_kind    kind;
    unsigned           flags;
    size_t             longest;                                 /* characters (of each item); 0 = 1000, 64 Ki for FIELD_JSON */
    double             lowest, highest;                         /* both 0 = any */
    const char *const *among;                                   /* NULL-terminated names, or NULL */
    const char        *about;                                   /* for the API document; may be NULL */
    const char        *type;                                    /* for the API document, where kind says too little: web/schemas.h's notation */
};

struct shape {
    const char         *name;
    size_t              size;
    const struct field *field;
    size_t              count;
};

#define FIELD_KIND_OF(type, member) _Generic(((type *)0)->member, \
    bool: FIELD_BOOL, int32_t: FIELD_INT32, long: FIELD_INT64, long long: FIELD_INT64, double: FIELD_REAL, \
    const char *: FIELD_TEXT, struct uuid: FIELD_UUID, struct utc: FIELD_UTC)
#define FIELD_NAMED(type, member, json, flags_, ...) \
    { .name = json, .column = #member, .offset = offsetof(type, member), .kind = FIELD_KIND_OF(type, member), .flags = (flags_), ##__VA_ARGS__ }
#define FIELD(type, member, flags_, ...) FIELD_NAMED(type, member, #member, flags_, ##__VA_ARGS__)
#define FIELD_JSON(type, member, flags_, ...) \
    { .name = #member, .column = #member, .offset = offsetof(type, member), .kind = FIELD_RAW_JSON, .flags = (flags_), ##__VA_ARGS__ }
#define FIELD_JSON_NAMED(type, member, json, flags_, ...) \
    { .name = json, .column = #member, .offset = offsetof(type, member), .kind = FIELD_RAW_JSON, .flags = (flags_), ##__VA_ARGS__ }
#define FIELD_LIST(type, member, flags_, ...) \
    { .name = #member, .column = #member, .offset = offsetof(type, member), .kind = FIELD_TEXT_LIST, .flags = (flags_), ##__VA_ARGS__ }
#define SHAPE(type, name_, ...) \
    { .name = name_, .size = sizeof(type), .field = (const struct field[]){ __VA_ARGS__ }, \
      .count = sizeof((const struct field[]){ __VA_ARGS__ }) / sizeof(struct field) }

/* Overlays the members of a JSON object on *out.  creating = CREATE_ONLY fields are allowed and REQUIRED ones must be there. */
fallible shape_read(struct ctx *, const struct shape *, const struct json *object, bool creating, void *out);
/* Same as for creating, but members that are unknown or not for input are ignored (the paths of the five systems). */
fallible shape_read_lenient(struct ctx *, const struct shape *, const struct json *object, void *out);
/* Writes an object with every OUT field. */
void shape_write(struct json_out *, const struct shape *, const void *value);
/* Writes the OUT fields' names and values into an object that is already open. */
void shape_write_members(struct json_out *, const struct shape *, const void *value);

/* Rows: text_of gives the column's text (PostgreSQL's text format) or NULL for SQL NULL. Asserts that every column the shape
 * names is there or marked optional by the caller; used by db.c. */
void shape_set_column(struct arena *, const struct field *, const char *text, void *out);
/* The same for a whole row kept as JSON (PostgreSQL's to_jsonb): columns of other names are passed over, absent ones are NULL.  out is
 * emptied first. */
void shape_set_row(struct arena *, const struct shape *, const struct json *row, void *out);
