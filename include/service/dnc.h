/*
 * service/dnc.h - numbers that are not called any more.
 *
 * An addition is committed first and acknowledged only when no request to the number can begin: permits live two seconds, so this
 * takes at most about three.
 */
#pragma once

#include "store/dnc.h"

/* Fills d with the row, new or found (is_new).  source: "api" or "command".  Must not be called in an open transaction. INVALID. */
fallible svc_dnc_add(struct ctx *, const char *source, struct dnc *d);
