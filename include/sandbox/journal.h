/*
 * sandbox/journal.h - the append-only file that lets the truth survive our being killed.
 *
 * One JSON object per line, written with one write(2) each before anybody hears of what it records; the
 * kernel keeps it when the process dies.  It is not synced: a power cut is outside the promise.
 * A torn last line is cut off when the file is opened.
 */
#pragma once

#include "base/clock.h"
#include "base/json.h"

/* Opens directory/journal, replaying what it holds.  NULL directory: nothing is kept.  False: said on standard error. */
bool journal_open(const char *directory);
bool journal_replaying(void);

/* An object to add members to; journal_end() closes and writes it.  Nothing is written while replaying. */
struct json_out *journal_begin(const char *kind);
struct json_out *journal_begin_at(const char *kind, struct utc);        /* what happened at that instant */
void             journal_end(void);

/* Like journal_end(), for a record that configures rather than tells: it outlives resets. */
void             journal_keep(void);

/* Starts the file anew with the kept records. */
void journal_reset(void);
