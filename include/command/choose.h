/*
 * command/choose.h - which tenant a command is about, and secrets from a pipe.
 *
 * --tenant takes a short name or an id.  Without it the variable OUTDIAL_TENANT_ID counts, which run.env of a demo stack has;
 * without that, the only tenant there is.
 */
#pragma once

#include "command/command.h"
#include "model/tenant.h"

/* Takes --tenant; ctx is the tenant's from then on, with the rights of an owner. */
fallible choose_tenant(struct invocation *, struct tenant *out);
/* The first line of standard input, at most 1000 bytes; INVALID when there is none. */
fallible read_line(struct invocation *, const char *what, const char **out);
