/*
 * base/uuid.h - UUIDv7 (RFC 9562): 48 bits of milliseconds, then 74 bits of order and chance.
 *
 * Ids made by one process grow strictly; their order may leak, so secrets are never ids.
 * SQL has the same generator as outdial.uuid7().
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"

struct uuid { unsigned char byte[16]; };                        /* all zero = none */

struct uuid uuid_make(void);                                    /* thread-safe */
bool        uuid_parse(const char *text, struct uuid *out);     /* 36 characters with hyphens, either case */
char       *uuid_text(struct arena *, struct uuid);             /* lower case; NULL for none */
char       *uuid_hex(struct arena *, struct uuid);              /* 32 digits without hyphens */
bool        uuid_is_none(struct uuid);
bool        uuid_equal(struct uuid, struct uuid);
