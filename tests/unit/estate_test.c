/* Tenants, accounts, trunks, numbers: what their fields must be; and the carrier's pages. */
#include "test.h"

#include "base/str.h"
#include "model/account.h"
#include "model/number.h"
#include "model/phone.h"
#include "model/tenant.h"
#include "provider/twilio_numbers.h"

static struct ctx ctx;

TEST("a short name is made of letters, digits and single hyphens")
{
    EQUAL_TEXT(tenant_slug(arena, "Example Ltd."), "example-ltd");
    EQUAL_TEXT(tenant_slug(arena, "  A -- B  "), "a-b");
    EQUAL_TEXT(tenant_slug(arena, "Örnek A.Ş."), "rnek-a");
    EQUAL_TEXT(tenant_slug(arena, "…"), "tenant");
    OK(strlen(tenant_slug(arena, test_text(500))) <= 60);
}

TEST("countries are two capital letters, and every wrong one is named")
{
    struct tenant t = { .default_country = "US", .timezone = "Europe/Istanbul", .countries = "[\"US\",\"tr\",\"GB\",\"D\"]" };
    ctx = (struct ctx){ .arena = arena };
    struct err *err = tenant_check(&ctx, &t);
    OK(err && err->fields && err->fields->next && !err->fields->next->next);
    EQUAL_TEXT(err->fields->field, "countries[1]");
    EQUAL_TEXT(err->fields->next->field, "countries[3]");
    t.countries = NULL;
    OK(!tenant_check(&ctx, &t));
    t.timezone = "../../etc/passwd";
    err = tenant_check(&ctx, &t);
    OK(err && str_equal(err->fields->field, "timezone"));
}

TEST("a Twilio account has AC and 32 lower-case hex digits; others need no SID")
{
    struct provider_account a = { .provider = "twilio", .account_sid = "AC0123456789abcdef0123456789abcdef" };
    static const char *const bad[] = { "", "AC", "AC0123456789ABCDEF0123456789ABCDEF", "SK0123456789abcdef0123456789abcdef",
                                       "AC0123456789abcdef0123456789abcde", "AC0123456789abcdef0123456789abcdef0" };
    ctx = (struct ctx){ .arena = arena };
    OK(!provider_account_check(&ctx, &a));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        a.account_sid = bad[i];
        struct err *err = provider_account_check(&ctx, &a);
        OK(err && str_equal(err->fields->field, "account_sid"));
    }
    a.provider = "vapi";
    OK(!provider_account_check(&ctx, &a));
}

TEST("a trunk's beginning tells its provider")
{
    EQUAL_TEXT(trunk_provider("ST_abcDEF123"), "livekit");
    EQUAL_TEXT(trunk_provider("TK0123456789abcdef0123456789abcdef"), "twilio");
    EQUAL_TEXT(trunk_provider("ST_"), NULL);
    EQUAL_TEXT(trunk_provider("ST_a b"), NULL);
    EQUAL_TEXT(trunk_provider("TK123"), NULL);
    EQUAL_TEXT(trunk_provider("XX"), NULL);
    EQUAL_TEXT(trunk_provider(NULL), NULL);
}

TEST("toll-free is told by the area code, mobile by the carrier")
{
    phone_init();
    static const char *const toll_free[] = { "+18005550100", "+18335550100", "+18445550100", "+18555550100", "+18665550100",
                                             "+18775550100", "+18885550100" };
    for (size_t i = 0; i < sizeof toll_free / sizeof *toll_free; i++)
        EQUAL_TEXT(number_type(toll_free[i], NULL), "TOLL_FREE");
    EQUAL_TEXT(number_type("+18125550100", NULL), "LOCAL");
    EQUAL_TEXT(number_type("+18225550100", NULL), "LOCAL");
    EQUAL_TEXT(number_type("+12125550100", "mobile"), "LOCAL");
    EQUAL_TEXT(number_type("+448001111111", NULL), "TOLL_FREE");
    EQUAL_TEXT(number_type("+447700900123", "mobile"), "MOBILE");
    EQUAL_TEXT(number_type("+903129114094", NULL), "LOCAL");
}

static const char *next_url(const char *base, const char *next)
{
    struct account account = { .account_sid = "AC1", .auth_token = "t", .base_url = base };
    struct http_request request;
    return twilio_numbers_request(arena, &account, next, &request) ? request.url : NULL;
}

TEST("the next page is followed to the letter, and never to another server")
{
    static const char base[] = "http://127.0.0.1:8301/twilio";
    EQUAL_TEXT(next_url(base, "/2010-04-01/x.json?PageToken=PA%2F1"), "http://127.0.0.1:8301/twilio/2010-04-01/x.json?PageToken=PA%2F1");
    EQUAL_TEXT(next_url(base, "http://127.0.0.1:8301/elsewhere"), "http://127.0.0.1:8301/elsewhere");
    EQUAL_TEXT(next_url(base, "http://127.0.0.1:83010/elsewhere"), NULL);
    EQUAL_TEXT(next_url(base, "http://127.0.0.1:8301@evil.example/"), NULL);
    EQUAL_TEXT(next_url(base, "https://127.0.0.1:8301/elsewhere"), NULL);
    EQUAL_TEXT(next_url(base, "//evil.example/x"), NULL);
    EQUAL_TEXT(next_url(base, "file:///etc/passwd"), NULL);
    EQUAL_TEXT(next_url("https://api.twilio.com", "https://api.twilio.com.evil.example/x"), NULL);
    OK(str_starts(next_url(base, NULL), "http://127.0.0.1:8301/twilio/2010-04-01/Accounts/AC1/IncomingPhoneNumbers.json?"));
}

TEST("a page is read; anything else is the carrier's fault")
{
    static const char page[] = "{\"incoming_phone_numbers\":[{\"sid\":\"PN1\",\"phone_number\":\"+12125550100\",\"trunk_sid\":\"TK1\","
                               "\"capabilities\":{\"voice\":true,\"SMS\":true,\"mms\":false},\"date_created\":\"Thu, 01 Jan 2026 00:00:05 +0000\"}],"
                               "\"next_page_uri\":\"/n\"}";
    struct http_answer answer = { .outcome = HTTP_ANSWERED, .status = 200, .body = page, .body_size = sizeof page - 1 };
    struct provider_numbers out;
    OK(!twilio_numbers_answer(arena, &answer, &out));
    EQUAL_INT(out.count, 1);
    EQUAL_TEXT(out.next, "/n");
    EQUAL_TEXT(out.item[0].trunk_sid, "TK1");
    OK(out.item[0].voice && out.item[0].sms && !out.item[0].mms);
    EQUAL_INT(utc_seconds(out.item[0].created_at), 1767225605);
    static const struct { long status; const char *body; } bad[] = { { 401, "{}" }, { 500, "" }, { 200, "" }, { 200, "[]" }, { 200, "{}" },
                                                                    { 200, "{\"incoming_phone_numbers\":{}}" }, { 200, "{\"incoming" } };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        answer = (struct http_answer){ .outcome = HTTP_ANSWERED, .status = bad[i].status, .body = bad[i].body, .body_size = strlen(bad[i].body) };
        struct err *err = twilio_numbers_answer(arena, &answer, &out);
        OK(err && err->kind == ERR_UPSTREAM);
    }
    answer = (struct http_answer){ .outcome = HTTP_UNKNOWN };
    struct err *err = twilio_numbers_answer(arena, &answer, &out);
    OK(err && str_equal(err->code, "provider_unreachable"));
}
