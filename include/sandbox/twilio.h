/*
 * sandbox/twilio.h - the parts of the fake Twilio, which know each other and nobody else.
 *
 *     twilio.c           the REST interface: who may ask, for what, in which form
 *     twilio_calls.c     the Calls resource        twilio_numbers.c   the numbers' resources
 *     twilio_life.c      a call from queued to over; machine detection; dialed legs; conferences
 *     twilio_twiml.c     the TwiML interpreter
 *     twilio_deliver.c   signed webhooks: parameters, retries, faults
 *
 * A struct life lies in the world's arena like its call, so a pointer to it is good until the next reset.
 * Waiting is the provider's and runs at world_speed(); what a person scripted as a fault is real time.
 */
#pragma once

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/xml.h"
#include "sandbox/serve.h"

enum { EVENT_INITIATED = 1, EVENT_RINGING = 2, EVENT_ANSWERED = 4, EVENT_COMPLETED = 8 };
enum detection { DETECTION_OFF, DETECTION_ENABLE, DETECTION_MESSAGE_END };
enum { MOST_LEGS = 10, MOST_DIGITS = 64, MOST_DOCUMENTS = 200 };

struct life;
struct room;
struct delivery;

struct hook { const char *url, *method; };                      /* url NULL or "" = none */

/* Something the debugger would show. */
struct note { int code; const char *text; struct utc at; struct note *next; };

struct dial {
    struct life *leg[MOST_LEGS];
    int          legs, waiting;                                 /* waiting: legs neither over nor bridged */
    struct life *bridged;
    struct hook  action;
    double       time_limit;                                    /* s, 0 = none */
    const char  *status;                                        /* of the last leg that ended */
    struct room *room;
    bool         end_on_exit;
};

struct gather {
    const struct xml_node *prompt;                              /* next to be heard */
    struct hook            action;
    double                 elapsed, timeout;                    /* s since it began; s of silence allowed */
    int                    most;                                /* numDigits, 0 = any */
    char                   finish[16];
    bool                   keys, empty_result;
    char                   digits[MOST_DIGITS + 1];
};

struct life {
    struct call           *call;
    struct event           timer, limit, detection_timer, held_timer;
    void                 (*after)(struct life *);
    unsigned               epoch;                               /* raised when what was being fetched no longer counts */

    /* as created */
    struct hook            url, fallback, detection_hook;
    const char            *twiml;
    unsigned               events;                              /* EVENT_... wanted */
    double                 ring_limit, time_limit, detection_limit;
    enum detection         detection;
    bool                   detection_apart;                     /* AsyncAmd */

    /* callbacks */
    unsigned               sequence;
    struct delivery       *queue, **queue_end, *held;
    bool                   sending;

    /* the document being executed */
    struct hook            document;                            /* relative addresses start here */
    const struct xml_node *verb;                                /* next */
    bool                   first_verb;
    int                    documents;
    struct gather          gather;
    size_t                 pressed;                             /* digits of the script already used */
    struct dial           *dial;                                /* while a Dial is executed */
    struct life           *dialer;                              /* a dialed leg's other end, while it waits for us */
    bool                   whispering;                          /* a dialed leg that hears its own document before the bridge */
    int                    sip_code;
    struct note           *notes, **notes_end;
};

struct life *life_of(const struct call *);                      /* NULL for calls of an earlier process */

/* ---- twilio_life.c ---- */
struct life *life_make(struct call *);
void life_start(struct call *);                                 /* reads call->request; returns at once */
void life_wait(struct life *, double provider_secs, void (*after)(struct life *));
void life_finish(struct life *, enum call_status, int sip_code);
void life_hang_up(struct life *);                               /* the person, or Hangup: completed, or canceled before the answer */
void life_answer(struct life *);                                /* an inbound call is picked up */
void life_note(struct life *, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
void life_redirect(struct life *, struct hook, const char *twiml);
void life_resume(struct call *);
void life_dropped(void);
struct err *life_inbound(struct arena *, struct account *, struct number *, const char *from, struct call **);
void life_document_over(struct life *);                         /* nothing left to execute */

/* ---- twilio_dial.c ---- */
bool dial_run(struct life *, const struct xml_node *);          /* true: go on with the next verb */
void dial_leg_answered(struct life *leg);
void dial_leg_over(struct life *leg);
void dial_bridge(struct life *leg);                             /* after its whisper */
void dial_caller_gone(struct life *);
void dial_leave(struct life *);                                 /* a redirect takes the caller out */
void dial_forget_rooms(void);

/* ---- twilio_twiml.c ---- */
struct finding { int code; bool fatal; const char *text; };     /* code 0 = nothing to say */
/* Parses and judges; root is set unless fatal.  In the world's arena. */
struct finding twiml_read(const char *bytes, size_t size, const char *content_type, struct xml_node **root);
void twiml_run(struct life *, struct xml_node *root, struct hook document);
void twiml_next(struct life *);
const char *twiml_resolve(struct arena *, const char *base, const char *reference);
struct hook twiml_hook(struct life *, const struct xml_node *, const char *url_name, const char *method_name);
double twiml_seconds(const struct xml_node *, const char *name, double otherwise);

/* ---- twilio_deliver.c ---- */
void deliver_event(struct life *, unsigned event);              /* status callback, if wanted */
void deliver_detection(struct life *, int64_t detection_ms);
void deliver_recording(struct life *, struct hook, const char *sid, int secs);
/* Fetches a document and executes it; extra parameters may be NULL.  Falls back, or ends the call, when it fails. */
void deliver_fetch(struct life *, struct hook, const struct pairs *extra);
/* Tells an address and ignores what it says: the caller is gone. */
void deliver_tell(struct life *, struct hook, const struct pairs *extra);
void deliver_dropped(struct life *);                            /* the world is being reset */
char *deliver_signature(struct arena *, const char *token, const char *url, const struct pairs *form);
/* An http or https address with a host that has no underscore. */
bool  hook_url_valid(const char *url);

/* ---- REST ---- */
enum { RESOURCE_CEILING = 8 << 20, LATE_MS = 20000 /* of a late answer */ };
void twilio_error(struct request *, int status, int code, const char *format, ...) __attribute__((format(printf, 4, 5)));
void twilio_reply(struct request *, int status, struct json_out *);
bool twilio_known(struct request *, const struct pairs *, const char *const *names);    /* false: refused */
void twilio_put(struct json_out *, const char *name, const char *text);
void twilio_put_time(struct json_out *, const char *name, struct utc);

struct page { int64_t size, number; const char *token; int64_t written; bool more; char last[SID_SIZE + 2]; };
bool page_read(struct request *, struct page *);                /* false: refused */
/* Members after the list: page, page_size, ..., next_page_uri. path is the resource's, without query. */
void page_write(struct json_out *, const struct request *, const struct page *);

void twilio_calls(struct request *, struct account *, const char *rest);        /* below /Calls */
void twilio_numbers(struct request *, struct account *, const char *rest);      /* below /IncomingPhoneNumbers */
void twilio_available(struct request *, struct account *, const char *rest);    /* below /AvailablePhoneNumbers */
/* The number that this purchase is about and its kind, if it is for sale; NULL: refused.  kind: of the address, -1 = any. */
const char *twilio_market_choose(struct request *, const struct pairs *form, int kind, enum number_kind *chosen);
const char *twilio_national(struct arena *, const char *phone);                 /* as people there write it */
void twilio_caller_ids(struct request *, struct account *, const char *rest);
