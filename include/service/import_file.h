/*
 * service/import_file.h - the bytes of an import: taken, kept in the folder of imports until it is done, mapped as UTF-8.
 *
 * Pages that were read are given back as reading goes on, so a file of any size takes little memory; a file in another encoding is
 * decoded into a nameless one first.
 */
#pragma once

#include "base/err.h"
#include "base/settings.h"
#include "base/uuid.h"
#include "model/encoding.h"
#include "service/imports.h"

struct import_bytes { char *at; size_t size; };                 /* mapped; at NULL: empty */

/* Mapped, from a file or from memory.  INTERNAL. */
fallible import_bytes_take(struct ctx *, const char *folder, const struct import_source *, struct import_bytes *out);
void     import_bytes_release(struct import_bytes *);
/* The same text in UTF-8, in place of the old bytes. */
fallible import_bytes_decode(struct ctx *, const char *folder, enum encoding, struct import_bytes *);
/* What lies before offset was read. */
void     import_bytes_forget(struct import_bytes *, size_t offset);

const char *import_kept_path(struct arena *, const char *folder, struct uuid import_id);
/* True when the bytes stand in the folder under this import's name now. */
bool import_keep(struct ctx *, const char *folder, struct uuid import_id, const struct import_source *, const struct import_bytes *);
