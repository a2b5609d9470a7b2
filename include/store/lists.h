/*
 * store/lists.h - lists of leads: a name, and the leads under it.
 *
 * A lead may be in many lists; a list that goes takes none of its leads along.  Everything here concerns ctx's tenant.
 */
#pragma once

#include "db/db.h"

struct lead_list {
    struct uuid id;
    const char *name;
    int64_t     leads_count;
    struct utc  created_at, updated_at;
};
extern const struct shape lead_list_shape;

/* limit + 1 rows, newest first; struct lead_list. */
fallible lists_list(struct ctx *, int64_t limit, struct uuid after, struct list *out);
fallible lists_find(struct ctx *, struct uuid, struct lead_list *out);
/* A list by its id or its name, as written.  NOT_FOUND. */
fallible lists_resolve(struct ctx *, const char *written, struct uuid *out);
/* The list of this name, made when there is none. */
fallible lists_named(struct ctx *, const char *name, struct uuid *out);
fallible lists_insert(struct ctx *, struct lead_list *);        /* CONFLICT already_exists */
fallible lists_update(struct ctx *, struct lead_list *);
fallible lists_delete(struct ctx *, struct uuid);
/* Its leads, page by page, to the campaign's present list: answers how many were new there and how many there are. */
fallible lists_give(struct ctx *, struct uuid list, struct uuid campaign, int64_t *added, int64_t *leads);
/* Answers how many were not in it. */
fallible lists_add(struct ctx *, struct uuid, const char *const *lead_ids, size_t count, int64_t *added);
