#include "web/req.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/secret.h"
#include "web/route.h"

const char *req_env(struct req *r, const char *name)
{
    size_t length = strlen(name);
    for (char *const *e = r->env; e && *e; e++) {
        if (strncmp(*e, name, length) == 0 && (*e)[length] == '=')
            return (*e)[length + 1] ? *e + length + 1 : NULL;
    }
    return NULL;
}

const char *req_header(struct req *r, const char *name)
{
    bool bare = strcasecmp(name, "Content-Type") == 0 || strcasecmp(name, "Content-Length") == 0;
    char *variable = arena_printf(r->ctx->arena, "%s%s", bare ? "" : "HTTP_", name);
    for (char *c = variable; *c; c++)
        *c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
    return req_env(r, variable);
}

const char *req_query(struct req *r, const char *name)
{
    return pairs_find(&r->query_pairs, name);
}

const char *req_route_name(struct req *r)
{
    return arena_printf(r->ctx->arena, "%s %s", method_name(r->route->method), r->route->pattern);
}

static bool body_is(struct req *r, const char *type)
{
    const char *given = req_header(r, "Content-Type");
    size_t length = strlen(type);
    return given && strncasecmp(given, type, length) == 0 && (!given[length] || strchr("; \t", given[length]));
}

static fallible read_json(struct req *r)
{
    bool optional = r->route->flags & LENIENT;
    if (r->body_size == 0 && optional)
        return json_read(r->ctx->arena, "{}", 2, &r->json);
    if (!body_is(r, "application/json"))
        FAIL(r->ctx, MEDIA_TYPE, "Send the body as application/json.");
    if (r->body_size == 0)
        FAIL(r->ctx, BAD_REQUEST, "The body is empty; a JSON object is expected.");
    return json_read(r->ctx->arena, r->body, r->body_size, &r->json);
}

fallible req_object(struct req *r, const struct json **out)
{
    if (!r->json)
        TRY(read_json(r));
    if (json_type_of(r->json) != JSON_OBJECT)
        FAIL_CODE(r->ctx, INVALID, "not_an_object", "The body must be a JSON object.");
    *out = r->json;
    return NULL;
}

static fallible read_shape(struct req *r, const struct shape *shape, bool creating, void *value)
{
    const struct json *object;
    TRY(req_object(r, &object));
    if (r->route->flags & LENIENT)
        return shape_read_lenient(r->ctx, shape, object, value);
    return shape_read(r->ctx, shape, object, creating, value);
}

fallible req_create(struct req *r, const struct shape *shape, void *value)
{
    return read_shape(r, shape, true, value);
}

fallible req_update(struct req *r, const struct shape *shape, void *value)
{
    return read_shape(r, shape, false, value);
}

fallible req_form(struct req *r, struct pairs *out)
{
    *out = (struct pairs){ 0 };
    if (r->body_size == 0)
        return NULL;
    if (!body_is(r, "application/x-www-form-urlencoded"))
        FAIL(r->ctx, MEDIA_TYPE, "Send the body as application/x-www-form-urlencoded.");
    if (!form_parse(r->ctx->arena, r->body, r->body_size, out))
        FAIL(r->ctx, BAD_REQUEST, "The form cannot be read.");
    return NULL;
}

fallible req_page(struct req *r, struct page *out)
{
    const char *limit = req_query(r, "limit"), *cursor = req_query(r, "cursor");
    *out = (struct page){ .limit = 50 };

    if (limit && !str_to_long(limit, 1, 1000, &out->limit))
        FAIL_FIELD(r->ctx, "limit", "out_of_range", "limit is a whole number from 1 to 1000.");
    if (cursor && *cursor) {
        size_t size;
        const void *id = base64_decode(r->ctx->arena, cursor, &size);
        if (!id || size != sizeof out->after.byte)
            FAIL_FIELD(r->ctx, "cursor", "malformed", "cursor is what next_cursor of the page before said.");
        memcpy(out->after.byte, id, size);
    }
    return NULL;
}

/* Whether a word of the list, up to a colon, is this name. */
static bool is_listed(const char *words, const char *name)
{
    size_t length = strlen(name);

    for (const char *at = words ? words : ""; *(at += strspn(at, " ")); at += strcspn(at, " "))
        if (strncmp(at, name, length) == 0 && (!at[length] || at[length] == ' ' || at[length] == ':'))
            return true;
    return false;
}

