/*
 * model/script.c - default texts and their placeholders.  See model/script.h.
 */
#include "model/script.h"

#include <string.h>

#include "base/str.h"

#define FILLED_CEILING (8 << 10)

const char *const script_part_names[] = {
#define X(name, word, en, tr) [SCRIPT_##name] = word,
    SCRIPT_PARTS(X)
#undef X
    [SCRIPT_PART_COUNT] = NULL,
};

static const struct { const char *en, *tr; } texts[SCRIPT_COUNT] = {
#define X(name, word, en_, tr_) [SCRIPT_##name] = { .en = en_, .tr = tr_ },
    SCRIPT_PARTS(X)
    SCRIPT_SENTENCES(X)
#undef X
};

const char *script_default(const char *locale, enum script_part part)
{
    return str_equal(locale, "tr") ? texts[part].tr : texts[part].en;
}

const char *script_fill(struct arena *arena, const char *text, const char *persona, const char *company)
{
    const struct { const char *name, *value; } places[] = { { "{persona}", persona }, { "{company}", company } };
    struct str out = str_make(arena, FILLED_CEILING);

    while (*text) {
        bool replaced = false;
        for (size_t i = 0; i < sizeof places / sizeof *places && !replaced; i++) {
            if (!str_starts(text, places[i].name))
                continue;
            str_add(&out, places[i].value);
            text += strlen(places[i].name);
            replaced = true;
        }
        if (!replaced)
            str_add_char(&out, *text++);
    }
    return out.text;
}
