/*
 * sandbox/sender.h - requests that go out, on a thread of their own.
 *
 * A sending lives in its own arena: make it, fill it, hand it over; done() is called on the event thread with
 * the answer and ends with sender_drop(), or with sender_send() again for another try.
 */
#pragma once

#include "base/http.h"
#include "sandbox/world.h"

struct sending {
    struct arena       *arena;
    struct http_request request;
    struct http_answer  answer;                                 /* valid in done() */
    void              (*done)(struct sending *);
    struct call        *call;                                   /* only while generation is the world's */
    unsigned            generation;
    struct utc          at;                                     /* first handed over */
    void               *data;
    struct sending     *next;
};

bool            sender_start(void);                             /* after serve_start */
void            sender_stop(void);
struct sending *sender_make(void);
void            sender_send(struct sending *);
void            sender_send_after(struct sending *, int64_t real_ms);
void            sender_drop(struct sending *);
bool            sending_stale(const struct sending *);          /* a reset came between */
