/*
 * sandbox/world.h - what is true in the fake telephone network: accounts, numbers, scripts, calls.
 *
 * The world belongs to the event thread.  Whatever changes in it is appended to a journal (journal.h)
 * before anybody is told, so a sandbox that is killed and started again knows every call it placed.
 *
 * Calls, scripts and their texts live in one arena until POST /control/reset; accounts and numbers outlive
 * a reset.  Pointers to calls held across events are checked against world_generation(), which a reset raises.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"

enum { SID_SIZE = 35 };                                         /* two letters, 32 hex digits, NUL */

enum call_status {
    CALL_QUEUED, CALL_INITIATED, CALL_RINGING, CALL_IN_PROGRESS,
    CALL_COMPLETED, CALL_BUSY, CALL_FAILED, CALL_NO_ANSWER, CALL_CANCELED
};
extern const char *const call_status_names[];                   /* as status callbacks say it */
const char *call_status_public(enum call_status);               /* as resources say it: initiated is still "queued" */
bool        call_status_parse(const char *, enum call_status *);
static inline bool call_status_over(enum call_status s) { return s >= CALL_COMPLETED; }

enum call_direction { CALL_INBOUND, CALL_OUTBOUND_API, CALL_OUTBOUND_DIAL };
extern const char *const call_direction_names[];

/* ---- accounts and their numbers ------------------------------------------------------------------ */

enum number_kind { NUMBER_LOCAL, NUMBER_TOLL_FREE, NUMBER_MOBILE };

struct number {
    char             sid[SID_SIZE];
    char             phone[17];                                 /* E.164 */
    enum number_kind kind;
    char             trunk_sid[SID_SIZE];                       /* "" = none */
    struct utc       created, updated;
    struct arena    *settings_arena;
    struct pairs     settings;                                  /* as last set through the API: VoiceUrl, FriendlyName ... */
    struct number   *next;
};

struct account {
    char            sid[SID_SIZE];
    char            auth_token[65];
    char            api_key[SID_SIZE], api_secret[65];
    char            phone_number[17];                           /* must be among the numbers; "" = any */
    struct number  *numbers, **numbers_end;
    unsigned        number_count;
    struct utc      created;
    double          calls_per_second;                           /* 0 = no limit */
    double          next_slot_ms;                               /* on boot_now_ms() */
    struct account *next;
};

/* Reads the JSON list of accounts; false after saying on standard error what is wrong. */
bool            accounts_load(const char *path, const char *public_base_url);
struct account *accounts_first(void);
struct account *account_find(const char *sid);                  /* NULL when absent */
/* Basic authentication: account and token, or API key and secret. */
struct account *account_authenticate(const char *user, const char *password);
struct number  *account_number(const struct account *, const char *phone_or_sid);
struct number  *number_anywhere(const char *phone, struct account **owner);
/* One that it did not have; its SID is new, as after every purchase. */
struct number  *account_buy(struct account *, const char *phone, enum number_kind, const char *trunk_sid);
/* Its SID of an earlier purchase, after a restart. */
void            account_bought(struct account *, const char *phone, const char *sid);
void            account_release(struct account *, struct number *);
void            account_set_count(struct account *, unsigned count);
/* Adds the number, or returns the one already there; NULL when it is no E.164 number. */
struct number  *account_add_number(struct account *, const char *phone, enum number_kind, const char *trunk_sid);
/* Later settings win over earlier ones. */
void            number_set(struct number *, const struct pairs *);
const char     *number_setting(const struct number *, const char *name);       /* "" when never set */
bool            phone_is_e164(const char *);                    /* and a possible NANP number when it begins with +1 */

/* ---- scripts: how a destination behaves ------------------------------------------------------------ */

enum outcome { OUTCOME_HUMAN, OUTCOME_MACHINE, OUTCOME_SCREENING, OUTCOME_BUSY, OUTCOME_NO_ANSWER, OUTCOME_FAILED,
               OUTCOME_REJECT };
enum create_fault { FAULT_NONE, FAULT_LOST_ANSWER, FAULT_LATE_ANSWER, FAULT_429, FAULT_500, FAULT_DROP };
extern const char *const create_fault_names[];

