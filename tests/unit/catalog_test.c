#include "test.h"

#include <sys/stat.h>
#include <unistd.h>

#include "sql_catalog.h"

static char directory[] = "/tmp/outdial-catalog-XXXXXX";

static void remove_all(void)
{
    static const char *const file[] = { "queries.sql", "complaint", "sql_catalog.h", "sql_catalog.c" };
    for (size_t i = 0; i < sizeof file / sizeof file[0]; i++)
        unlink(arena_printf(arena, "%s/%s", directory, file[i]));
    rmdir(directory);
}

/* What catalog.awk says about a file of queries; "" when it takes it. */
static const char *verdict(const char *queries)
{
    static char said[4096];
    strcpy(directory + strlen(directory) - 6, "XXXXXX");
    OK(mkdtemp(directory) != NULL);

    FILE *f = fopen(arena_printf(arena, "%s/queries.sql", directory), "w");
    OK(f != NULL);
    fputs(queries, f);
    fclose(f);
    int status = system(arena_printf(arena, "awk -v directory=%s -f sql/catalog.awk %s/queries.sql 2>%s/complaint",
                                     directory, directory, directory));
    f = fopen(arena_printf(arena, "%s/complaint", directory), "r");
    OK(f != NULL);
    said[fread(said, 1, sizeof said - 1, f)] = '\0';
    fclose(f);
    OK((status == 0) == (said[0] == '\0'));
    remove_all();
    return said;
}

TEST("a statement with its name and its tenant is taken")
{
    EQUAL_TEXT(verdict("-- name: lead_find\n-- lane: read\n-- What it is.\nSELECT id\n  FROM leads\n WHERE tenant_id = $1::uuid AND id = $2;\n"), "");
}

TEST("a global statement needs no tenant")
{
    EQUAL_TEXT(verdict("-- name: door\n-- lane: read\n-- global\nSELECT 1;\n"), "");
}

TEST("a statement that ignores the tenant is refused")
{
    OK(strstr(verdict("-- name: leak\nSELECT id FROM leads WHERE id = $2;\n"), "does not mention $1"));
    OK(strstr(verdict("-- name: leak\nSELECT id FROM leads WHERE id = $10;\n"), "does not mention $1"));
    OK(strstr(verdict("-- name: leak\n-- $1 is only in this comment\nSELECT id FROM leads;\n"), "does not mention $1"));
}

TEST("a statement without a name, a name without a statement, a name used twice: refused")
{
    OK(strstr(verdict("SELECT $1;\n"), "without a"));
    OK(strstr(verdict("-- name: empty\n-- only words\n"), "has no statement"));
    OK(strstr(verdict("-- name: a\nSELECT $1;\n-- name: a\nSELECT $1;\n"), "was used before"));
    OK(strstr(verdict("-- name: Upper-Case\nSELECT $1;\n"), "is not a name"));
}

TEST("a statement names its lane, once, and in words that are known")
{
    EQUAL_TEXT(verdict("-- name: touch\n-- lane: write by $2\nUPDATE legs SET x = 1 WHERE tenant_id = $1 AND id = $2;\n"), "");
    OK(strstr(verdict("-- name: lost\nSELECT $1;\n"), "names no lane"));
    OK(strstr(verdict("-- name: odd\n-- lane: fast\nSELECT $1;\n"), "is no lane"));
    OK(strstr(verdict("-- name: odd\n-- lane: read by $1\nSELECT $1;\n"), "is no lane"));
    OK(strstr(verdict("-- name: twice\n-- lane: read\n-- lane: own\nSELECT $1;\n"), "belongs between"));
    OK(strstr(verdict("-- name: far\n-- lane: write by $3\nSELECT $1, $2;\n"), "no parameter $3"));
}

TEST("two statements under one name are refused")
{
    OK(strstr(verdict("-- name: two\nSELECT $1;\nSELECT 2;\n"), "more than one"));
}

TEST("a complaint says where")
{
    OK(strstr(verdict("\n\n-- name: leak\nSELECT 1;\n"), "queries.sql:3:"));
}

TEST("every statement of the real catalogue is complete")
{
    OK(SQL_COUNT > 10);
    for (int i = 0; i < SQL_COUNT; i++) {
        const struct sql_statement *s = &sql_catalog[i];
        OK(s->name && *s->name && s->place && s->text && *s->text);
        OK(s->global || s->parameters >= 1);
        for (unsigned n = 1; n <= s->parameters; n++)
            OK(strstr(s->text, arena_printf(arena, "$%u", n)) != NULL);
    }
    EQUAL_TEXT(sql_catalog[SQL_SESSION_BEGIN].text, "BEGIN\n");
    EQUAL_INT(sql_catalog[SQL_SESSION_ENTER].parameters, 6);
    EQUAL_INT(sql_catalog[SQL_HOOK_STATUS].lane, LANE_WRITE);
    EQUAL_INT(sql_catalog[SQL_HOOK_STATUS].lane_key, 2);
    EQUAL_INT(sql_catalog[SQL_SESSION_BEGIN].lane, LANE_OWN);
    EQUAL_TEXT(migration_names[0], "000_roles.sql");
}
