#include "test.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"

static int real_stderr, caught;

static void catch_lines(void)
{
    caught = open("/tmp", O_TMPFILE | O_RDWR, 0600);
    real_stderr = dup(2);
    OK(caught >= 0 && dup2(caught, 2) == 2);
}

static char *caught_lines(void)
{
    dup2(real_stderr, 2);
    close(real_stderr);
    off_t size = lseek(caught, 0, SEEK_END);
    char *text = arena_alloc(arena, (size_t)size + 1);
    OK(pread(caught, text, (size_t)size, 0) == size);
    close(caught);
    return text;
}

static const struct json *only_line(const char *text)
{
    const struct json *j = NULL;
    const char *end = strchr(text, '\n');
    OK(end && !end[1]);
    OK(!json_read(arena, text, (size_t)(end - text), &j));
    return j;
}

TEST("a line is one JSON object with what the context knows")
{
    struct ctx ctx = { .arena = arena, .request_id = "r1", .doing = "GET /api/v1/tenants/:tenant",
    .tenant = { { 0xab, [15] = 1 } } };
    log_open("unit", LOG_INFO);
    catch_lines();
    log_info(&ctx, "campaign.started", KV("campaign", "Spring \"x\"\n\xff"), KV("leads", 7L), KV("share",
        0.5), KV("ok", (bool)true),
             KV("none", (const char *)NULL));
    const struct json *j = only_line(caught_lines());
    struct utc ts;
    OK(utc_parse(json_string(json_get(j, "ts")), &ts) && utc_now().us - ts.us < 60000000);
    EQUAL_TEXT(json_string(json_get(j, "level")), "info");
    EQUAL_TEXT(json_string(json_get(j, "program")), "unit");
    EQUAL_TEXT(json_string(json_get(j, "event")), "campaign.started");
    EQUAL_TEXT(json_string(json_get(j, "request_id")), "r1");
    EQUAL_TEXT(json_string(json_get(j, "tenant")), "ab000000-0000-0000-0000-000000000001");
    EQUAL_TEXT(json_string(json_get(j, "route")), "GET /api/v1/tenants/:tenant");
    EQUAL_TEXT(json_string(json_get(j, "campaign")), "Spring \"x\"\n\xef\xbf\xbd");
    EQUAL_TEXT(json_text(arena, json_get(j, "leads")), "7");
    EQUAL_TEXT(json_text(arena, json_get(j, "share")), "0.5");
    EQUAL_TEXT(json_text(arena, json_get(j, "ok")), "true");
    EQUAL_INT(json_type_of(json_get(j, "none")), JSON_NULL);
}

TEST("lines below the level are not written, and a line needs no context")
{
    log_open("unit", LOG_WARNING);
    catch_lines();
    log_info(NULL, "not.shown");
    log_debug(NULL, "not.shown");
    log_error(NULL, "is.shown");
    const struct json *j = only_line(caught_lines());
    EQUAL_TEXT(json_string(json_get(j, "event")), "is.shown");
    OK(!json_get(j, "tenant") && !json_get(j, "request_id"));
}

TEST("a line stays JSON and within 8 KiB, whatever is put into it")
{
    log_open("unit", LOG_INFO);
    for (int i = 0; i < 40; i++) {
        char *a = (char *)test_bytes(5000), *b = test_text(3000), *c = memset(arena_alloc(arena, 4001),
            '\x01', 4000);
        catch_lines();
        log_info(NULL, "big.line", KV("a", a), KV("b", b), KV("c", c), KV("d", b), KV("e", a), KV("f", c));
        char *text = caught_lines();
        OK(strlen(text) <= 8192);
        only_line(text);
    }
}

TEST("a flood is cut, and the next line that passes tells how much is missing")
{
    enum { FLOOD = 3000 };                                      /* more than two seconds take */
    log_open("unit", LOG_INFO);
    int64_t second = boot_now_ms() / 1000;
    catch_lines();
    for (int i = 0; i < FLOOD; i++)
        log_info(NULL, "flood.line", KV("i", i));
    while (boot_now_ms() / 1000 <= second + 1)                  /* the log counts by seconds of this clock */
        usleep(20000);
    log_info(NULL, "after.flood");
    char *text = caught_lines();
    int64_t lines = 0, missing = 0, here;
    for (char *line; (line = strsep(&text, "\n")) && *line; lines++) {
        const struct json *j;
        OK(!json_read(arena, line, strlen(line), &j));
        missing += json_integer(json_get(j, "lines_dropped"), &here) ? here : 0;
    }
    OK(missing > 0);
    EQUAL_INT(lines - 1 + missing, FLOOD);
}
