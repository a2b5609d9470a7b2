/*
 * db/migrate.h - brings a database to the present schema.
 *
 * sql/schema/NNN_name.sql are applied once each, in order, each in its own transaction, under one advisory lock, with
 * lock_timeout 5 s; name, checksum and time are kept in outdial.migrations, and an applied file whose text has changed
 * is refused.  The files of sql/data (generated data) and those of sql/schema that begin with 9 (functions, grants) are
 * applied again whenever their checksum changes, data first.
 * Roles are made first (sql/schema/000_roles.sql, which needs a role that may create roles and is applied as whoever
 * connects); from then on everything is applied as owner, with search_path outdial, pg_temp, if the role may become owner.
 * Files hold plain statements: no BEGIN or COMMIT, no psql commands.
 */
#pragma once

#include "base/ctx.h"
#include "base/err.h"

/* directory: where sql/ is.  dry_run only tells.  say is called with a sentence per step. */
fallible migrate(struct arena *, const char *conninfo, const char *directory, bool dry_run, void (*say)(const char *));
/* UNAVAILABLE with a sentence unless every migration of this build is applied. */
fallible migrate_check(struct ctx *);
