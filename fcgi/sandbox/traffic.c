#include "sandbox/traffic.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "sandbox/journal.h"

enum { NUMBER_BLOCK = 10000 };                                  /* numbers reserved per journal record */

struct entry {
    struct exchange exchange;
    size_t          size;
    char            text[];
};

static struct entry *ring[TRAFFIC_ENTRIES];
static uint64_t last, oldest = 1, reserved;
static size_t bytes;

static void push_out_oldest(void)
{
    struct entry **slot = &ring[oldest % TRAFFIC_ENTRIES];
    if (*slot)
        bytes -= (*slot)->size;
    free(*slot);
    *slot = NULL;
    oldest++;
}

static size_t length_of(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

static const char *copy_to(char **at, const char *text)
{
    if (!text)
        return NULL;
    char *copy = *at;
    size_t length = strlen(text) + 1;
    memcpy(copy, text, length);
    *at += length;
    return copy;
}

/* Long bodies are cut at a character; what is no UTF-8 is left out. */
static char *presentable(const char *text)
{
    if (!text)
        return NULL;
    size_t length = strlen(text);
    if (length > TRAFFIC_BODY)
        for (length = TRAFFIC_BODY; length && ((unsigned char)text[length] & 0xc0) == 0x80; length--)
            ;
    if (!utf8_valid(text, length))
        return strdup("(not UTF-8)");
    return strndup(text, length);
}

uint64_t traffic_add(const struct exchange *given)
{
    struct exchange x = *given;
    char *body = presentable(x.body), *answer = presentable(x.answer);
    size_t size = sizeof(struct entry) + length_of(x.provider) + length_of(x.method) + length_of(x.url) +
                  length_of(x.headers) + length_of(body) + length_of(x.verdict) + length_of(answer) +
                  length_of(x.answer_type);
    struct entry *entry = malloc(size);
    if (!entry)
        abort();
    char *at = entry->text;
    x.seq = ++last;
    x.provider = copy_to(&at, x.provider);
    x.method = copy_to(&at, x.method);
    x.url = copy_to(&at, x.url);
    x.headers = copy_to(&at, x.headers);
    x.body = copy_to(&at, body);
    x.verdict = copy_to(&at, x.verdict);
    x.answer = copy_to(&at, answer);
    x.answer_type = copy_to(&at, x.answer_type);
    free(body);
    free(answer);
    entry->exchange = x;
    entry->size = size;
    while (oldest < last && (last - oldest >= TRAFFIC_ENTRIES || bytes + size > TRAFFIC_BYTES))
        push_out_oldest();
    ring[last % TRAFFIC_ENTRIES] = entry;
    bytes += size;
    if (last > reserved) {
        reserved = last + NUMBER_BLOCK;
        struct json_out *out = journal_begin("traffic");
        json_name(out, "seq");
        json_put_integer(out, (int64_t)reserved);
        journal_end();
    }
    return last;
}

const struct exchange *traffic_at(uint64_t seq)
{
    if (seq < oldest || seq > last || !ring[seq % TRAFFIC_ENTRIES])
        return NULL;
    return &ring[seq % TRAFFIC_ENTRIES]->exchange;
}

uint64_t traffic_last(void)
{
    return last;
}

uint64_t traffic_oldest(void)
{
    return oldest;
}

void traffic_reset(void)
{
    while (oldest <= last)
        push_out_oldest();
    reserved = 0; /* the journal starts anew and must hear the number */
}

void traffic_continue(uint64_t seq)
{
    if (seq <= last)
        return;
    last = reserved = seq;
    oldest = seq + 1;
}

static void put_headers(struct json_out *out, const char *headers)
{
    struct arena *arena = out->str.arena;
    json_open_object(out);
    for (const char *line = headers ? headers : ""; *line;) {
        size_t length = strcspn(line, "\n");
        const char *colon = memchr(line, ':', length);
        if (colon) {
            const char *value = colon + 1 + strspn(colon + 1, " ");
            json_name(out, arena_copy(arena, line, (size_t)(colon - line)));
            json_put_string(out, arena_copy(arena, value, (size_t)(line + length - value)));
        }
        line += length + (line[length] == '\n');
    }
    json_close_object(out);
}

static void put(struct json_out *out, const char *name, const char *text)
{
    json_name(out, name);
    json_put_string(out, text);
}

void traffic_json(struct json_out *out, const struct exchange *x)
{
    json_open_object(out);
    json_name(out, "seq");
    json_put_integer(out, (int64_t)x->seq);
    put(out, "at", utc_text(out->str.arena, x->at));
    put(out, "kind", x->callback ? "callback" : "request");
    put(out, "provider", x->provider);
    put(out, "method", x->method);
    put(out, "url", x->url);
    json_name(out, "headers");
    put_headers(out, x->headers);
    put(out, "body", x->body);
    json_name(out, "status");
    if (x->status)
        json_put_integer(out, x->status);
    else
        json_put_null(out);
    put(out, "verdict", x->verdict);
    json_close_object(out);
}
