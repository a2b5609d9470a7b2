#include "test.h"

#include "base/json.h"
#include "base/secret.h"
#include "base/str.h"
#include "model/webhook.h"
#include "service/webhooks.h"

static struct networks none;

static struct ctx *ctx_of(void)
{
    static struct ctx ctx;
    ctx = (struct ctx){ .arena = arena };
    return &ctx;
}

/* The code of what is wrong with the URL, or NULL. */
static const char *wrong(const char *url, const struct networks *beyond)
{
    struct webhook_endpoint e = { .url = url };
    struct err *err = webhook_check(ctx_of(), beyond, &e);
    return err ? err->fields->code : NULL;
}

TEST("webhooks go to https at public addresses")
{
    EQUAL_TEXT(wrong("https://example.com", &none), NULL);
    EQUAL_TEXT(wrong("https://example.com:8443/a/b?c=d", &none), NULL);
    EQUAL_TEXT(wrong("https://8.8.8.8/hooks", &none), NULL);
    EQUAL_TEXT(wrong("https://[2606:4700::1111]/hooks", &none), NULL);
    EQUAL_TEXT(wrong("http://example.com", &none), "https_required");
    EQUAL_TEXT(wrong("https://example.com:22", &none), "port_not_allowed");
}

TEST("however a private address is written, it is refused")
{
    static const char *const urls[] = {
        "https://127.0.0.1", "https://127.1", "https://2130706433", "https://0x7f.0.0.1", "https://0177.0.0.1", "https://[::1]", "https://[::ffff:127.0.0.1]",
        "https://LOCALHOST", "https://localhost.", "https://db.localhost", "https://169.254.169.254/latest/meta-data", "https://%31%30.0.0.1/", "https://0",
    };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
        if (!str_equal(wrong(urls[i], &none), "address_not_public"))
            fail_msg("%s", urls[i]);
}

TEST("the operator's ranges are reached by http too, and at any port; what is beside them is not")
{
    struct networks beyond;
    const char *mistake;
    OK(networks_parse(arena, "127.0.0.0/8", &beyond, &mistake));
    EQUAL_TEXT(wrong("http://127.0.0.1:25/hooks", &beyond), NULL);
    EQUAL_TEXT(wrong("http://localhost:8080/hooks", &beyond), NULL);
    EQUAL_TEXT(wrong("http://inside.example:8080/hooks", &beyond), NULL);       /* the address will tell */
    EQUAL_TEXT(wrong("https://10.0.0.1/", &beyond), "address_not_public");
    EQUAL_TEXT(wrong("http://8.8.8.8/", &beyond), "https_required");
}

TEST("what is not an address of the web is malformed")
{
    static const char *const urls[] = { "", "example.com", "/hooks", "ftp://example.com", "file:///etc/passwd", "https://", "https://a:b@example.com",
                                        "https://example.com/#x", "https://exa mple.com", "https://example.com/\n", "https://ex\xc3\xa4mple.com", "https://example.com:65536" };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
        if (!str_equal(wrong(urls[i], &none), "malformed"))
            fail_msg("\"%s\"", urls[i]);
}

TEST("a star among the events, or none at all, is all of them; an empty list is a mistake")
{
    struct webhook_endpoint e = { .url = "https://example.com", .events = "[\"dnc.added\",\"*\"]" };
    OK(!webhook_check(ctx_of(), &none, &e));
    EQUAL_TEXT(e.events, NULL);
    e.events = "[\"dnc.added\"]";
    OK(!webhook_check(ctx_of(), &none, &e));
    EQUAL_TEXT(e.events, "[\"dnc.added\"]");
    e.events = "[]";
    struct err *err = webhook_check(ctx_of(), &none, &e);
    OK(err && str_equal(err->fields->field, "events"));
    e.url = "nowhere";
    err = webhook_check(ctx_of(), &none, &e);
    OK(err && str_equal(err->fields->field, "url") && str_equal(err->fields->next->field, "events"));
}

TEST("signatures are those of the published example")
{
    static const char body[] = "{\"test\": 2432232314}";
    EQUAL_TEXT(webhook_sign(arena, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body, strlen(body)),
               "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    EQUAL_TEXT(webhook_sign(arena, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "id", 1, body, strlen(body)), NULL);
    EQUAL_TEXT(webhook_sign(arena, "whsec_not base64!", "id", 1, body, strlen(body)), NULL);
}

TEST("a secret is 32 bytes of chance")
{
    OK(secret_init());
    const char *one = webhook_secret_make(arena), *other = webhook_secret_make(arena);
    size_t size;
    OK(str_starts(one, "whsec_") && !str_equal(one, other));
    OK(base64_decode(arena, one + 6, &size));
    EQUAL_INT(size, 32);
}

TEST("a message is the object as the API shows it")
{
    const char *text;
    OK(!webhook_message(ctx_of(), "dnc.added", utc_from_seconds(1767225605), 7,
                        "{\"id\":\"01890000-0000-7000-8000-000000000001\",\"phone_e164\":\"+12125550123\",\"reason\":null,\"source\":\"api\",\"scope\":\"tenant\","
                        "\"tenant_id\":\"01890000-0000-7000-8000-000000000002\",\"created_at\":\"2026-01-01T00:00:05.25+00:00\"}", &text));
    EQUAL_TEXT(text, "{\"type\":\"dnc.added\",\"timestamp\":\"2026-01-01T00:00:05.000Z\",\"sequence\":7,\"data\":{\"id\":\"01890000-0000-7000-8000-000000000001\","
               "\"phone_e164\":\"+12125550123\",\"reason\":null,\"source\":\"api\",\"scope\":\"tenant\",\"campaign_id\":null,\"created_at\":\"2026-01-01T00:00:05.250Z\"}}");
    OK(!webhook_message(ctx_of(), "webhook.test", utc_from_seconds(1), 8, "{\"message\":\"x\"}", &text));
    EQUAL_TEXT(text, "{\"type\":\"webhook.test\",\"timestamp\":\"1970-01-01T00:00:01.000Z\",\"sequence\":8,\"data\":{\"message\":\"x\"}}");
}
