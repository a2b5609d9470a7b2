/*
 * Many threads ask one pair of lanes at once: readers and writers of two tenants, dead credentials, broken rows, nobody at all,
 * and requests that have hardly any time left.  Whatever ends up in one flush, everybody gets the answer they would have got alone.
 *
 *     lane_hammer CONNINFO THREADS ROUNDS  TENANT USER EPOCH  TENANT USER EPOCH
 *
 * Prints what happened as JSON; each wrong answer is a line on stderr, and the exit status says whether there was one.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "db/db.h"

struct who { struct uuid tenant; const char *tenant_text, *principal; int64_t epoch; };

static struct who      who[2];
static struct lanes   *lanes;
static int             rounds;
static _Atomic int64_t wrong, answered, added, refused, late;

static void expect(struct ctx *ctx, bool good, const char *what, const struct err *err)
{
    if (good)
        return;
    wrong++;
    fprintf(stderr, "%s: %s\n", what, err ? err_chain(ctx->arena, err) : "no error");
}

static void enter_as(struct ctx *ctx, const struct who *w)
{
    ctx->tenant = w->tenant;
    ctx->principal = w->principal;
    ctx->epoch = w->epoch;
    ctx->role = "viewer";
}

static void read_own(struct ctx *ctx, const struct who *w)
{
    struct rows rows;
    struct err *err = db_rows(ctx, SQL_TENANT_GET, &rows, NO_PARAMS);
    expect(ctx, !err && rows.count == 1 && str_equal(row_text(&rows, 0, "id"), w->tenant_text), "a tenant reads itself", err);
}

/* The other one's tenant with one's own credential. */
static void read_foreign(struct ctx *ctx, const struct who *other)
{
    struct rows rows;
    ctx->tenant = other->tenant;
    struct err *err = db_rows(ctx, SQL_TENANT_GET, &rows, NO_PARAMS);
    expect(ctx, err && err->kind == ERR_NOT_FOUND, "a credential opens no other tenant", err);
}

static void read_as_nobody(struct ctx *ctx)
{
    struct rows rows;
    ctx->principal = NULL;
    struct err *err = db_rows(ctx, SQL_TENANT_GET, &rows, NO_PARAMS);
    expect(ctx, !err && rows.count == 0, "nobody sees nothing, whoever entered before", err);
}

static void read_dead(struct ctx *ctx)
{
    struct rows rows;
    ctx->epoch--;
    struct err *err = db_rows(ctx, SQL_TENANT_GET, &rows, NO_PARAMS);
    expect(ctx, err && err->kind == ERR_UNAUTHORIZED, "a dead credential reads nothing", err);
}

static void write_dead(struct ctx *ctx)
{
    ctx->epoch--;
    struct err *err = db_run(ctx, SQL_TRUNK_ADD, NULL, P(param_text(NULL), "twilio", "TK00000000000000000000000000000000", "dead"));
    expect(ctx, err && err->kind == ERR_UNAUTHORIZED, "a dead credential writes nothing", err);
}

static const char *trunk_name(struct ctx *ctx)
{
    return arena_printf(ctx->arena, "TK%s", uuid_hex(ctx->arena, uuid_make()));
}

static void write_good(struct ctx *ctx)
{
    int64_t count;
    struct err *err = db_run(ctx, SQL_TRUNK_ADD, &count, P(param_text(NULL), "twilio", trunk_name(ctx), "hammer"));
    expect(ctx, !err && count == 1, "a good row is written", err);
    added += !err;
}

/* A value that is no UUID, and a provider that breaks a constraint. */
static void write_broken(struct ctx *ctx, bool malformed)
{
    struct err *err = malformed ? db_run(ctx, SQL_TRUNK_ADD, NULL, P("not a uuid", "twilio", trunk_name(ctx), "hammer"))
                                : db_run(ctx, SQL_TRUNK_ADD, NULL, P(param_text(NULL), "no such carrier", trunk_name(ctx), "hammer"));
    expect(ctx, err && err->kind == ERR_INVALID, "a broken row is refused", err);
    refused += err != NULL;
}

/* It is answered in time or told that it was not; both are right, and the memory it used is gone at once. */
static void hurry(struct ctx *ctx, int ms)
{
    struct rows rows;
    ctx->deadline_ms = boot_now_ms() + ms;
    struct err *err = db_rows(ctx, SQL_USER_LIST, &rows, P(50, param_text(NULL)));
    expect(ctx, !err || err->kind == ERR_UNAVAILABLE, "in time or unavailable", err);
    late += err != NULL;
}

static void *strike(void *data)
{
    unsigned seed = (unsigned)(uintptr_t)data;
    struct arena *arena = arena_create((size_t)1 << 20);
    struct db *db = db_create_sharing(lanes);

    for (int i = 0; i < rounds; i++) {
        struct ctx ctx = { .arena = arena, .db = db };
        const struct who *me = &who[rand_r(&seed) % 2], *other = me == &who[0] ? &who[1] : &who[0];
        enter_as(&ctx, me);
        switch (rand_r(&seed) % 16) {
        case 0:  read_foreign(&ctx, other); break;
        case 1:  read_dead(&ctx); break;
        case 2:  write_dead(&ctx); break;
        case 3:  write_broken(&ctx, true); break;
        case 4:  write_broken(&ctx, false); break;
        case 5:
        case 6:  hurry(&ctx, rand_r(&seed) % 3); break;
        case 7:
        case 8:  read_as_nobody(&ctx); break;
        case 9:
        case 10:
        case 11: write_good(&ctx); break;
        default: read_own(&ctx, me);
        }
        answered++;
        db_rest(db);
        arena_reset(arena);
    }
    db_destroy(db);
    arena_destroy(arena);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t thread[256];
    if (argc != 10) {
        fprintf(stderr, "usage: lane_hammer CONNINFO THREADS ROUNDS TENANT USER EPOCH TENANT USER EPOCH\n");
        return 2;
    }
    struct arena *arena = arena_create((size_t)1 << 20);
    int threads = atoi(argv[2]) < 256 ? atoi(argv[2]) : 256;
    rounds = atoi(argv[3]);
    for (int i = 0; i < 2; i++) {
        char **given = argv + 4 + 3 * i;
        uuid_parse(given[0], &who[i].tenant);
        who[i].tenant_text = given[0];
        who[i].principal = arena_printf(arena, "user:%s", given[1]);
        who[i].epoch = atoll(given[2]);
    }
    log_open("lane_hammer", LOG_ERROR);
    lanes = lanes_create(argv[1], "lane_hammer");
    for (intptr_t i = 0; i < threads; i++)
        pthread_create(&thread[i], NULL, strike, (void *)(i + 1));
    for (int i = 0; i < threads; i++)
        pthread_join(thread[i], NULL);
    lanes_destroy(lanes);
    arena_destroy(arena);
    printf("{\"answered\":%" PRId64 ",\"added\":%" PRId64 ",\"refused\":%" PRId64 ",\"late\":%" PRId64 ",\"wrong\":%" PRId64 "}\n",
           answered, added, refused, late, wrong);
    return wrong ? 1 : 0;
}
