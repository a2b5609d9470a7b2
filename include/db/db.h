/*
 * db/db.h - PostgreSQL: a catalogue of named statements, entered as somebody, in one round trip.
 *
 * SQL text lives in sql/queries/; sql/catalog.awk turns it into enum sql and a table, and every connection
 * prepares all of it when it connects, so a misspelt column stops the deploy, not a customer.
 *
 *     struct lead lead;
 *     TRY(db_one(ctx, SQL_LEAD_FIND, &lead_shape, &lead, P(id)));
 *
 * Two locks keep tenants apart.  The first is here: $1 of every statement is the tenant, filled from ctx->tenant;
 * P(...) supplies $2 onwards.  (Statements marked "global" have no tenant; only db_global_* runs them.)  The second is
 * row-level security: every flush to the server starts with outdial.enter(tenant, principal, epoch, jti, role), which
 * refuses dead credentials and seals the tenant for that transaction.  Enter and statement travel together in one libpq
 * pipeline with one Sync, so a request stays one round trip.  ctx->round_trips counts.
 *
 * Errors.  SQLSTATE class OD is ours: functions raise 'OD404', 'OD409', ... with the public code in DETAIL and, where it
 * concerns a field, the field in COLUMN (RAISE ... USING ERRCODE, MESSAGE, DETAIL, COLUMN); they become err kinds by number.
 * Unique and foreign-key violations are translated by one table of constraint names (db/constraints.h).  Deadlocks and
 * serialization failures of a single statement or of db_retry()'s function are retried up to five times with jitter.
 * A lost connection is UNAVAILABLE with retry_after 1; the connection is made anew at the next use, with backoff.
 *
 * Waiting on the server ends at ctx->deadline_ms (or after 10 s): the statement is cancelled and the answer is UNAVAILABLE.
 *
 * A struct db belongs to one thread.  It is one connection, or it shares lanes with the other threads of its process: then a
 * statement outside transactions travels with those of other requests, in one pipeline and one commit (db/lane.h), and a connection is
 * borrowed for what needs one to itself: transactions, whatever may take long or wait, locks and holds of the session.  Which statement does what
 * stands beside it in sql/queries ("-- lane:"); callers see no difference but in speed.
 */
#pragma once

#include "base/clock.h"
#include "base/ctx.h"
#include "base/err.h"
#include "base/shape.h"

#include "sql_catalog.h"                                        /* generated: enum sql { SQL_..., SQL_COUNT } */

struct db;

/* role_note goes into application_name.  Does not connect yet.  take_hold: the session takes an advisory lock of its own
 * (outdial.hold()), so that others can tell whether this process may still be about to send a permitted request. */
struct db *db_create(const char *conninfo, const char *application_name, bool take_hold);
void       db_destroy(struct db *);                             /* NULL is fine */

/* Lanes and borrowed connections for the threads of one process.  Two threads more; connects when it is used. */
struct lanes;
struct lanes *lanes_create(const char *conninfo, const char *application_name);
void          lanes_destroy(struct lanes *);                    /* after every db that shares them; NULL is fine */
struct db    *db_create_sharing(struct lanes *);                /* connections it borrows take a hold */
/* The request is over: a borrowed connection goes back.  Nothing otherwise. */
void          db_rest(struct db *);
/* Makes sure that there is a live connection (cheap when there is): UNAVAILABLE otherwise. */
fallible   db_ready(struct ctx *);
/* This session's hold; 0 without.  With lanes, db_ready() first: only a borrowed session has one. */
int64_t    db_holder(const struct ctx *);
/* Throws the connection away; the next use makes a new one (tests, and after a fork). */
void       db_drop(struct db *);
int        db_socket(const struct db *);                        /* -1 when not connected */
/* After db_socket() turned readable: true when a NOTIFY for a channel this session listens to has arrived since the last
 * question.  Never waits; forgets what it tells. */
bool       db_notified(struct db *);

