/*
 * command/cluster.h - the private PostgreSQL of a stack: one folder, one unix socket, nobody else's.
 *
 * The folder and the socket's folder are 0700 and every local role is trusted: whoever may enter them is this user or root.
 * Nothing of customers reaches its log: parameters, statements and row contents are left out.
 */
#pragma once

#include "command/state.h"
#include "command/supervise.h"

/* Makes the cluster if there is none, clears what a killed one left, starts it and waits until it answers. */
fallible cluster_start(struct ctx *, struct supervisor *, const struct state *, const char *const *environment);
/* Makes the database "outdial" if there is none. */
fallible cluster_database(struct ctx *, const struct state *);
/* Connection string for a role. */
char    *cluster_url(struct ctx *, const struct state *, const char *role);
