/*
 * db/lanes.h - inside db/ only: what the threads of a process share: a lane for reads, a lane for writes, and a few
 * connections for everything else, lent to one request at a time.
 */
#pragma once

#include "db/lane.h"

/* The lane that a statement goes by now; NULL: it needs a connection to itself. */
struct lane *lanes_find(const struct ctx *, enum sql);
/* Lends a connection, or the right to make one, to a db that shares lanes and has none.  Waits for one until the deadline. */
fallible lanes_lend(struct ctx *);
