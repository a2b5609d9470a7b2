/*
 * model/login.h - a session as its owner sees it: one login, and everything that was refreshed from it.
 */
#pragma once

#include "base/shape.h"

struct login {
    struct uuid id;                                             /* the family of its refresh tokens */
    struct utc  created_at, last_used_at, expires_at;
    const char *agent;                                          /* "Firefox, Linux", or NULL */
    const char *network;                                        /* where it was used last, roughly; or NULL */
    bool        current;                                        /* it is the one that asks */
};
extern const struct shape login_shape;
