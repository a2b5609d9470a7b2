/*
 * sandbox/traffic.h - what went over the wire, both ways: a ring of the latest exchanges.
 *
 * Credentials are masked before they get here.  Entries beyond TRAFFIC_ENTRIES or TRAFFIC_BYTES push out the
 * oldest.  Numbering goes on over a restart (with a gap), contents do not.
 */
#pragma once

#include <stdint.h>

#include "base/clock.h"
#include "base/json.h"

enum { TRAFFIC_ENTRIES = 200000, TRAFFIC_BYTES = 192 << 20, TRAFFIC_BODY = 8192 };

struct exchange {
    uint64_t    seq;
    struct utc  at;
    bool        callback;                                       /* we called; else somebody called us */
    const char *provider, *method, *url, *headers, *body, *verdict;     /* headers: one "Name: value" per line */
    const char *answer, *answer_type;
    int         status;                                         /* 0 = no answer */
    int         took_ms;
};

uint64_t               traffic_add(const struct exchange *);    /* copied; seq is given here */
const struct exchange *traffic_at(uint64_t seq);                /* NULL when it was pushed out */
uint64_t               traffic_last(void);
uint64_t               traffic_oldest(void);
void                   traffic_reset(void);
void                   traffic_continue(uint64_t seq);          /* the next number is above this one */
void                   traffic_json(struct json_out *, const struct exchange *);
