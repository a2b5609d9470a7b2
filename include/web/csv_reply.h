/*
 * web/csv_reply.h - answers that are CSV files: written to a temporary file, sent from it, gone with the request.
 */
#pragma once

#include "web/req.h"

struct csv_reply { int fd; const char *path; };

/* A temporary file in TMPDIR; closed and removed when the request's arena is reset. */
fallible csv_reply_open(struct req *, struct csv_reply *out);
/* Sends it as a download of that name. */
fallible csv_reply_done(struct req *, struct csv_reply *, const char *name);
/* Whether the request's Accept header asks for text/csv. */
bool req_wants_csv(struct req *);