/* A stranger's name for showing: cut between characters. */
static const char *shown(struct req *r, const char *name)
{
    size_t length = strnlen(name, 80);

    while (length && ((unsigned char)name[length] & 0xc0) == 0x80)
        length--;
    return arena_copy(r->ctx->arena, name, length);
}

static fallible refuse_parameter(struct req *r, const char *name, const char *code, const char *sentence)
{
    struct err *err = ERR_CODE(r->ctx, BAD_REQUEST, code, "%s: %s", name, sentence);

    return err_field(r->ctx->arena, err, name, code, "%s", sentence);
}

fallible req_take_query(struct req *r)
{
    const struct pairs *given = &r->query_pairs;
    const char *known = r->route->query;

    if (!form_parse(r->ctx->arena, r->query, strlen(r->query), &r->query_pairs))
        FAIL_CODE(r->ctx, BAD_REQUEST, "bad_query", "The query cannot be read: percent-encoded UTF-8 is expected.");
    if (r->route->who == SIGNED)
        return NULL;
    for (size_t i = 0; i < given->count; i++) {
        const char *name = given->item[i].name;
        bool listed = is_listed(known, name);
        if (!listed && !(r->route->flags & LENIENT))
            return refuse_parameter(r, shown(r, name), "unknown_parameter", known
                ? arena_printf(r->ctx->arena, "This address knows the query members %s.", known) : "This address knows no query members.");
        for (size_t k = 0; listed && k < i; k++)
            if (str_equal(given->item[k].name, name))
                return refuse_parameter(r, name, "repeated_parameter", "Give a query member once.");
    }
    return NULL;
}

/* One entity tag of a list, without W/ and quotes; *at moves behind it.  NULL at the end. */
static const char *next_tag(struct arena *a, const char **at)
{
    *at += strspn(*at, " \t,");
    if (str_starts(*at, "W/"))
        *at += 2;
    if (!**at)
        return NULL;
    bool quoted = **at == '"';
    *at += quoted;
    size_t length = strcspn(*at, quoted ? "\"" : ", \t");
    const char *tag = arena_copy(a, *at, length);
    *at += length;
    if (**at)
        ++*at;
    return tag;
}

fallible req_if_match(struct req *r, const struct shape *shape, const void *current)
{
    const char *wanted = req_header(r, "If-Match");
    if (!wanted)
        return NULL;
    struct json_out out = json_out_make(r->ctx->arena, (size_t)6 << 20);
    shape_write(&out, shape, current);
    const char *now = arena_printf(r->ctx->arena, "%.32s", sha256_hex(r->ctx->arena, out.str.text, out.str.length));
    for (const char *tag; (tag = next_tag(r->ctx->arena, &wanted));) {
        if (str_equal(tag, "*") || str_equal(tag, now))
            return NULL;
    }
    FAIL(r->ctx, PRECONDITION, "Somebody has changed it since you read it. Read it again.");
}

/* Quality of one range of Accept-Language, in thousandths. */
static int quality(const char *range, size_t length)
{
    const char *q = memmem(range, length, "q=", 2);
    if (!q)
        return 1000;
    int value = 0, scale = 1000;
    for (q += 2; q < range + length && (isdigit((unsigned char)*q) || *q == '.'); q++) {
        if (*q == '.')
            continue;
        value += (*q - '0') * scale;
        scale /= 10;
    }
    return value;
}

const char *req_language(struct req *r)
{
    const char *at = req_header(r, "Accept-Language"), *best = NULL;
    int best_quality = 0;
    while (at && *at) {
        at += strspn(at, " \t,");
        size_t length = strcspn(at, ",");
        const char *language = strncasecmp(at, "tr", 2) == 0 ? "tr" : strncasecmp(at, "en", 2) == 0 ? "en" : NULL;
        if (language && length > 2 && isalpha((unsigned char)at[2]))
            language = NULL;
        int q = language ? quality(at, length) : 0;
        if (q > best_quality) {
            best_quality = q;
            best = language;
        }
        at += length;
    }
    return best;
}
