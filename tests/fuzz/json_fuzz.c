/* JSON: what is accepted is valid UTF-8, and what is written of it reads back as the same. */
#include "fuzz.h"

#include "base/json.h"

FUZZ
{
    const struct json *value, *again;
    if (json_read(arena, bytes, size, &value))
        return;
    MUST(utf8_valid(bytes, size));
    const char *text = json_text(arena, value);
    if (arena_overflowed(arena))
        return;
    MUST(json_read(arena, text, strlen(text), &again) == NULL);
    MUST(json_type_of(again) == json_type_of(value) && json_length(again) == json_length(value));
    MUST(strcmp(json_text(arena, again), text) == 0);
    (void)ctx;
}
