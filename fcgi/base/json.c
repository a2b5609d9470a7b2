/*
 * json.c - trees of json-c, of texts that the scanner has passed.  See base/json.h.
 */
#include "base/json.h"

#include <limits.h>
#include <string.h>

#define json_type json_c_type                                   /* json-c has an enum of that name, too */
#include <json-c/json.h>
#undef json_type

#include "base/json_scan.h"

/* json-c's null is the null pointer; here a null that is present has an address, to tell it from absent. */
static const char present_null[1];

static json_object *object_of(const struct json *j)
{
    return (const void *)j == present_null ? NULL : (json_object *)j;
}

static const struct json *value_of(json_object *o)
{
    return o ? (const void *)o : (const void *)present_null;
}

static void put_tree(void *tree)
{
    json_object_put(tree);
}

/* The input has passed the scanner, so what json-c lets through in addition does not matter here. */
static bool build(const char *bytes, size_t length, json_object **out)
{
    json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH + 2);
    if (!tokener)
        return false;
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    *out = json_tokener_parse_ex(tokener, bytes, (int)length);
    if (json_tokener_get_error(tokener) == json_tokener_continue)
        *out = json_tokener_parse_ex(tokener, "", 1);           /* a number ends where something follows */
    bool good = json_tokener_get_error(tokener) == json_tokener_success;
    json_tokener_free(tokener);
    return good;
}

static struct err *refusal(struct arena *arena, const char *what, size_t place)
{
    return err_make(arena, __FILE__, __LINE__, ERR_BAD_REQUEST, "malformed_json", NULL,
                    "The JSON text cannot be read: at byte %zu there is %s", place, what);
}

fallible json_read(struct arena *arena, const char *bytes, size_t length, const struct json **out)
{
    if (length > INT_MAX)
        return refusal(arena, "far more than can be read", 0);
    size_t place;
    const char *wrong = json_scan(arena, bytes, length, &place);
    if (wrong)
        return refusal(arena, wrong, place);
    json_object *tree = NULL;
    if (!build(bytes, length, &tree)) {
        json_object_put(tree);
        return refusal(arena, "something that cannot be kept", 0);
    }
    if (tree)
        arena_defer(arena, put_tree, tree);
    *out = value_of(tree);
    return NULL;
}

enum json_type json_type_of(const struct json *j)
{
    switch (json_object_get_type(object_of(j))) {
    case json_type_boolean: return JSON_BOOL;
    case json_type_int:     return JSON_INTEGER;
    case json_type_double:  return JSON_REAL;
    case json_type_string:  return JSON_STRING;
    case json_type_array:   return JSON_ARRAY;
    case json_type_object:  return JSON_OBJECT;
    default:                return JSON_NULL;
    }
}

const char *json_string(const struct json *j)
{
    return json_type_of(j) == JSON_STRING ? json_object_get_string(object_of(j)) : NULL;
}

bool json_integer(const struct json *j, int64_t *out)
{
    if (json_type_of(j) != JSON_INTEGER)
        return false;
    *out = json_object_get_int64(object_of(j));
    return true;
}

bool json_number(const struct json *j, double *out)
{
    if (json_type_of(j) != JSON_INTEGER && json_type_of(j) != JSON_REAL)
        return false;
    *out = json_object_get_double(object_of(j));
    return true;
}

bool json_flag(const struct json *j, bool *out)
{
    if (json_type_of(j) != JSON_BOOL)
        return false;
    *out = json_object_get_boolean(object_of(j));
    return true;
}

const struct json *json_get(const struct json *object, const char *name)
{
    json_object *found;
    if (json_type_of(object) != JSON_OBJECT || !json_object_object_get_ex(object_of(object), name, &found))
        return NULL;
    return value_of(found);
}

size_t json_length(const struct json *j)
{
    if (json_type_of(j) == JSON_ARRAY)
        return json_object_array_length(object_of(j));
    return json_type_of(j) == JSON_OBJECT ? (size_t)json_object_object_length(object_of(j)) : 0;
}

const struct json *json_at(const struct json *array, size_t index)
{
    if (json_type_of(array) != JSON_ARRAY || index >= json_length(array))
        return NULL;
    return value_of(json_object_array_get_idx(object_of(array), index));
}

fallible json_each(const struct json *object, fallible (*fn)(void *, const char *name, const struct json *),
                   void *data)
{
    if (json_type_of(object) != JSON_OBJECT)
        return NULL;
    json_object_object_foreach(object_of(object), name, value)
        TRY(fn(data, name, value_of(value)));
    return NULL;
}

char *json_text(struct arena *arena, const struct json *j)
{
    return arena_text(arena, json_object_to_json_string_ext(object_of(j), JSON_C_TO_STRING_PLAIN
                                                                          | JSON_C_TO_STRING_NOSLASHESCAPE));
}
