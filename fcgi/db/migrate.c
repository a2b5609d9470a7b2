#include "db/migrate.h"

#include <dirent.h>
#include <errno.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/str.h"
#include "db/db.h"
#include "db/session.h"

#define LARGEST_FILE ((size_t)16 << 20)

struct migration {
    const char *name;                                           /* "010_ground.sql", "data/zones.sql" */
    const char *path;
    bool        repeatable;
    int         turn;                                           /* 0 versioned, 1 data, 2 functions and grants */
};

struct run {
    struct ctx    ctx;                                          /* only its arena is used */
    PGconn       *conn;
    PGresult     *applied;                                      /* names and checksums; NULL before there is a table */
    bool          dry;
    void        (*say)(const char *);
};

static int by_turn_and_name(const void *left, const void *right)
{
    const struct migration *a = left, *b = right;
    return a->turn != b->turn ? a->turn - b->turn : strcmp(a->name, b->name);
}

static bool is_sql(const char *name)
{
    size_t length = strlen(name);
    return length > 4 && strcmp(name + length - 4, ".sql") == 0 && name[0] != '.';
}

static void close_directory(DIR **d)
{
    if (*d)
        closedir(*d);
}

static fallible add_files(struct ctx *ctx, const char *directory, const char *below, struct migration *list, size_t most, size_t *count)
{
    struct arena *a = ctx->arena;
    char *path = arena_printf(a, "%s/%s", directory, below);
    __attribute__((cleanup(close_directory))) DIR *d = opendir(path);
    bool data = str_equal(below, "data");

    if (!d) {
        if (data && errno == ENOENT)
            return NULL;
        FAIL(ctx, INTERNAL, "cannot read %s: %s", path, strerror(errno));
    }
    for (struct dirent *e; (e = readdir(d));) {
        if (!is_sql(e->d_name))
            continue;
        if (*count == most)
            FAIL(ctx, INTERNAL, "more than %zu migrations in %s", most, directory);
        bool late = !data && e->d_name[0] == '9';
        list[(*count)++] = (struct migration){
            .name = data ? arena_printf(a, "data/%s", e->d_name) : arena_text(a, e->d_name),
            .path = arena_printf(a, "%s/%s", path, e->d_name),
            .repeatable = data || late,
            .turn = data ? 1 : late ? 2 : 0,
        };
    }
    return NULL;
}

static void close_file(FILE **f)
{
    if (*f)
        fclose(*f);
}

static void free_text(char **text)
{
    free(*text);
}

static fallible read_whole(struct ctx *ctx, const char *path, char **out, size_t *size)
{
    __attribute__((cleanup(close_file))) FILE *f = fopen(path, "r");
    if (!f)
        FAIL(ctx, INTERNAL, "cannot read %s: %s", path, strerror(errno));
    *out = malloc(LARGEST_FILE + 1);
    if (!*out)
        abort();
    *size = fread(*out, 1, LARGEST_FILE + 1, f);
    if (ferror(f) || *size > LARGEST_FILE)
        FAIL(ctx, INTERNAL, "cannot read %s, or it is larger than 16 MiB", path);
    (*out)[*size] = '\0';
    return NULL;
}

static fallible statement(struct run *r, enum sql which, const char *const *values, PGresult **out)
{
    const struct sql_statement *s = &sql_catalog[which];
    RESULT *result = PQexecParams(r->conn, s->text, (int)s->parameters, NULL, values, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        FAIL(&r->ctx, INTERNAL, "%s: %s", s->name, PQerrorMessage(r->conn));
    if (out) {
        PQclear(*out);
        *out = result;
        result = NULL;
    }
    return NULL;
}

/* Migrations hold no values of customers, so the server's whole message may be shown. */
static fallible run_text(struct run *r, const struct migration *m, const char *text)
{
    RESULT *result = PQexec(r->conn, text);
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY)
        return NULL;
    int line = 1;
    const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
    const char *end = position ? text + strnlen(text, (size_t)atoi(position)) : text;
    for (const char *c = text; c < end; c++)
        line += *c == '\n';
    FAIL(&r->ctx, INTERNAL, "%s, near line %d: %s", m->path, line, PQerrorMessage(r->conn));
}

static const char *applied_checksum(const struct run *r, const char *name)
{
    for (int i = 0; i < PQntuples(r->applied); i++) {
        if (str_equal(PQgetvalue(r->applied, i, 0), name))
            return PQgetvalue(r->applied, i, 1);
    }
    return NULL;
}

static fallible apply_in_transaction(struct run *r, const struct migration *m, const char *text, const char *checksum)
{
    TRY(statement(r, SQL_SESSION_BEGIN, NULL, NULL));
    struct err *err = run_text(r, m, text);
    if (!err)
        err = statement(r, SQL_MIGRATION_RECORD, (const char *[]){ m->name, checksum }, NULL);
    if (!err)
        err = statement(r, SQL_SESSION_COMMIT, NULL, NULL);
    if (err && statement(r, SQL_SESSION_ROLLBACK, NULL, NULL) != NULL)
        return err;
    return err;
}

