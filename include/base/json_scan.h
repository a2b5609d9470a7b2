/*
 * base/json_scan.h - inside base/json only: the strict reading of a text before json-c sees it.
 *
 * The scanner builds nothing.  It walks the text once and says what is wrong first and where; names of objects are kept in one
 * hash table per document, with a secret key, so that neither many members nor chosen ones make it slow.
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"

/* NULL when the text is JSON within the limits of base/json.h; otherwise what was found at byte *place. */
const char *json_scan(struct arena *, const char *bytes, size_t length, size_t *place);
