#include "base/log.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

enum { LONGEST_LINE = 8192, LONGEST_TEXT = 2048, MOST_PER_SECOND = 1000, TAIL = 2 /* "}\n" */ };

static const char *program_name = "outdial";
static enum log_level lowest_level = LOG_INFO;

struct line { char text[LONGEST_LINE]; size_t length; };

void log_open(const char *program, enum log_level lowest)
{
    program_name = program;
    lowest_level = lowest;
}

static bool put_bytes(struct line *line, const char *bytes, size_t size)
{
    if (line->length + size > LONGEST_LINE - TAIL)
        return false;
    memcpy(line->text + line->length, bytes, size);
    line->length += size;
    return true;
}

static bool put(struct line *line, const char *text)
{
    return put_bytes(line, text, strlen(text));
}

/* Bytes of the UTF-8 character at text; 0 when there is none. */
static size_t character(const char *text)
{
    size_t left = strnlen(text, 4);
    for (size_t size = 1; size <= left; size++)
        if (utf8_valid(text, size))
            return size;
    return 0;
}

static bool put_quoted(struct line *line, const char *text)
{
    bool fits = put(line, "\"");
    const char *end = text + LONGEST_TEXT;
    while (fits && *text) {
        if (text >= end) {
            fits = put(line, "…");
            break;
        }
        unsigned char c = (unsigned char)*text;
        size_t size = c < 0x80 ? 1 : character(text);
        char escaped[8];
        if (!size) {
            fits = put(line, "\\ufffd");
            size = 1;
        } else if (c < 0x20 || c == 0x7f || c == '"' || c == '\\') {
            snprintf(escaped, sizeof escaped, "\\u%04x", c);
            fits = put(line, escaped);
        } else {
            fits = put_bytes(line, text, size);
        }
        text += size;
    }
    return fits && put(line, "\"");
}

/* A pair that does not fit is left out as a whole, so the line stays JSON. */
static void put_pair(struct line *line, const struct log_pair *pair)
{
    size_t before = line->length;
    char number[32];
    bool fits = put(line, ",") && put_quoted(line, pair->name) && put(line, ":");
    switch (pair->type) {
    case LOG_TEXT:
        fits = fits && (pair->text ? put_quoted(line, pair->text) : put(line, "null"));
        break;
    case LOG_NUMBER:
        snprintf(number, sizeof number, "%lld", (long long)pair->number);
        fits = fits && put(line, number);
        break;
    case LOG_REAL:
        snprintf(number, sizeof number, "%.10g", pair->real);
        fits = fits && put(line, isfinite(pair->real) ? number : "null");
        break;
    case LOG_FLAG:
        fits = fits && put(line, pair->number ? "true" : "false");
        break;
    }
    if (!fits)
        line->length = before;
}

static void put_text(struct line *line, const char *name, const char *text)
{
    if (text)
        put_pair(line, &(struct log_pair){ .name = name, .type = LOG_TEXT, .text = text });
}

/* Whether another line may pass in this second; *dropped is what to confess to with it. */
static bool may_pass(int64_t *dropped)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static int64_t second, passed, missing;
    pthread_mutex_lock(&lock);
    int64_t now = boot_now_ms() / 1000;
    if (now != second) {
        second = now;
        passed = 0;
    }
    bool may = passed < MOST_PER_SECOND;
    if (may) {
        passed++;
        *dropped = missing;
        missing = 0;
    } else {
        missing++;
    }
    pthread_mutex_unlock(&lock);
    return may;
}

static void put_instant(struct line *line)
{
    struct utc now = utc_now();
    time_t seconds = utc_seconds(now);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    char day[32], text[48];
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text, sizeof text, "{\"ts\":\"%s.%03dZ\"", day, (int)(now.us / 1000 % 1000));
    put(line, text);
}

static void put_tenant(struct line *line, struct uuid tenant)
{
    const unsigned char *b = tenant.byte;
    char text[37];
    if (uuid_is_none(tenant))
        return;
    char *to = text;
    for (int i = 0; i < 16; i++)
        to += snprintf(to, 4, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b[i]);
    put_text(line, "tenant", text);
}

void log_write(const struct ctx *ctx, enum log_level level, const char *event, const struct log_pair *pairs,
               unsigned count)
{
    static const char *const levels[] = { "debug", "info", "warning", "error" };
    struct line line;
    int64_t dropped;
    if (level < lowest_level || !may_pass(&dropped))
        return;
    line.length = 0;
    put_instant(&line);
    put_text(&line, "level", levels[level]);
    put_text(&line, "program", program_name);
    put_text(&line, "event", event);
    if (ctx) {
        put_text(&line, "request_id", ctx->request_id);
        put_tenant(&line, ctx->tenant);
        put_text(&line, "route", ctx->doing);
    }
    if (dropped)
        put_pair(&line, &(struct log_pair){ .name = "lines_dropped", .type = LOG_NUMBER, .number = dropped });
    for (unsigned i = 0; i < count; i++)
        put_pair(&line, &pairs[i]);
    memcpy(line.text + line.length, "}\n", TAIL);
    (void)!write(STDERR_FILENO, line.text, line.length + TAIL);
}
