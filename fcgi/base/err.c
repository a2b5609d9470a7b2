#include "base/err.h"

#include "base/str.h"

enum { LONGEST_CHAIN = 4096, DEEPEST_CHAIN = 32 };

static const struct { int http; const char *code, *title; } kinds[ERR_KIND_COUNT] = {
#define X(kind, http, code, title) [ERR_##kind] = { http, code, title },
    ERR_KINDS(X)
#undef X
};

int err_http_status(enum err_kind kind)
{
    return kinds[kind].http;
}

const char *err_default_code(enum err_kind kind)
{
    return kinds[kind].code;
}

const char *err_title(enum err_kind kind)
{
    return kinds[kind].title;
}

struct err *err_make(struct arena *arena, const char *file, int line, enum err_kind kind, const char *code,
                     const struct err *cause, const char *format, ...)
{
    struct err *e = ARENA_NEW(arena, struct err);
    va_list values;
    va_start(values, format);
    *e = (struct err){ .kind = kind, .code = code ? code : kinds[kind].code, .cause = cause, .file = file,
                       .line = line, .message = arena_vprintf(arena, format, values) };
    va_end(values);
    return e;
}

struct err *err_field(struct arena *arena, struct err *e, const char *field, const char *code,
                      const char *format, ...)
{
    struct err_field *f = ARENA_NEW(arena, struct err_field);
    va_list values;
    va_start(values, format);
    *f = (struct err_field){ .field = arena_text(arena, field), .code = code,
                             .detail = arena_vprintf(arena, format, values) };
    va_end(values);
    if (!e)
        e = err_make(arena, __FILE__, __LINE__, ERR_INVALID, NULL, NULL, "%s", f->detail);
    struct err_field **end = &e->fields;
    while (*end)
        end = &(*end)->next;
    *end = f;
    return e;
}

char *err_chain(struct arena *arena, const struct err *e)
{
    struct str s = str_make(arena, LONGEST_CHAIN);
    for (int depth = 0; e && depth < DEEPEST_CHAIN; e = e->cause, depth++)
        str_addf(&s, "%s%s (%s:%d)", depth ? " because " : "", e->message, e->file, e->line);
    return s.length ? s.text : arena_copy(arena, "", 0);
}
