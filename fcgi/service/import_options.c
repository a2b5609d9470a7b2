/*
 * service/import_options.c - see service/import_options.h.
 */
#include "service/import_options.h"

#include <ctype.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "store/leads.h"

#define OPTIONS(X) X(country) X(encoding) X(delimiter) X(header) X(map) X(policy) X(list)

static const struct { const char *name; char delimiter; } delimiters[] = {
    { "comma", ',' }, { ",", ',' }, { "semicolon", ';' }, { ";", ';' }, { "tab", '\t' }, { "\t", '\t' }, { "bar", '|' }, { "|", '|' },
};

static char delimiter_of(const char *name)
{
    for (size_t i = 0; i < sizeof delimiters / sizeof *delimiters; i++)
        if (str_equal(delimiters[i].name, name))
            return delimiters[i].delimiter;
    return 0;
}

fallible import_options_check(struct ctx *ctx, const struct import_options *o)
{
    struct arena *a = ctx->arena;
    struct err *found = NULL;
    enum encoding encoding;
    enum import_policy policy;

    if (o->country && (strlen(o->country) != 2 || !isupper((unsigned char)o->country[0]) || !isupper((unsigned char)o->country[1])))
        found = err_field(a, found, "country", "malformed", "country is an ISO 3166 code of two capital letters, e.g. TR");
    if (o->encoding && !encoding_find(o->encoding, &encoding))
        found = err_field(a, found, "encoding", "not_one_of", "encoding is one of utf-8, utf-16le, utf-16be, windows-1254 and windows-1252");
    if (o->delimiter && !delimiter_of(o->delimiter))
        found = err_field(a, found, "delimiter", "not_one_of", "delimiter is one of comma, semicolon, tab and bar");
    if (o->header && !str_equal(o->header, "yes") && !str_equal(o->header, "no"))
        found = err_field(a, found, "header", "not_one_of", "header is yes or no");
    if (o->policy && !import_policy_find(o->policy, &policy))
        found = err_field(a, found, "policy", "not_one_of", "policy is one of update, skip and refuse");
    if (o->list && (str_blank(o->list) || utf8_count(o->list) > 200))
        found = err_field(a, found, "list", "malformed", "list is a name of 1 to 200 characters");
    if (o->file && (str_blank(o->file) || utf8_count(o->file) > 255))
        found = err_field(a, found, "file", "malformed", "file is a name of 1 to 255 characters");
    if (found || !o->map)
        return found;
    return csv_map_check(ctx, o->map);
}

fallible import_wishes(struct ctx *ctx, const struct import_options *o, const char *bytes, size_t size, enum encoding *encoding, struct csv_wishes *wishes,
                       struct import_text *text)
{
    text->country = o->country;
    text->policy = IMPORT_UPDATE;
    if (o->policy)
        import_policy_find(o->policy, &text->policy);
    if (!text->country)
        TRY(leads_country(ctx, &text->country));
    if (!o->encoding || !encoding_find(o->encoding, encoding))
        *encoding = encoding_of(bytes, size);
    *wishes = (struct csv_wishes){ .delimiter = o->delimiter ? delimiter_of(o->delimiter) : 0, .map = o->map, .country = text->country };
    if (o->header)
        wishes->heading = str_equal(o->header, "yes") ? CSV_HEADING_YES : CSV_HEADING_NO;
    return NULL;
}

const char *import_options_text(struct arena *a, const struct import_options *o)
{
    struct json_out out = json_out_make(a, (size_t)64 << 10);

    json_open_object(&out);
#define X(name) if (o->name && !(#name[0] == 'p' && str_equal(o->name, "update"))) { json_name(&out, #name); json_put_string(&out, o->name); }
    OPTIONS(X)
#undef X
    json_close_object(&out);
    return out.str.text;
}

fallible import_options_read(struct ctx *ctx, const char *text, struct import_options *out)
{
    const struct json *object;

    *out = (struct import_options){ 0 };
    TRY(json_read(ctx->arena, text, strlen(text), &object));
#define X(name) out->name = json_string(json_get(object, #name));
    OPTIONS(X)
#undef X
    return NULL;
}

struct import_options import_options_copy(struct arena *a, const struct import_options *o)
{
#define X(name) .name = arena_text(a, o->name),
    return (struct import_options){ OPTIONS(X) .file = arena_text(a, o->file) };
#undef X
}
