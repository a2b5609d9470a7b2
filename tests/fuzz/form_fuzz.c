/* Forms and queries: what is read and written again reads as the same pairs. */
#include "fuzz.h"

FUZZ
{
    struct pairs pairs, again;
    if (!form_parse(arena, bytes, size, &pairs))
        return;
    MUST(pairs.count <= 1000);
    struct str text = str_make(arena, (size_t)4 << 20);
    for (size_t i = 0; i < pairs.count; i++) {
        MUST(utf8_valid(pairs.item[i].name, strlen(pairs.item[i].name)) && utf8_valid(pairs.item[i].value, strlen(pairs.item[i].value)));
        form_add(&text, pairs.item[i].name, pairs.item[i].value);
    }
    if (str_broken(&text) || arena_overflowed(arena))
        return;
    MUST(form_parse(arena, text.text, text.length, &again) && again.count == pairs.count);
    for (size_t i = 0; i < pairs.count; i++)
        MUST(strcmp(again.item[i].name, pairs.item[i].name) == 0 && strcmp(again.item[i].value, pairs.item[i].value) == 0);
    (void)ctx;
}
