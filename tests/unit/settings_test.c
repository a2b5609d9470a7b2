#include "test.h"

#include <errno.h>
#include <unistd.h>

#include "base/settings.h"
#include "base/str.h"

extern char **environ;

static struct settings got;
static char *paths[8];
static int path_count;

/* A file with that text, gone after the test. */
static const char *file_of(const char *text)
{
    char *path = strdup("/tmp/settings_test.XXXXXX");
    int fd = mkstemp(path);
    OK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    return paths[path_count++] = path;
}

static struct err *load(const char *file)
{
    if (file)
        setenv("OUTDIAL_SETTINGS", file_of(file), 1);
    return settings_load(arena, &got);
}

static void end(void)
{
    while (path_count) {
        unlink(paths[--path_count]);
        free(paths[path_count]);
    }
    clearenv();
}

TEST("without anything there are the defaults")
{
    clearenv();
    OK(!load("# nothing\n\n"));
    EQUAL_TEXT(got.public_base_url, "http://127.0.0.1:8080");
    EQUAL_TEXT(got.jwt_algorithm, "HS256");
    EQUAL_INT(settings_number(got.threads), 40);
    EQUAL_TEXT(got.database_url, NULL);
    end();
}

TEST("the environment wins over the file, and an empty value is none")
{
    clearenv();
    setenv("JWT_ISSUER", "environment", 1);
    setenv("JWT_AUDIENCE", "", 1);
    OK(!load("JWT_ISSUER=file\nJWT_AUDIENCE=file\nDEFAULT_COUNTRY=\n"));
    EQUAL_TEXT(got.jwt_issuer, "environment");
    EQUAL_TEXT(got.jwt_audience, "file");
    EQUAL_TEXT(got.default_country, "US");
    end();
}

TEST("a setting goes by its other names, too")
{
    clearenv();
    setenv("NEXT_PUBLIC_APP_URL", "https://next.example", 1);
    OK(!load("USER_PHONE_NUMBER=+15550100\n"));
    EQUAL_TEXT(got.public_base_url, "https://next.example");
    EQUAL_TEXT(got.agent_phone_number, "+15550100");
    setenv("BASE_URL", "https://base.example/", 1);
    OK(!load(NULL));
    EQUAL_TEXT(got.public_base_url, "https://base.example");
    setenv("PUBLIC_BASE_URL", "https://dial.example/x/", 1);
    OK(!load(NULL));
    EQUAL_TEXT(got.public_base_url, "https://dial.example/x");
    end();
}

TEST("a secret is read from its file, without the line's end")
{
    clearenv();
    setenv("JWT_SECRET_FILE", file_of("from a file\n"), 1);
    OK(!load(arena_printf(arena, "TWILIO_AUTH_TOKEN_FILE=%s\n", file_of("token\r\n"))));
    EQUAL_TEXT(got.jwt_secret, "from a file");
    EQUAL_TEXT(got.twilio_auth_token, "token");
    setenv("JWT_SECRET", "direct", 1);
    OK(!load(NULL));
    EQUAL_TEXT(got.jwt_secret, "direct");
    end();
}

TEST("lines may have quotes, spaces, export and Windows' ends")
{
    clearenv();
    OK(!load(" export JWT_ISSUER = \"a \\\"b\\\"\\nc\" \r\nJWT_AUDIENCE='x\\n y'\r\nJWT_SECRET=a=b#c\n  # "
             "comment\nJWT_SECRET=last"));
    EQUAL_TEXT(got.jwt_issuer, "a \"b\"\nc");
    EQUAL_TEXT(got.jwt_audience, "x\\n y");
    EQUAL_TEXT(got.jwt_secret, "last");
    end();
}

TEST("an unknown name in the file is an error with the nearest name; in the environment it is not")
{
    clearenv();
    setenv("TWILIO_AUTH_TOKN", "x", 1);
    OK(!load(""));
    struct err *e = load("TWILIO_AUTH_TOKN=x\n");
    OK(e && strstr(e->message, "TWILIO_AUTH_TOKN") && strstr(e->message, "TWILIO_AUTH_TOKEN"));
    EQUAL_TEXT(e->fields->field, "TWILIO_AUTH_TOKN");
    end();
}

TEST("the error names every wrong setting")
{
    clearenv();
    setenv("OUTDIAL_THREADS", "many", 1);
    setenv("PUBLIC_BASE_URL", "dial.example.com", 1);
    setenv("JWT_SECRET_FILE", "/nowhere/at/all", 1);
    struct err *e = load("what is this\nX=1\n");
    static const char *const named[] = { "OUTDIAL_THREADS", "PUBLIC_BASE_URL", "JWT_SECRET_FILE", "line 1",
        "line 2", "X" };
    OK(e);
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        OK(strstr(e->message, named[i]));
    int count = 0;
    for (struct err_field *f = e->fields; f; f = f->next)
        count++;
    EQUAL_INT(count, 5);
    end();
}

TEST("URLs that are none, and numbers that are none, are refused")
{
    static const char *const bad[] = { "ftp://x", "https://", "https:///x", "https://a b", "https://a/?q",
    "https://a/#f", "http://:80" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        clearenv();
        setenv("PUBLIC_BASE_URL", bad[i], 1);
        OK(load(""));
        end();
    }
    static const char *const numbers[] = { "0", "-1", "1.5", "99999999999" };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        clearenv();
        setenv("OUTDIAL_THREADS", numbers[i], 1);
        OK(load(""));
        end();
    }
}

TEST("a settings file that was named must be there")
{
    clearenv();
    setenv("OUTDIAL_SETTINGS", "/nowhere/outdial.env", 1);
    struct err *e = load(NULL);
    OK(e && strstr(e->message, "/nowhere/outdial.env"));
    end();
}

static void add_line(void *data, const char *name, const char *value, const char *about)
{
    OK(*about);
    str_addf(data, "%s=%s\n", name, value);
}

TEST("what is printed shows that secrets are set, not what they are")
{
    clearenv();
    setenv("JWT_SECRET", "hush hush", 1);
    OK(!load(""));
    struct str s = str_make(arena, 1 << 16);
    settings_print(&got, add_line, &s);
    OK(strstr(s.text, "JWT_SECRET=(set)\n") && strstr(s.text, "TWILIO_AUTH_TOKEN=(not set)\n"));
    OK(strstr(s.text, "JWT_ALG=HS256\n") && !strstr(s.text, "hush"));
    end();
}

TEST("ranges are read when the settings are, and the mistake is named")
{
    clearenv();
    setenv("OUTDIAL_WEBHOOK_ALLOW", "10.0.0.0/8, 10.0.0.1/8", 1);
    struct err *err = load("");
    OK(err && strstr(err->message, "10.0.0.1/8"));
    setenv("OUTDIAL_WEBHOOK_ALLOW", "10.0.0.0/8 ::1", 1);
    OK(!load(""));
    EQUAL_TEXT(got.webhook_allow, "10.0.0.0/8 ::1");
    end();
}
