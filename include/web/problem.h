/*
 * web/problem.h - an error as RFC 9457 has it.
 */
#pragma once

#include "base/err.h"
#include "web/req.h"

/* Replaces whatever the reply held.  What is INTERNAL is never shown, and every plain 404 reads the same. */
void reply_problem(struct req *, const struct err *);
