/* Bodies into structs: whatever fits the table keeps to its limits, and what is written of it is JSON again. */
#include "fuzz.h"

#include "base/shape.h"

struct thing {
    bool        flag;
    int32_t     small;
    int64_t     large;
    double      real;
    const char *name, *kind, *custom, *list;
    struct uuid id;
    struct utc  at;
};

static const char *const kinds[] = { "one", "two", NULL };

static const struct shape thing_shape = SHAPE(struct thing, "thing",
    FIELD(struct thing, flag,  IN | OUT),
    FIELD(struct thing, small, IN | OUT, .lowest = -5, .highest = 500),
    FIELD(struct thing, large, IN | OUT),
    FIELD(struct thing, real,  IN | OUT, .lowest = 0, .highest = 1),
    FIELD(struct thing, name,  IN | OUT | REQUIRED, .longest = 20),
    FIELD(struct thing, kind,  IN | OUT, .among = kinds),
    FIELD_JSON(struct thing, custom, IN | OUT),
    FIELD_LIST(struct thing, list, IN | OUT, .longest = 10),
    FIELD(struct thing, id,    IN | OUT),
    FIELD(struct thing, at,    IN | OUT));

FUZZ
{
    const struct json *body, *again;
    if (json_read(arena, bytes, size, &body) || json_type_of(body) != JSON_OBJECT)
        return;
    struct thing thing = { 0 };
    if (shape_read(ctx, &thing_shape, body, true, &thing)) {
        struct thing lenient = { 0 };
        struct err *ignored = shape_read_lenient(ctx, &thing_shape, body, &lenient);
        (void)ignored;
        return;
    }
    MUST(thing.name && utf8_count(thing.name) <= 20);
    MUST(thing.small >= -5 && thing.small <= 500 && thing.real >= 0 && thing.real <= 1);
    MUST(!thing.kind || strcmp(thing.kind, "one") == 0 || strcmp(thing.kind, "two") == 0);
    struct json_out out = json_out_make(arena, (size_t)1 << 20);
    shape_write(&out, &thing_shape, &thing);
    if (str_broken(&out.str) || arena_overflowed(arena))
        return;
    MUST(json_read(arena, out.str.text, out.str.length, &again) == NULL);
    struct thing second = { 0 };
    MUST(shape_read(ctx, &thing_shape, again, true, &second) == NULL);
    MUST(strcmp(second.name, thing.name) == 0 && second.large == thing.large && uuid_equal(second.id, thing.id));
}
