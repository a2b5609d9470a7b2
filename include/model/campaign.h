/*
 * model/campaign.h - a campaign as clients see it, and what a good one looks like.
 *
 * A campaign says how a list of leads is called: by which kind of agent, how fast, when, with which number shown.  Its shape is
 * camelCase throughout.  A new one starts as campaign_preset() makes it; whatever a request overlays is judged by campaign_check(),
 * which knows the tenant's house rules and reports every wrong field at once.
 *
 *     struct campaign c = campaign_preset(&house);
 *     TRY(req_create(r, &campaign_shape, &c));
 *     TRY(campaign_check(ctx, &house, NULL, &c));
 *
 * The calling window: windowOpens and windowCloses are the hours that count, the campaign's narrowed by the tenant's; null means the
 * tenant's.  Hours outside 08:00-21:00 need a tenant whose own window is as wide, and only the operator widens that.
 */
#pragma once

#include "base/shape.h"

#define CAMPAIGN_WINDOW_OPENS  480                              /* minutes of the day: the widest lawful window ... */
#define CAMPAIGN_WINDOW_CLOSES 1260                             /* ... without the operator's word */

struct campaign {
    struct uuid id;
    const char *name, *state, *state_reason, *agent_kind;
    bool        is_default;
    double      interval_minutes;                               /* from origination to origination */
    int64_t     max_open_calls;
    double      calls_per_second;
    const char *caller_id_strategy, *caller_id;
    int64_t     number_daily_cap;                               /* of each number without a cap of its own; 0 = none */
    const char *agent_phone, *agent_name, *sip_trunk_id, *assistant_id;
    const char *locale;                                         /* "en", "tr" or NULL: the tenant's */
    const char *window_opens, *window_closes;                   /* "HH:MM" */
    int64_t     opens, closes;                                  /* minutes of the day, as stored: 0 and 1440 are the tenant's */
    bool        machine_detection;
    int64_t     machine_detection_timeout_ms;
    bool        wait_for_beep, async_machine_detection;
    int64_t     ring_seconds;
    const char *retries;                                        /* JSON object by outcome; this and the next see model/pacing.h */
    const char *breaker, *budget, *goal;                        /* JSON objects or NULL */
    int64_t     max_attempts, retry_days;                       /* 0: no limit of its own */
    const char *lead_order, *lead_mix;
    int64_t     fresh_per_retry, weight;
    const char *phone_numbers;                                  /* JSON array of the numbers linked to it */
    int64_t     leads_count;
    const char *leads;                                          /* JSON {"count","url"}, made where URLs are known */
    struct utc  created_at, updated_at;
};

extern const struct shape       campaign_shape;
extern const char *const        campaign_agent_kinds[];         /* NULL-terminated, as are the others */
extern const char *const        campaign_caller_id_strategies[];

/* What the tenant says about its campaigns. */
struct campaign_house {
    const char *country;
    int64_t     opens, closes;                                  /* the tenant's window */
    int64_t     max_open_calls;                                 /* limits of the tenant's default run; 0, 0 and NULL without one */
    double      calls_per_second;
    const char *retries, *breaker;
};
extern const struct shape campaign_house_shape;

struct campaign campaign_preset(const struct campaign_house *);
/*
 * before: the campaign as it was, or NULL for a new one.  Normalises phones to E.164, fills what null took away, turns the window into
 * opens and closes.  INVALID with every wrong field.
 */
fallible campaign_check(struct ctx *, const struct campaign_house *, const struct campaign *before, struct campaign *);

/* "HH:MM", 00:00 to 24:00, as minutes of the day. */
bool minutes_of_day(const char *text, int64_t *out);

/* How it is paced at this moment; JSON objects, NULL where there is nothing to tell. */
struct pacing { const char *breaker, *budget, *goal, *share, *account, *queue; };
extern const struct shape pacing_shape;

/* How far a campaign is with its list; the auto-dialer's status has the same members. */
struct progress {
    bool    is_running;
    int64_t current_index;                                      /* leads that will not be dialed again */
    int64_t total_leads;                                        /* of the whole list, skipped ones included */
    int64_t calls_made;                                         /* accepted by the carrier, or perhaps placed */
    int64_t remaining;
    double  interval_minutes;
};
extern const struct shape progress_shape;
