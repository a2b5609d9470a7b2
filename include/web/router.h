/*
 * web/router.h - from a path to its row of the route table.
 *
 * Paths are canonical or unknown: no empty segment, no trailing slash, no "." or "..", every segment percent-decoded
 * by itself to valid UTF-8 without control characters or '/'.  A literal segment beats a ":name" at the same place, whatever the
 * method, so "/leads/export" never means a lead called export.  HEAD is GET, OPTIONS is answered here.
 */
#pragma once

#include "base/arena.h"
#include "web/route.h"

struct match {
    enum { MATCH_FOUND, MATCH_NO_PATH, MATCH_NO_METHOD, MATCH_OPTIONS } outcome;
    const struct route *route;                                  /* MATCH_FOUND */
    const char *tenant, *id, *part;                             /* decoded; NULL when the pattern has none */
    const char *allow;                                          /* "GET, HEAD, OPTIONS": MATCH_NO_METHOD and MATCH_OPTIONS */
};

/* path: as sent, without the query. */
struct match router_find(struct arena *, const struct route *table, unsigned count, const char *method, const char *path);
