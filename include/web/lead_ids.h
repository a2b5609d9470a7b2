/*
 * web/lead_ids.h - bodies that name leads: one by one, or all of a list.
 */
#pragma once

#include "web/req.h"

struct lead_ids { const char *lead_ids, *list; };

/* The member lead_ids of the body as it was written: ids and external ids. */
fallible lead_ids_read(struct req *, const char ***out, size_t *count);
/* {"added":n,"already_there":m} of so many. */
fallible lead_ids_reply(struct req *, int64_t added, int64_t of);
