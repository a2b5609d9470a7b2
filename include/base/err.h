/*
 * base/err.h - errors as values that say what happened, in which field, and what to do.
 *
 * A fallible function returns NULL for success or a struct err in the request's arena.  Errors point to
 * their cause, so the edge (web/dispatch.c, the dialer's loop, a command) logs one chain once and shows the
 * outermost message to whoever asked.  Functions below the edge never log their errors.
 *
 *     TRY(call);                                          pass it on
 *     TRY_SAYING(ctx, call, "cannot start %s", name);     pass it on, adding what we were doing
 *     FAIL(ctx, CONFLICT, "a %s campaign cannot be started", state);
 *     FAIL_CODE(ctx, CONFLICT, "already_running", "...");  a public code of its own
 *     return err_field(err_make(ctx->arena, ...), "phone", "invalid_number", "...");
 *
 * The kinds are one table: what HTTP says for each and the default public code.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"

#define ERR_KINDS(X)   /* kind           HTTP  code                      title */                                  \
    X(BAD_REQUEST,        400, "bad_request",            "The request cannot be read")                              \
    X(UNAUTHORIZED,       401, "unauthorized",           "Sign in first")                                           \
    X(FORBIDDEN,          403, "forbidden",              "Not allowed")                                             \
    X(NOT_FOUND,          404, "not_found",              "Not found")                                               \
    X(METHOD,             405, "method_not_allowed",     "This address does not take that method")                  \
    X(CONFLICT,           409, "conflict",               "Not possible in the present state")                       \
    X(PRECONDITION,       412, "precondition_failed",    "It has changed since it was read")                        \
    X(TOO_LARGE,          413, "too_large",              "The body is too large")                                   \
    X(MEDIA_TYPE,         415, "unsupported_media_type", "This content type is not understood")                     \
    X(INVALID,            422, "invalid",                "Something in the request is wrong")                       \
    X(TOO_MANY,           429, "too_many_requests",      "Too many requests")                                       \
    X(INTERNAL,           500, "internal",               "Something went wrong on our side")                        \
    X(UPSTREAM,           502, "upstream",               "The provider did not do what was asked")                  \
    X(UNAVAILABLE,        503, "unavailable",            "Not available at the moment")                             \
    X(TIMEOUT,            504, "timeout",                "The provider did not answer in time")

enum err_kind {
#define X(kind, http, code, title) ERR_##kind,
    ERR_KINDS(X)
#undef X
    ERR_KIND_COUNT
};

/* One wrong thing in the request, as RFC 9457's errors[] shows it. */
struct err_field {
    const char       *field;                                    /* "phone", "leads[3].phone" */
    const char       *code;                                     /* "invalid_number" */
    const char       *detail;                                   /* a sentence with the cure */
    const char       *clears_at;                                /* RFC 3339 or NULL: when a gate rule stops refusing */
    struct err_field *next;
};

struct err {
    enum err_kind     kind;
    const char       *code;                                     /* public, stable; defaults to the kind's */
    const char       *message;                                  /* public, a sentence */
    struct err_field *fields;                                   /* in order of finding */
    const struct err *cause;                                    /* never shown to clients */
    int               retry_after_secs;                         /* 0 = none */
    const char       *allow;                                    /* 405 only */
    const char       *file;
    int               line;
};

#define fallible __attribute__((warn_unused_result)) struct err *        /* NULL is success */

int         err_http_status(enum err_kind);
const char *err_default_code(enum err_kind);
const char *err_title(enum err_kind);

struct err *err_make(struct arena *, const char *file, int line, enum err_kind, const char *code /* NULL = default */,
                     const struct err *cause, const char *format, ...) __attribute__((format(printf, 7, 8), returns_nonnull));
/* Adds one wrong field and returns the same error; a NULL error is made as INVALID first (first field's detail is its message). */
struct err *err_field(struct arena *, struct err *, const char *field, const char *code, const char *format, ...)
    __attribute__((format(printf, 5, 6), returns_nonnull));
/* "message (file:line) because message (file:line)", for logs. */
char *err_chain(struct arena *, const struct err *);

#define ERR(ctx, kind, ...)            err_make((ctx)->arena, __FILE__, __LINE__, ERR_##kind, NULL, NULL, __VA_ARGS__)
#define ERR_CODE(ctx, kind, code, ...) err_make((ctx)->arena, __FILE__, __LINE__, ERR_##kind, (code), NULL, __VA_ARGS__)
#define FAIL(ctx, kind, ...)            return ERR(ctx, kind, __VA_ARGS__)
#define FAIL_CODE(ctx, kind, code, ...) return ERR_CODE(ctx, kind, code, __VA_ARGS__)
#define FAIL_FIELD(ctx, field, code, ...) return err_field((ctx)->arena, NULL, (field), (code), __VA_ARGS__)

#define TRY(call)                                                                                                   \
    do {                                                                                                            \
        struct err *try_err_ = (call);                                                                              \
        if (try_err_)                                                                                               \
            return try_err_;                                                                                        \
    } while (0)
/* Keeps kind, code and fields of the cause. */
#define TRY_SAYING(ctx, call, ...)                                                                                  \
    do {                                                                                                            \
        struct err *try_err_ = (call);                                                                              \
        if (try_err_) {                                                                                             \
            struct err *said_ = err_make((ctx)->arena, __FILE__, __LINE__, try_err_->kind, try_err_->code,          \
                                         try_err_, __VA_ARGS__);                                                    \
            said_->fields = try_err_->fields;                                                                       \
            said_->retry_after_secs = try_err_->retry_after_secs;                                                   \
            return said_;                                                                                           \
        }                                                                                                           \
    } while (0)