struct script {
    const char       *to;                                       /* E.164, client:..., or "*" */
    enum outcome      outcome;
    double            ring_secs;
    bool              ring_scripted;                            /* ring_secs was given, not a default */
    double            talk_secs;
    bool              talk_scripted;
    const char       *digits;                                   /* "" = none */
    int               error_code;                               /* 0 = the usual one */
    enum create_fault create_fault;
    int64_t           times;                                    /* creates struck per destination */
    double            duplicate, drop;                          /* probability per callback */
    bool              reorder;
    int64_t           delay_ms;                                 /* real time, per callback */
    struct script    *next;                                     /* in its bucket */
};

/* INVALID names the field.  On success the script is in force and in the journal. */
struct err          *scripts_post(struct arena *, const struct json *);
const struct script *script_for(const char *to);                /* exact, then "*", then a person who answers */
/* The fault that strikes this create, counting it; FAULT_NONE when there is none or its times are used up. */
enum create_fault    script_strike(const char *to);

/* ---- calls ------------------------------------------------------------------------------------------ */

struct text_item { const char *text; struct text_item *next; };
struct text_list { struct text_item *first, **end; unsigned count; };

struct callback_made {
    const char           *event, *url;
    int                   status;                               /* HTTP status; 0 = nobody answered */
    struct utc            at;
    struct callback_made *next;
};

struct exchange_made { uint64_t seq; struct exchange_made *next; };     /* entries of the log that concern a call */

struct provider;

struct call {
    char                   sid[SID_SIZE];
    const struct provider *provider;
    struct account        *account;
    struct call           *parent;                              /* NULL unless a dialed leg */
    const struct script   *script;
    const char            *to, *from;
    const char            *request;                             /* the create request's form; "" for others */
    enum call_status       status;
    enum call_direction    direction;
    const char            *answered_by;                         /* as machine detection reported, or NULL */
    struct utc             created, started, answered, ended, updated;
    int                    duration;                            /* s, once over */
    int                    queue_ms;
    bool                   deleted;                             /* gone from the API, not from the truth */
    unsigned               index;                               /* place in calls_at() */
    struct text_list       said, twiml;
    struct callback_made  *callbacks, **callbacks_end;
    struct exchange_made  *exchanges, **exchanges_end;
    const char            *digits;                              /* pressed so far */
    const char            *status_callback, *status_method;     /* changeable during the call; "" = none */
    const char            *room, *dispatch_id, *sip_number;
    void                  *live;                                /* the provider's, while the call lives */
    struct call           *next_in_bucket;
};

void          world_init(uint64_t seed);
unsigned      world_generation(void);
struct arena *world_arena(void);                                /* until the next reset */
void          world_reset(void);                                /* forgets calls and scripts */
double        world_chance(void);                               /* [0, 1) from the seeded generator */
void          world_random_sid(char out[SID_SIZE], const char *prefix);

double world_speed(void);
void   world_set_speed(double factor);
bool   world_callbacks(void);                                   /* false: nothing is sent, documents are not fetched */
void   world_set_callbacks(bool);

/* Recorded in the journal on return. */
struct call *call_place(const struct provider *, struct account *, enum call_direction, const char *to, const char *from,
                        struct call *parent, const char *request);
void call_mark(struct call *, enum call_status);                /* sets the instants that go with it */
void call_answered_by(struct call *, const char *by);
void call_says(struct call *, const char *text);
void call_document(struct call *, const char *twiml);
void call_pressed(struct call *, const char *digits);
void call_callback(struct call *, const char *event, const char *url, int status, struct utc at);
void call_exchange(struct call *, uint64_t seq);
void call_status_callback(struct call *, const char *url, const char *method);
void call_delete(struct call *);

struct call *call_find(const char *sid);
unsigned     calls_count(void);
struct call *calls_at(unsigned index);                          /* oldest first */
/* What the provider charges: "-0.01300", by destination and begun minutes; NULL while it is not told yet, and for calls nobody answered. */
const char  *call_price(struct arena *, const struct call *);
void         call_json(struct json_out *, const struct call *); /* as GET /control/calls shows it */

/* ---- the journal's way back in ------------------------------------------------------------------------ */

void world_replay(const struct json *record);
