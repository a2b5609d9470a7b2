/*
 * service/imports.h - many leads at once, out of a CSV file.
 *
 * Good rows are kept, bad ones reported with line, field and reason; a bad file never costs a good row.  A row is the lead with the same
 * external_id; else the lead with the same number (one without an external_id of its own, where the row has one); else a new lead.
 * Within a file the later row updates the earlier.
 *
 * Rows are written 2,000 at a time, each batch with the import's counts in one transaction.  An import that was interrupted stays
 * "running"; the same bytes again go on behind its last batch.  While one is at work the same bytes are CONFLICT import_in_progress.
 *
 *     struct import_job *job;
 *     TRY(svc_import_start(ctx, settings->database_url, &source, country, &job));
 *     TRY(svc_import_wait(ctx, job, wait_for_the_end, &import));
 *
 * The job runs on a thread of its own, with its own memory and database connection, so that it neither holds up the caller's connection
 * nor lives in the caller's memory.  svc_import_wait gives the job back; one that was not waited for to the end runs on.
 */
#pragma once

#include "db/db.h"

struct import {
    struct uuid import_id;
    const char *state;                                          /* running, done, failed */
    int64_t     bytes, bytes_done;
    int64_t     rows, imported, updated, refused;
    const char *refused_url;                                    /* made where URLs are known */
    struct utc  created_at, ended_at;
};
extern const struct shape import_shape;

/* Where the bytes are: a file, or memory that is copied. */
struct import_source { const char *path; const char *bytes; size_t size; };

struct import_job;

/* country: of numbers written without one; NULL: the tenant's. */
fallible svc_import_start(struct ctx *, const char *conninfo, const struct import_source *, const char *country, struct import_job **out);
/* Until the import is on its way (its row exists), or to its end.  INVALID when the file as a whole is wrong, TOO_MANY, CONFLICT. */
fallible svc_import_wait(struct ctx *, struct import_job *, bool to_the_end, struct import *out);

fallible imports_find(struct ctx *, struct uuid, struct import *out);

struct import_refusal { int64_t line; const char *field, *code, *reason, *row_text; };
extern const struct shape import_refusal_shape;
/* Lines after `after`, at most limit; struct import_refusal. */
fallible imports_refusals(struct ctx *, struct uuid, int64_t after, int64_t limit, struct list *out);
