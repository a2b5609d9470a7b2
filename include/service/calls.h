/*
 * service/calls.h - placing single calls, and what carriers tell about calls.
 *
 * A single call goes gate -> one request -> report, on the thread of whoever asked, within ten seconds.  The gate's permit is
 * committed before the request begins and no transaction is open while it runs.  Whatever stays unknown is the dialers'
 * reconciler's.  Campaign calls take the same road in dialer/loop.c.
 */
#pragma once

#include "base/settings.h"
#include "provider/provider.h"

/* One call asked for. */
struct call_wish {
    const char *kind;                                           /* "single" */
    struct uuid lead;                                           /* none = number only */
    const char *phone;                                          /* E.164 */
    struct uuid campaign;                                       /* none = none */
    bool        obeys_campaign;                                 /* a paused or stopped campaign refuses it */
    struct uuid agent;                                          /* none */
    /* The request's Idempotency-Key, or NULLs. */
    const char *key_principal, *key_route, *key, *key_hash;
};

struct call_placed {
    struct uuid attempt, conversation;
    const char *state;                                          /* the attempt's, see model/states.h */
    const char *sid;                                            /* NULL while it is not known */
    const char *failure;                                        /* a sentence, when refused or not placed */
    const char *error_code;
    const char *phone;                                          /* E.164, as dialed */
};

/*
 * CONFLICT with every failing rule in fields when the gate refuses.  UPSTREAM when the carrier refused or could not be
 * reached (nothing was placed).  Otherwise success; state "unknown" means that the outcome was not known in time.
 */
fallible svc_call_place(struct ctx *, const struct settings *, const struct call_wish *, struct call_placed *out);
/* Provably nothing was placed: a replay of a key may find its call so. */
bool call_not_placed(const struct call_placed *);
/* How the call of an attempt stands now: for replays of an Idempotency-Key. */
fallible svc_call_stand(struct ctx *, struct uuid attempt, struct call_placed *out);
/* Hangs up an open call.  It counts as ended when the carrier says so. */
fallible svc_call_hangup(struct ctx *, const struct settings *, struct uuid conversation);

/* The account that calls of ctx's tenant go through; UNAVAILABLE "not_configured" naming each missing setting. */
fallible svc_account(struct ctx *, const struct settings *, const char *provider, struct account *out);
