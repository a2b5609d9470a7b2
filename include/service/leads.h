/*
 * service/leads.h - leads are made, changed and taken away; all of them are written out.
 *
 * Importing many is service/imports.h.
 */
#pragma once

#include "store/leads.h"

/* INVALID; CONFLICT already_exists for an external_id that another lead has. */
fallible svc_lead_create(struct ctx *, struct lead *);
/* Saves a changed copy.  CONFLICT changed_meanwhile when somebody else has changed the lead since it was read. */
fallible svc_lead_save(struct ctx *, struct lead *);
fallible svc_lead_delete(struct ctx *, struct uuid);

/* All leads as CSV, oldest first, into the open file; cells that a spreadsheet would execute are quoted with an apostrophe. */
fallible svc_leads_export(struct ctx *, int fd, int64_t *count);