static fallible wanted(struct run *r, const struct migration *m, const char *checksum, bool *out)
{
    const char *before = applied_checksum(r, m->name);
    *out = !before || !str_equal(before, checksum);
    if (before && *out && !m->repeatable)
        FAIL(&r->ctx, INTERNAL, "%s has changed since it was applied; migrations are only added, never edited", m->path);
    return NULL;
}

static fallible apply(struct run *r, const struct migration *m)
{
    __attribute__((cleanup(free_text))) char *text = NULL;
    size_t size;
    bool todo;

    TRY(read_whole(&r->ctx, m->path, &text, &size));
    char *checksum = sha256_hex(r->ctx.arena, text, size);
    TRY(wanted(r, m, checksum, &todo));
    if (!todo)
        return NULL;
    r->say(arena_printf(r->ctx.arena, "%s %s", r->dry ? "would apply" : "applying", m->name));
    return r->dry ? NULL : apply_in_transaction(r, m, text, checksum);
}

static fallible look(struct run *r, bool *present, bool *step_down)
{
    RESULT *result = NULL;
    TRY(statement(r, SQL_MIGRATION_SCHEMA, NULL, &result));
    *present = *PQgetvalue(result, 0, 0) == 't';
    *step_down = *PQgetvalue(result, 0, 1) == 't';
    return NULL;
}

/*
 * The file of roles runs as whoever connected, and makes schema and owner; the table of migrations and everything
 * after it belong to owner.
 */
static fallible apply_roles_first(struct run *r, const struct migration *roles)
{
    __attribute__((cleanup(free_text))) char *text = NULL;
    size_t size;
    bool present, step_down;

    TRY(look(r, &present, &step_down));
    if (!present) {
        TRY(read_whole(&r->ctx, roles->path, &text, &size));
        r->say(arena_printf(r->ctx.arena, "%s %s", r->dry ? "would apply" : "applying", roles->name));
        if (r->dry)
            return NULL;
        TRY(statement(r, SQL_SESSION_BEGIN, NULL, NULL));
        struct err *err = run_text(r, roles, text);
        if (!err)
            err = statement(r, SQL_SESSION_COMMIT, NULL, NULL);
        if (err)
            return err;
        TRY(look(r, &present, &step_down));
    }
    if (step_down && !r->dry)
        TRY(statement(r, SQL_MIGRATION_OWNER, NULL, NULL));
    if (present)
        return statement(r, SQL_MIGRATION_LIST, NULL, &r->applied);
    TRY(statement(r, SQL_MIGRATION_TABLE, NULL, NULL));
    TRY(statement(r, SQL_MIGRATION_TABLE_GRANT, NULL, NULL));
    return statement(r, SQL_MIGRATION_RECORD, (const char *[]){ roles->name, sha256_hex(r->ctx.arena, text, size) }, NULL);
}

static void finish(struct run *r)
{
    PQclear(r->applied);
    PQfinish(r->conn);
}

static void quiet(void *data, const PGresult *notice)
{
    (void)data, (void)notice;
}

fallible migrate(struct arena *arena, const char *conninfo, const char *directory, bool dry_run, void (*say)(const char *))
{
    enum { MOST = 1000 };
    struct migration *list = arena_array(arena, MOST, sizeof *list);
    size_t count = 0;
    __attribute__((cleanup(finish))) struct run r = { .ctx = { .arena = arena }, .dry = dry_run, .say = say };

    TRY(add_files(&r.ctx, directory, "schema", list, MOST, &count));
    TRY(add_files(&r.ctx, directory, "data", list, MOST, &count));
    qsort(list, count, sizeof *list, by_turn_and_name);
    if (count == 0 || !str_starts(list[0].name, "000"))
        FAIL(&r.ctx, INTERNAL, "%s/schema does not begin with a file of roles (000_...)", directory);

    r.conn = PQconnectdb(conninfo);
    if (PQstatus(r.conn) != CONNECTION_OK) {
        struct err *err = ERR(&r.ctx, UNAVAILABLE, "cannot connect: %s", PQerrorMessage(r.conn));
        return err;
    }
    PQsetNoticeReceiver(r.conn, quiet, NULL);
    TRY(statement(&r, SQL_MIGRATION_LOCK, NULL, NULL));
    TRY(statement(&r, SQL_MIGRATION_PATIENCE, NULL, NULL));
    TRY(apply_roles_first(&r, &list[0]));
    for (size_t i = r.applied ? 0 : 1; i < count; i++)
        TRY(apply(&r, &list[i]));
    return NULL;
}

fallible migrate_check(struct ctx *ctx)
{
    struct rows applied;
    TRY(db_global_rows(ctx, SQL_MIGRATION_LIST, &applied, NO_PARAMS));
    for (const char *const *name = migration_names; *name; name++) {
        bool found = false;
        for (size_t i = 0; i < applied.count && !found; i++)
            found = str_equal(row_text(&applied, i, "name"), *name);
        if (!found)
            FAIL_CODE(ctx, UNAVAILABLE, "migrations_missing", "The database lacks the migration %s. Run: outdial migrate", *name);
    }
    return NULL;
}
