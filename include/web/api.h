/*
 * web/api.h - every handler, one prototype each, so that routes.c can name them.
 *
 * A handler reads the request, calls one use case and writes the reply.  Who may call it stands in routes.c; tenant, clock
 * and memory come with r->ctx; errors, status codes and the access log are dispatch.c's.
 */
#pragma once

#include "web/req.h"

/* health.c */
fallible api_healthz(struct req *);
fallible api_readyz(struct req *);

/* api_auth.c */
fallible api_login(struct req *);
fallible api_refresh(struct req *);
fallible api_setup(struct req *);
fallible api_logout(struct req *);
fallible api_me(struct req *);
fallible api_me_update(struct req *);

/* api_outbound.c: the auto-dialer's paths */
fallible api_outbound_call(struct req *);
fallible api_outbound_start(struct req *);
fallible api_outbound_stop(struct req *);
fallible api_outbound_status(struct req *);
fallible api_outbound_logs(struct req *);

/* hook_calls.c: what carriers call */
fallible hook_voice(struct req *);
fallible hook_gather(struct req *);
fallible hook_call_status(struct req *);
fallible hook_amd(struct req *);
fallible hook_inbound(struct req *);
fallible hook_keep(struct req *);
