/*
 * service/leads.h - leads are made, changed and taken away; all of them are written out.
 *
 * Importing many is service/imports.h.
 */
#pragma once

#include <stdio.h>

#include "store/leads.h"

/* INVALID; CONFLICT already_exists for an external_id that another lead has. */
fallible svc_lead_create(struct ctx *, struct lead *);
/* Saves a changed copy.  CONFLICT changed_meanwhile when somebody else has changed the lead since it was read. */
fallible svc_lead_save(struct ctx *, struct lead *);
fallible svc_lead_delete(struct ctx *, struct uuid);

/*
 * Leads as CSV, newest first; cells that a spreadsheet would execute are quoted with an apostrophe.  Pages are read from the database
 * as they are written, so memory does not grow with them.  Importing the file changes nothing.
 */
struct leads_export {
    struct lead_filter filter;                                  /* whose; the caller's */
    void      (*told)(int64_t count, void *data);               /* after every page, or NULL */
    void       *told_data;
    size_t      extras, phones;                                 /* columns of custom values, and of numbers beyond the first */
    const char *const *extra;
    int64_t     count;                                          /* written so far */
};
fallible svc_leads_export_open(struct ctx *, struct leads_export *);     /* which columns there are */
fallible svc_leads_export_write(struct ctx *, struct leads_export *, FILE *out);
