/*
 * base/log.h - one JSON object per line on standard error.
 *
 *     log_info(ctx, "campaign.started", KV("campaign", uuid_text(a, id)), KV("leads", count));
 *
 * An event is `noun.verb` with typed pairs; ts, level, program, request_id, tenant and route come from the
 * ctx (NULL is fine: a line of the program itself).  Values are escaped; a line is at most 8 KiB and is
 * written with one write(2).  Phone numbers are passed only through phone_mask(), secrets never.
 * More than 1000 lines a second are dropped and counted in the next line that passes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/ctx.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

struct log_pair {
    const char *name;
    enum { LOG_TEXT, LOG_NUMBER, LOG_REAL, LOG_FLAG } type;
    const char *text;
    int64_t     number;
    double      real;
};

static inline struct log_pair log_text_(const char *n, const char *v)  { return (struct log_pair){ .name = n, .type = LOG_TEXT, .text = v }; }
static inline struct log_pair log_number_(const char *n, int64_t v)    { return (struct log_pair){ .name = n, .type = LOG_NUMBER, .number = v }; }
static inline struct log_pair log_real_(const char *n, double v)       { return (struct log_pair){ .name = n, .type = LOG_REAL, .real = v }; }
static inline struct log_pair log_flag_(const char *n, bool v)         { return (struct log_pair){ .name = n, .type = LOG_FLAG, .number = v }; }

#define KV(name, value) (_Generic((value), \
    char *: log_text_, const char *: log_text_, bool: log_flag_, float: log_real_, double: log_real_, \
    int: log_number_, unsigned: log_number_, long: log_number_, unsigned long: log_number_, \
    long long: log_number_, unsigned long long: log_number_)((name), (value)))

void log_open(const char *program, enum log_level lowest);      /* once, before threads */
void log_write(const struct ctx *, enum log_level, const char *event, const struct log_pair *, unsigned count);

#define log_at_(ctx, level, event, ...) \
    log_write((ctx), (level), (event), (const struct log_pair[]){ __VA_ARGS__ }, \
              sizeof (const struct log_pair[]){ __VA_ARGS__ } / sizeof(struct log_pair))
#define log_info(ctx, ...)    log_at_(ctx, LOG_INFO, __VA_ARGS__, KV("v", 1))
#define log_warning(ctx, ...) log_at_(ctx, LOG_WARNING, __VA_ARGS__, KV("v", 1))
#define log_error(ctx, ...)   log_at_(ctx, LOG_ERROR, __VA_ARGS__, KV("v", 1))
#define log_debug(ctx, ...)   log_at_(ctx, LOG_DEBUG, __VA_ARGS__, KV("v", 1))