/* Parameters from $2 on. */
struct param {
    enum { PARAM_TEXT, PARAM_INT, PARAM_REAL, PARAM_BOOL, PARAM_UUID, PARAM_UTC, PARAM_TEXT_ARRAY, PARAM_NULL } kind;
    const char *text;
    int64_t     number;
    double      real;
    struct uuid uuid;
    const char *const *array;                                   /* PARAM_TEXT_ARRAY: count items, NULL items are SQL NULL */
    size_t      count;
};
static inline struct param param_text(const char *v)  { return (struct param){ .kind = v ? PARAM_TEXT : PARAM_NULL, .text = v }; }
static inline struct param param_int(int64_t v)       { return (struct param){ .kind = PARAM_INT, .number = v }; }
static inline struct param param_real(double v)       { return (struct param){ .kind = PARAM_REAL, .real = v }; }
static inline struct param param_bool(bool v)         { return (struct param){ .kind = PARAM_BOOL, .number = v }; }
static inline struct param param_uuid(struct uuid v)  { return (struct param){ .kind = PARAM_UUID, .uuid = v }; }      /* none = NULL */
static inline struct param param_utc(struct utc v)    { return (struct param){ .kind = PARAM_UTC, .number = v.us }; }  /* not set = NULL */
static inline struct param param_array(const char *const *items, size_t count) { return (struct param){ .kind = PARAM_TEXT_ARRAY, .array = items, .count = count }; }
static inline struct param param_self(struct param v) { return v; }

#define PARAM_OF(v) (_Generic((v), char *: param_text, const char *: param_text, bool: param_bool, \
    int: param_int, unsigned: param_int, long: param_int, long long: param_int, unsigned long: param_int, \
    double: param_real, struct uuid: param_uuid, struct utc: param_utc, struct param: param_self)(v))
struct params { const struct param *item; size_t count; };
#define NO_PARAMS ((struct params){ NULL, 0 })
/* P(a, b, c): up to 40 values of mixed types. */
#define P(...) ((struct params){ (const struct param[]){ P_MAP_(__VA_ARGS__) }, \
                                 sizeof((const struct param[]){ P_MAP_(__VA_ARGS__) }) / sizeof(struct param) })
#define P_CAT_(a, b) a##b
#define P_CAT(a, b) P_CAT_(a, b)
#define P_COUNT_(_1,_2,_3,_4,_5,_6,_7,_8,_9,_10,_11,_12,_13,_14,_15,_16,_17,_18,_19,_20,_21,_22,_23,_24,_25,_26,_27,_28,_29,_30,_31,_32,_33,_34,_35,_36,_37,_38,_39,_40,n,...) n
#define P_COUNT(...) P_COUNT_(__VA_ARGS__,40,39,38,37,36,35,34,33,32,31,30,29,28,27,26,25,24,23,22,21,20,19,18,17,16,15,14,13,12,11,10,9,8,7,6,5,4,3,2,1)
#define P_MAP_(...) P_CAT(P_M, P_COUNT(__VA_ARGS__))(__VA_ARGS__)
#define P_M1(a) PARAM_OF(a)
#define P_M2(a, ...) PARAM_OF(a), P_M1(__VA_ARGS__)
#define P_M3(a, ...) PARAM_OF(a), P_M2(__VA_ARGS__)
#define P_M4(a, ...) PARAM_OF(a), P_M3(__VA_ARGS__)
#define P_M5(a, ...) PARAM_OF(a), P_M4(__VA_ARGS__)
#define P_M6(a, ...) PARAM_OF(a), P_M5(__VA_ARGS__)
#define P_M7(a, ...) PARAM_OF(a), P_M6(__VA_ARGS__)
#define P_M8(a, ...) PARAM_OF(a), P_M7(__VA_ARGS__)
#define P_M9(a, ...) PARAM_OF(a), P_M8(__VA_ARGS__)
#define P_M10(a, ...) PARAM_OF(a), P_M9(__VA_ARGS__)
#define P_M11(a, ...) PARAM_OF(a), P_M10(__VA_ARGS__)
#define P_M12(a, ...) PARAM_OF(a), P_M11(__VA_ARGS__)
#define P_M13(a, ...) PARAM_OF(a), P_M12(__VA_ARGS__)
#define P_M14(a, ...) PARAM_OF(a), P_M13(__VA_ARGS__)
#define P_M15(a, ...) PARAM_OF(a), P_M14(__VA_ARGS__)
#define P_M16(a, ...) PARAM_OF(a), P_M15(__VA_ARGS__)
#define P_M17(a, ...) PARAM_OF(a), P_M16(__VA_ARGS__)
#define P_M18(a, ...) PARAM_OF(a), P_M17(__VA_ARGS__)
#define P_M19(a, ...) PARAM_OF(a), P_M18(__VA_ARGS__)
#define P_M20(a, ...) PARAM_OF(a), P_M19(__VA_ARGS__)
#define P_M21(a, ...) PARAM_OF(a), P_M20(__VA_ARGS__)
#define P_M22(a, ...) PARAM_OF(a), P_M21(__VA_ARGS__)
#define P_M23(a, ...) PARAM_OF(a), P_M22(__VA_ARGS__)
#define P_M24(a, ...) PARAM_OF(a), P_M23(__VA_ARGS__)
#define P_M25(a, ...) PARAM_OF(a), P_M24(__VA_ARGS__)
#define P_M26(a, ...) PARAM_OF(a), P_M25(__VA_ARGS__)
#define P_M27(a, ...) PARAM_OF(a), P_M26(__VA_ARGS__)
#define P_M28(a, ...) PARAM_OF(a), P_M27(__VA_ARGS__)
#define P_M29(a, ...) PARAM_OF(a), P_M28(__VA_ARGS__)
#define P_M30(a, ...) PARAM_OF(a), P_M29(__VA_ARGS__)
#define P_M31(a, ...) PARAM_OF(a), P_M30(__VA_ARGS__)
#define P_M32(a, ...) PARAM_OF(a), P_M31(__VA_ARGS__)
#define P_M33(a, ...) PARAM_OF(a), P_M32(__VA_ARGS__)
#define P_M34(a, ...) PARAM_OF(a), P_M33(__VA_ARGS__)
#define P_M35(a, ...) PARAM_OF(a), P_M34(__VA_ARGS__)
#define P_M36(a, ...) PARAM_OF(a), P_M35(__VA_ARGS__)
#define P_M37(a, ...) PARAM_OF(a), P_M36(__VA_ARGS__)
#define P_M38(a, ...) PARAM_OF(a), P_M37(__VA_ARGS__)
#define P_M39(a, ...) PARAM_OF(a), P_M38(__VA_ARGS__)
#define P_M40(a, ...) PARAM_OF(a), P_M39(__VA_ARGS__)

