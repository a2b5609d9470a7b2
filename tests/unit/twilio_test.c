/* The carrier's two pure halves: requests as they go out, answers as they may come back, signatures as the official SDK makes them. */
#include <string.h>

#include "base/str.h"
#include "provider/twilio.h"
#include "provider/twiml.h"
#include "test.h"

#define SIGNED_URL "https://dial.example.com/tw/voice/status?att=42&t=acme"
#define TOKEN      "0123456789abcdef0123456789abcdef"

static const struct account account = {
    .account_sid = "AC00000000000000000000000000000000", .auth_token = TOKEN, .base_url = "http://127.0.0.1:1/twilio",
};

TEST("signatures equal the official SDK's vectors")
{
    struct pair status[] = { { "CallSid", "CA11111111111111111111111111111111" }, { "CallStatus", "completed" }, { "From", "+15005550006" },
                             { "To", "+15005550009" }, { "CallDuration", "17" }, { "Note", "a b&c=d é" } };
    struct pair repeated[] = { { "A", "z" }, { "A", "b" }, { "A", "z" }, { "B", "1" } };
    struct pair known[] = { { "CallSid", "CA1234567890ABCDE" }, { "Caller", "+14158675310" }, { "Digits", "1234" }, { "From", "+14158675310" }, { "To", "+18005551212" } };

    EQUAL_TEXT(twilio_signature(arena, TOKEN, SIGNED_URL, &(struct pairs){ status, 6 }), "g3PIpTYR4MriIKBnVyODsP2mKpU=");
    EQUAL_TEXT(twilio_signature(arena, TOKEN, SIGNED_URL, &(struct pairs){ repeated, 4 }), "vrXcpGzaIF2ziwjcn9SEsSI8qw0=");
    EQUAL_TEXT(twilio_signature(arena, TOKEN, SIGNED_URL, NULL), "rFtkISkGkE9Wq8Qx0WlnTLlxRNI=");
    EQUAL_TEXT(twilio_signature(arena, "12345", "https://example.com/myapp.php?foo=1&bar=2", &(struct pairs){ known, 5 }), "L/OH5YylLD5NRKLltdqwSvS0BnU=");
}

TEST("a signature over the URL with its port, or without, is genuine; an empty token never is")
{
    const char *with = twilio_signature(arena, TOKEN, "https://dial.example.com:443/x?y=1", NULL);
    const char *without = twilio_signature(arena, TOKEN, "https://dial.example.com/x?y=1", NULL);

    OK(twilio_signed(arena, TOKEN, "https://dial.example.com", "/x?y=1", NULL, with));
    OK(twilio_signed(arena, TOKEN, "https://dial.example.com", "/x?y=1", NULL, without));
    OK(twilio_signed(arena, TOKEN, "https://dial.example.com:443", "/x?y=1", NULL, without));
    OK(twilio_signed(arena, TOKEN, "https://dial.example.com", "/x?y=1", NULL, twilio_signature(arena, TOKEN, "https://dial.example.com/x?y=1" TWILIO_CALLBACK_RETRIES, NULL)));
    OK(!twilio_signed(arena, TOKEN, "https://dial.example.com", "/x?y=2", NULL, without));
    OK(!twilio_signed(arena, "", "https://dial.example.com", "/x?y=1", NULL, twilio_signature(arena, "", "https://dial.example.com/x?y=1", NULL)));
    OK(!twilio_signed(arena, TOKEN, "https://dial.example.com", "/x?y=1", NULL, ""));
}

static struct dial some_dial(void)
{
    return (struct dial){ .to = "+12125551234", .from = "+14155550100", .public_base_url = "http://127.0.0.1:8080", .ring_seconds = 30,
                          .attempt = { { 1, 2, 3 } }, .tenant = { { 4, 5, 6 } }, .machine_detection = true, .machine_detection_timeout_ms = 5000 };
}

