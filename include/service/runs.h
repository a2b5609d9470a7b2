/*
 * service/runs.h - the auto-dialer as its five paths know it: a list is started, stopped, watched.
 *
 * A run is a campaign working through one list.  Starting screens the list (bad, test and repeated numbers, do-not-call), keeps
 * what may be called as leads, and sets the campaign running: a row, which the dialers act on.  Stopping commits first and answers only when no
 * request of the campaign can begin any more.
 */
#pragma once

#include "base/json.h"
#include "base/settings.h"
#include "db/db.h"

/* One lead that will not be called, and why; index counts from 0. */
struct run_skip { int64_t index; const char *phone, *reason; };

struct run_started {
    struct uuid      campaign;
    int64_t          total, interval_ms;
    struct run_skip *skip;                                      /* by index */
    size_t           skip_count;
};

/* The campaign that a request means: the given one, or the tenant's default run when none is given. NOT_FOUND. */
fallible svc_run_campaign(struct ctx *, struct uuid given, struct uuid *out);

/* leads: JSON array of {business_name, phone, category, ...}; interval_ms < 0: keep the campaign's.
 * CONFLICT already_running; INVALID when nobody can be called or a lead is no object; UNAVAILABLE not_configured. */
fallible svc_run_start(struct ctx *, const struct settings *, struct uuid campaign, const struct json *leads, int64_t interval_ms, struct run_started *out);
/* Goes on where it stopped. */
fallible svc_run_resume(struct ctx *, const struct settings *, struct uuid campaign, int64_t interval_ms);
/* state: "stopped" or "paused".  Not running is fine. */
fallible svc_run_hold(struct ctx *, struct uuid campaign, const char *state);
/* UNAVAILABLE not_configured, naming each missing setting, unless calls can be placed. */
fallible svc_run_ready(struct ctx *, const struct settings *, struct uuid campaign, const char **country, bool *screens_numbers);
