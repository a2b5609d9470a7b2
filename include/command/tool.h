/*
 * command/tool.h - running somebody else's program to its end (initdb, createdb, useradd).
 */
#pragma once

#include "base/ctx.h"
#include "base/err.h"

#define TOOL(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Runs it, found along PATH and the sbin folders; its output goes to the file log (appended), or, when log is NULL, is kept
 * for the error.  INTERNAL, with what it said, unless it ends with status 0. */
fallible tool_run(struct ctx *, const char *log, const char *const *argv);
/* The same without saying anything: whether it ended with status 0. */
bool tool_agrees(struct ctx *, const char *const *argv);
