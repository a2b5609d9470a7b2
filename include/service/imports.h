/*
 * service/imports.h - many leads at once, out of a CSV file.
 *
 * Good rows are kept, bad ones reported with line, field and reason; a bad file never costs a good row.  A row is the lead with the same
 * external_id; else the lead with the same number (one without an external_id of its own, where the row has one); else a new lead.
 * What becomes of a row whose lead is there already, in the database or further up in the file, is the policy's to say: update (the later row
 * counts), skip or refuse (the first counts).
 *
 * One thread reads and normalises, bounded batches ahead of another that writes them, 2,000 rows each, with the import's counts in
 * one transaction; memory does not grow with the file.
 *
 * An import outlives its worker.  Its file is kept in the folder of imports until it is done; when nobody writes any more, the keeper of
 * any worker on that machine goes on behind the last batch, and so do the same bytes, read the same way, when they come again.  Bytes that are
 * being imported at this moment join that import.  One that nobody can go on with ends as failed, with the reason.
 *
 *     struct import_job *job;
 *     TRY(svc_import_start(ctx, settings, &source, &options, &job));
 *     TRY(svc_import_wait(ctx, job, wait_for_the_end, &import));
 *
 * The job runs on threads of its own, with its own memory and database connection, so that it neither holds up the caller's connection
 * nor lives in the caller's memory.  svc_import_wait gives the job back; one that was not waited for to the end runs on.  A process works on
 * few imports at once, and leaves places for other tenants than the one that has many.
 */
#pragma once

#include "base/settings.h"
#include "db/db.h"
#include "model/encoding.h"
#include "service/import_rows.h"

struct import {
    struct uuid import_id;
    const char *state;                                          /* running, done, failed */
    const char *file;                                           /* what people call it, or NULL */
    int64_t     bytes, bytes_done;                              /* of the text in UTF-8 */
    int64_t     rows, imported, updated, skipped, refused;
    const char *refused_url;                                    /* made where URLs are known */
    const char *encoding, *reason;
    struct uuid list_id;
    struct utc  created_at, ended_at;
};
extern const struct shape import_shape;

/* Where the bytes are: a file, or memory that is copied.  keep: in the folder of imports, until it is done. */
struct import_source { const char *path; const char *bytes; size_t size; bool keep; };

/* How the file is to be read; NULL: found out.  As people write them: values are checked by import_options_check. */
struct import_options {
    const char *country;                                        /* of numbers written without one; NULL: the tenant's */
    const char *encoding;                                       /* encoding_find() */
    const char *delimiter;                                      /* comma, semicolon, tab, bar, or the character itself */
    const char *header;                                         /* yes, no */
    const char *map;                                            /* model/csv.h */
    const char *policy;                                         /* update, skip, refuse */
    const char *list;                                           /* name of the list that its leads join; made when there is none */
    const char *file;                                           /* what people call it; no part of how it is read */
};
/* INVALID with every wrong field. */
fallible import_options_check(struct ctx *, const struct import_options *);

struct import_job;

fallible svc_import_start(struct ctx *, const struct settings *, const struct import_source *, const struct import_options *, struct import_job **out);
/* Until the import is on its way (its row exists), or to its end.  INVALID when the file as a whole is wrong, TOO_MANY, CONFLICT. */
fallible svc_import_wait(struct ctx *, struct import_job *, bool to_the_end, struct import *out);
bool svc_import_ended(struct import_job *);
/* Whether it has ended, as it stands in the database; out is untouched while there is no row.  The job is not given back. */
fallible svc_import_look(struct ctx *, struct import_job *, bool *ended, struct import *out);

/* Goes on with one that was left, in the name of whoever began it, whose rights enter() looks at again; path: its kept file.  Without a free
 * place, or when it has ended meanwhile, nothing happens. */
fallible svc_import_resume(struct ctx *, const struct settings *, struct uuid tenant, struct uuid id, const char *path);
/* Takes up what was left, and writes the texts by which leads are found; a thread of its own, until the process ends. */
fallible svc_imports_keep(struct ctx *, const struct settings *);

/* The first rows of a file, or of its first bytes, as they would be read. */
struct import_preview_row { struct csv_row row; const char *verdict, *field, *code, *reason; size_t lead; };
struct import_preview {
    enum encoding       encoding;
    bool                whole;                                  /* the file ends within what was looked at */
    struct import_text  text;
    struct import_batch *batch;                                 /* leads by index: import_preview_row.lead */
    struct import_preview_row *row;
    size_t              count;
};
/* verdict: ok, duplicate (of a row above), refused. */
fallible svc_import_preview(struct ctx *, const struct import_source *, const struct import_options *, struct import_preview *out);

fallible imports_find(struct ctx *, struct uuid, struct import *out);
/* limit + 1 rows, newest first; struct import. */
fallible imports_list(struct ctx *, int64_t limit, struct uuid after, struct list *out);

struct import_refusal { int64_t line; const char *field, *code, *reason, *row_text; };
extern const struct shape import_refusal_shape;
/* Lines after `after`, at most limit; struct import_refusal. */
fallible imports_refusals(struct ctx *, struct uuid, int64_t after, int64_t limit, struct list *out);
