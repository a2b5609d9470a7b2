/*
 * web/csv_reply.h - answers that are CSV files, sent as they are written: memory does not grow with them, and no file is made.
 *
 *     return csv_reply(r, "leads.csv", write_leads, data);
 *
 * Whatever can be wrong with a request is looked at before; what fails later cuts the connection.  `?bom=1` begins the file with a byte
 * order mark, without which some spreadsheets take UTF-8 for something else.
 */
#pragma once

#include "web/req.h"

/* write is called after the handler has returned, with the request's arena still there.  INVALID, field bom. */
fallible csv_reply(struct req *, const char *name, fallible (*write)(struct req *, FILE *out, void *data), void *data);
/* Whether the request's Accept header asks for text/csv. */
bool req_wants_csv(struct req *);