/* Rows of structs, in the request's arena. */
struct list {
    void  *item;                                                /* array of the shape's structs */
    size_t count;
    size_t size;                                                /* of one item */
};

/* Rows as text, in the request's arena. */
struct rows {
    size_t       count, columns;
    const char *const *column;                                  /* names */
    const char *const *cell;                                    /* count * columns, NULL = SQL NULL */
    int64_t      affected;                                      /* INSERT, UPDATE, DELETE */
};
const char *row_text(const struct rows *, size_t row, const char *column);      /* NULL = SQL NULL; asserts that the column exists */
int64_t     row_int(const struct rows *, size_t row, const char *column);       /* 0 = SQL NULL */
bool        row_bool(const struct rows *, size_t row, const char *column);
struct uuid row_uuid(const struct rows *, size_t row, const char *column);

/* Exactly one row into a struct that is emptied first; none is NOT_FOUND. */
fallible db_find(struct ctx *, enum sql, const struct shape *, void *out, struct params);
/* The same over a struct that holds something: members without a column keep it.  For INSERT and UPDATE ... RETURNING. */
fallible db_one(struct ctx *, enum sql, const struct shape *, void *out, struct params);
fallible db_maybe(struct ctx *, enum sql, const struct shape *, void *out, bool *found, struct params);
fallible db_list(struct ctx *, enum sql, const struct shape *, struct list *out, struct params);
fallible db_rows(struct ctx *, enum sql, struct rows *out, struct params);
/* Number of rows affected (or returned); affected may be NULL. */
fallible db_run(struct ctx *, enum sql, int64_t *affected, struct params);

/* The same for statements marked global: no tenant is passed; enter() is still sent when ctx has a principal. */
fallible db_global_rows(struct ctx *, enum sql, struct rows *out, struct params);
fallible db_global_run(struct ctx *, enum sql, int64_t *affected, struct params);
fallible db_global_one(struct ctx *, enum sql, const struct shape *, void *out, struct params);

/* Several statements in one transaction.  Leaving the scope early rolls back.  A second begin inside an open transaction joins it
 * (its commit is then the outer one's).
 *     TX tx = { 0 };
 *     TRY(tx_begin(ctx, &tx));  ...  TRY(tx_commit(&tx)); */
struct tx { struct ctx *ctx; bool open, joined; };
#define TX __attribute__((cleanup(tx_leave))) struct tx
fallible tx_begin(struct ctx *, struct tx *);                   /* BEGIN and enter travel with the first statement */
fallible tx_commit(struct tx *);
void     tx_leave(struct tx *);
bool     db_in_transaction(const struct ctx *);

/* fn(ctx, data) in a transaction that is committed when fn returns NULL, and begun again, up to five times, when the server
 * ended it for a deadlock or a serialization failure.  fn must not have effects outside the database.  Inside an open
 * transaction it just joins. */
fallible db_retry(struct ctx *, fallible (*fn)(struct ctx *, void *data), void *data);
