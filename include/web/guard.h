/*
 * web/guard.h - who is asking, and may they.
 *
 * guard_identify() reads the credential and fills ctx: tenant, principal, epoch, token_id, role.  It asks the database only for an API
 * key, or a token of another issuer, that it has not seen for five seconds; whether a credential is still alive is settled by enter(), which travels
 * with the handler's first statement.
 *
 * Refusals have an order: a dead credential (401) and an absent object (404) win over 403, 415, 413, 400 and 422.  On
 * the way to success nothing is asked for that, unless the handler asked the database nothing at all; guard_settle() asks before one
 * of the weaker refusals is given.
 */
#pragma once

#include "web/req.h"
#include "web/router.h"

fallible guard_init(struct ctx *, const struct settings *);      /* once, before threads; INVALID says which setting */

/* 401, 404 for a path into another tenant.  The role is not looked at. */
fallible guard_identify(struct req *, const struct match *);
/* 403 when the role is below the route's. */
fallible guard_role(struct req *);
/* The refusal to give instead of this one, or instead of an answer that nothing stood behind (NULL). No transaction may be open. */
struct err *guard_settle(struct req *, struct err *);
