#include "web/router.h"

#include <string.h>

#include "base/str.h"

#define MOST_SEGMENTS   16
#define LONGEST_SEGMENT 1000

struct path {
    unsigned    count;
    const char *segment[MOST_SEGMENTS];
};

static bool presentable(const char *segment)
{
    for (const unsigned char *c = (const unsigned char *)segment; *c; c++) {
        if (*c < 0x20 || *c == 0x7f || *c == '/')
            return false;
    }
    return *segment && !str_equal(segment, ".") && !str_equal(segment, "..") && utf8_valid(segment, strlen(segment));
}

static bool split(struct arena *a, const char *text, struct path *out)
{
    out->count = 0;
    if (*text != '/')
        return false;
    for (const char *from = text + 1;;) {
        size_t length = strcspn(from, "/");
        if (length == 0 || length > LONGEST_SEGMENT || out->count == MOST_SEGMENTS)
            return false;
        const char *segment = url_decode(a, from, length, false);
        if (!segment || !presentable(segment))
            return false;
        out->segment[out->count++] = segment;
        if (!from[length])
            return true;
        from += length + 1;
    }
}

/* How exactly the pattern names the path: a bit per segment, the first one highest; -1 = not at all. */
static int exactness(const char *pattern, const struct path *path)
{
    int bits = 0;
    for (unsigned i = 0; i < path->count; i++) {
        if (*pattern++ != '/')
            return -1;
        size_t length = strcspn(pattern, "/");
        bool literal = *pattern != ':';
        if (literal && (strncmp(pattern, path->segment[i], length) != 0 || path->segment[i][length]))
            return -1;
        bits = bits << 1 | literal;
        pattern += length;
    }
    return *pattern ? -1 : bits;
}

static void capture(const char *pattern, const struct path *path, struct match *out)
{
    for (unsigned i = 0; i < path->count; i++) {
        size_t length = strcspn(++pattern, "/");
        if (length == 7 && strncmp(pattern, ":tenant", 7) == 0)
            out->tenant = path->segment[i];
        else if (length == 3 && strncmp(pattern, ":id", 3) == 0)
            out->id = path->segment[i];
        else if (*pattern == ':')
            out->part = path->segment[i];
        pattern += length;
    }
}

static const char *allowed(struct arena *a, unsigned methods)
{
    struct str s = str_make(a, 200);
    for (enum method m = 0; m < METHOD_COUNT; m++) {
        if (methods & 1u << m)
            str_addf(&s, "%s, %s", method_name(m), m == GET ? "HEAD, " : "");
    }
    str_add(&s, "OPTIONS");
    return s.text;
}

struct match router_find(struct arena *a, const struct route *table, unsigned count, const char *method, const char *text)
{
    struct match out = { .outcome = MATCH_NO_PATH };
    struct path path;
    unsigned methods = 0;
    int best = -1;

    if (!split(a, text, &path))
        return out;
    if (str_equal(method, "HEAD"))
        method = "GET";
    for (unsigned i = 0; i < count; i++) {
        int exact = exactness(table[i].pattern, &path);
        if (exact < 0 || exact < best)
            continue;
        if (exact > best) {
            best = exact;
            methods = 0;
            out.route = NULL;
        }
        methods |= 1u << table[i].method;
        if (str_equal(method, method_name(table[i].method)))
            out.route = &table[i];
    }
    if (best < 0)
        return out;

    out.allow = allowed(a, methods);
    out.outcome = out.route ? MATCH_FOUND : str_equal(method, "OPTIONS") ? MATCH_OPTIONS : MATCH_NO_METHOD;
    if (out.route)
        capture(out.route->pattern, &path, &out);
    return out;
}
