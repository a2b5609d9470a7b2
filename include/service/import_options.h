/*
 * service/import_options.h - inside the service of imports: wishes as people write them, as the reader takes them, and as the
 * database keeps them.
 */
#pragma once

#include "service/imports.h"

/* Encoding (found out unless wished), wishes for csv_open(), country and policy; encoding is of the whole file. */
fallible import_wishes(struct ctx *, const struct import_options *, const char *bytes, size_t size, enum encoding *, struct csv_wishes *, struct import_text *);
/* A JSON object with what was wished for and is not the default anyway. */
const char *import_options_text(struct arena *, const struct import_options *);
fallible    import_options_read(struct ctx *, const char *text, struct import_options *out);
struct import_options import_options_copy(struct arena *, const struct import_options *);