TEST("a call is asked for once, with its attempt in every callback and seconds where the carrier wants seconds")
{
    struct dial dial = some_dial();
    struct http_request request;
    struct pairs form;

    OK(!provider_twilio.call_request(arena, &account, &dial, &request));
    OK(request.once);
    EQUAL_TEXT(request.url, "http://127.0.0.1:1/twilio/2010-04-01/Accounts/AC00000000000000000000000000000000/Calls.json");
    OK(form_parse(arena, request.body, request.body_size, &form));
    EQUAL_TEXT(pairs_find(&form, "To"), "+12125551234");
    EQUAL_TEXT(pairs_find(&form, "MachineDetection"), "Enable");
    EQUAL_TEXT(pairs_find(&form, "MachineDetectionTimeout"), "5");
    OK(strstr(pairs_find(&form, "Url"), "/api/outbound-caller/voice?a=01020300-0000-0000-0000-000000000000&t=04050600-"));
    OK(strstr(pairs_find(&form, "StatusCallback"), "#rc=3&rp=5xx,ct,rt"));
    OK(!pairs_find(&form, "AsyncAmd"));
    dial.wait_for_beep = dial.async_machine_detection = true;
    OK(!provider_twilio.call_request(arena, &account, &dial, &request));
    OK(form_parse(arena, request.body, request.body_size, &form));
    EQUAL_TEXT(pairs_find(&form, "MachineDetection"), "DetectMessageEnd");
    EQUAL_TEXT(pairs_find(&form, "MachineDetectionTimeout"), "30");
    EQUAL_TEXT(pairs_find(&form, "AsyncAmd"), "true");
}

static const char *outcome(enum http_outcome how, long status, const char *body)
{
    struct http_answer answer = { .outcome = how, .status = status, .body = body, .body_size = strlen(body) };
    struct dial_result result;

    provider_twilio.call_answer(arena, &account, &answer, &result);
    return result.outcome;
}

TEST("only a complete yes is accepted, only a definite no is refused, and everything else is unknown")
{
    const char *sid = "{\"sid\":\"CA00000000000000000000000000000001\",\"account_sid\":\"AC00000000000000000000000000000000\"}";

    EQUAL_TEXT(outcome(HTTP_ANSWERED, 201, sid), "accepted");
    EQUAL_TEXT(outcome(HTTP_ANSWERED, 201, "{\"sid\":\"CA00000000000000000000000000000001\",\"account_sid\":\"ACother\"}"), "unknown");
    EQUAL_TEXT(outcome(HTTP_ANSWERED, 201, "{\"sid\":\"SM00000000000000000000000000000001\"}"), "unknown");
    EQUAL_TEXT(outcome(HTTP_ANSWERED, 201, "{}"), "unknown");
    EQUAL_TEXT(outcome(HTTP_ANSWERED, 201, "<html>"), "unknown");
    EQUAL_TEXT(outcome(HTTP_ANSWERED, 200, ""), "unknown");
    EQUAL_TEXT(outcome(HTTP_ANSWERED, 302, ""), "unknown");
    EQUAL_TEXT(outcome(HTTP_ANSWERED, 500, "{\"code\":20500}"), "unknown");
    EQUAL_TEXT(outcome(HTTP_ANSWERED, 503, ""), "unknown");
    EQUAL_TEXT(outcome(HTTP_ANSWERED, 408, ""), "unknown");
    EQUAL_TEXT(outcome(HTTP_UNKNOWN, 0, ""), "unknown");
    EQUAL_TEXT(outcome(HTTP_NOT_SENT, 0, ""), "not_sent");
    EQUAL_TEXT(outcome(HTTP_ANSWERED, 429, ""), "later");
    EQUAL_TEXT(outcome(HTTP_ANSWERED, 400, "{\"code\":10004}"), "later");
    EQUAL_TEXT(outcome(HTTP_ANSWERED, 400, "{\"code\":21211}"), "refused");
    EQUAL_TEXT(outcome(HTTP_ANSWERED, 400, "garbage"), "refused");
    EQUAL_TEXT(outcome(HTTP_ANSWERED, 400, "{\"code\":21210}"), "caller_id");
    EQUAL_TEXT(outcome(HTTP_ANSWERED, 401, ""), "account");
    EQUAL_TEXT(outcome(HTTP_ANSWERED, 400, "{\"code\":20005}"), "account");
}

TEST("documents are escaped, and refuse what XML cannot carry")
{
    const char *document;

    OK(!twiml_menu(arena, "tr", "a < b & \"c\"", "yok", "http://x/gather?a=1&t=2", &document));
    OK(strstr(document, "<Gather numDigits=\"1\" action=\"http://x/gather?a=1&amp;t=2\""));
    OK(strstr(document, "<Say language=\"tr-TR\">a &lt; b &amp; &quot;c&quot;</Say>"));
    OK(twiml_say(arena, "en", "bell \a", &document));
}
