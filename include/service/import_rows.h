/*
 * service/import_rows.h - a row of a file becomes a lead, or a refusal with its reason; many become a batch for the database.
 *
 * Inside the service of imports and its preview.  A batch is columns in parallel, as one statement takes them.  Within a batch no
 * external_id and, where one of two rows has no external_id, no number comes twice: the policy says what becomes of the later row.
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "model/csv.h"

#define IMPORT_BATCH_ROWS      2000
#define IMPORT_BATCH_REFUSALS  500
#define IMPORT_BATCH_SLOTS     8192                             /* a power of two, well above IMPORT_BATCH_ROWS */

#define IMPORT_POLICIES(X)  /* policy   name       what becomes of a row whose lead is there already */ \
    X(UPDATE, "update")                                         /* its filled cells go into the lead; the later row counts */ \
    X(SKIP,   "skip")                                           /* the lead stays as it is; the first row counts */ \
    X(REFUSE, "refuse")                                         /* the row is refused; the first row counts */

enum import_policy {
#define X(policy, name) IMPORT_##policy,
    IMPORT_POLICIES(X)
#undef X
    IMPORT_POLICY_COUNT
};
bool        import_policy_find(const char *name, enum import_policy *out);
const char *import_policy_name(enum import_policy);

/* The file that rows come out of. */
struct import_text {
    const char      *bytes;
    size_t           size;
    struct csv_head  head;
    const char      *country;
    enum import_policy policy;
};

struct import_batch {
    struct arena *arena;                                        /* of its texts; reset by import_batch_clear */
    const char   *id[IMPORT_BATCH_ROWS], *external[IMPORT_BATCH_ROWS], *name[IMPORT_BATCH_ROWS], *phone[IMPORT_BATCH_ROWS], *original[IMPORT_BATCH_ROWS],
                 *category[IMPORT_BATCH_ROWS], *custom[IMPORT_BATCH_ROWS], *phones[IMPORT_BATCH_ROWS], *line[IMPORT_BATCH_ROWS], *text[IMPORT_BATCH_ROWS];
    size_t        count;
    bool          has_external, has_category, has_custom, has_phones;
    const char   *bad_line[IMPORT_BATCH_REFUSALS], *bad_field[IMPORT_BATCH_REFUSALS], *bad_code[IMPORT_BATCH_REFUSALS], *bad_reason[IMPORT_BATCH_REFUSALS],
                 *bad_text[IMPORT_BATCH_REFUSALS];
    size_t        refused;
    int64_t       merged, skipped;                              /* rows that became part of another one here, or nothing */
    int64_t       from, to;                                     /* offsets that the batch covers */
    uint16_t      by_external[IMPORT_BATCH_SLOTS], by_phone[IMPORT_BATCH_SLOTS];    /* index + 1 into the columns; 0 = free */
};

void import_batch_add(struct import_batch *, const struct import_text *, const struct csv_row *);
bool import_batch_full(const struct import_batch *);
void import_batch_clear(struct import_batch *, int64_t from);
