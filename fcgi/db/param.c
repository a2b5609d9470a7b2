#include "db/session.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* {"a","b\"c",NULL} */
static const char *array_as_text(struct arena *a, const char *const *item, size_t count)
{
    size_t size = 3;
    for (size_t i = 0; i < count; i++)
        size += item[i] ? 2 * strlen(item[i]) + 3 : 5;

    char *text = arena_alloc(a, size);
    if (arena_overflowed(a))
        return "{}";
    char *to = text;
    *to++ = '{';
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            *to++ = ',';
        if (!item[i]) {
            to = stpcpy(to, "NULL");
            continue;
        }
        *to++ = '"';
        for (const char *from = item[i]; *from; from++) {
            if (*from == '"' || *from == '\\')
                *to++ = '\\';
            *to++ = *from;
        }
        *to++ = '"';
    }
    strcpy(to, "}");
    return text;
}

/* Microseconds matter here, so utc_text() with its milliseconds will not do. */
static const char *instant_as_text(struct arena *a, int64_t us)
{
    int64_t rest = us % 1000000;
    if (rest < 0)
        rest += 1000000;
    time_t seconds = (us - rest) / 1000000;
    struct tm tm;
    gmtime_r(&seconds, &tm);
    return arena_printf(a, "%04d-%02d-%02dT%02d:%02d:%02d.%06" PRId64 "Z", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                        tm.tm_hour, tm.tm_min, tm.tm_sec, rest);
}

const char *param_as_text(struct arena *a, const struct param *p)
{
    switch (p->kind) {
    case PARAM_TEXT:       return p->text;
    case PARAM_INT:        return arena_printf(a, "%" PRId64, p->number);
    case PARAM_REAL:       return arena_printf(a, "%.17g", p->real);
    case PARAM_BOOL:       return p->number ? "t" : "f";
    case PARAM_UUID:       return uuid_text(a, p->uuid);
    case PARAM_UTC:        return p->number ? instant_as_text(a, p->number) : NULL;
    case PARAM_TEXT_ARRAY: return array_as_text(a, p->array, p->count);
    case PARAM_NULL:       return NULL;
    }
    return NULL;
}
