/* Searching, buying and giving back numbers: requests as they go out, and every answer that may come back. */
#include <string.h>

#include "base/str.h"
#include "provider/twilio_numbers.h"
#include "test.h"

static const struct account account = {
    .account_sid = "AC00000000000000000000000000000000", .auth_token = "secret", .base_url = "http://127.0.0.1:1/twilio",
};
#define NUMBERS "http://127.0.0.1:1/twilio/2010-04-01/Accounts/AC00000000000000000000000000000000/"
#define BOUGHT  "{\"sid\":\"PN11111111111111111111111111111111\",\"phone_number\":\"+16065550101\",\"type\":\"local\"," \
                "\"capabilities\":{\"voice\":true,\"sms\":false,\"mms\":true},\"date_created\":\"Thu, 30 Jul 2015 23:19:04 +0000\"}"

static struct http_answer answered(long status, const char *body)
{
    return (struct http_answer){ .outcome = HTTP_ANSWERED, .status = status, .body = body, .body_size = strlen(body) };
}

TEST("a search names country, kind and what is wanted")
{
    struct number_search search = { .country = "US", .type = "toll_free", .area_code = "833", .contains = "5*5", .limit = 20 };
    struct http_request request;

    twilio_available_request(arena, &account, &search, &request);
    EQUAL_TEXT(request.url, NUMBERS "AvailablePhoneNumbers/US/TollFree.json?AreaCode=833&Contains=5%2A5&VoiceEnabled=true&PageSize=20");
    EQUAL_TEXT(request.method, "GET");
}

TEST("offers are read as the provider writes them; a country without that kind has none")
{
    struct offered_number *offer = NULL;
    size_t count = 9;
    struct http_answer answer = answered(200, "{\"available_phone_numbers\":[{\"phone_number\":\"+18089251571\",\"iso_country\":\"US\",\"region\":\"HI\",\"locality\":\"\","
                                              "\"latitude\":\"19.72\",\"address_requirements\":\"none\",\"capabilities\":{\"voice\":true,\"SMS\":true,\"MMS\":false}},"
                                              "{\"phone_number\":\"12\"},{}],\"uri\":\"/x\"}");

    OK(!twilio_available_answer(arena, &answer, &offer, &count));
    OK(count == 1);
    EQUAL_TEXT(offer[0].number, "+18089251571");
    EQUAL_TEXT(offer[0].region, "HI");
    OK(!offer[0].locality);
    EQUAL_TEXT(offer[0].capabilities, "{\"voice\":true,\"sms\":true,\"mms\":false}");
    answer = answered(404, "{\"code\":20404}");
    OK(!twilio_available_answer(arena, &answer, &offer, &count) && count == 0);
    answer = answered(200, "{}");
    OK(twilio_available_answer(arena, &answer, &offer, &count)->kind == ERR_UPSTREAM);
    answer = answered(400, "{\"code\":21421}");
    OK(twilio_available_answer(arena, &answer, &offer, &count)->kind == ERR_INVALID);
    answer = (struct http_answer){ .outcome = HTTP_UNKNOWN };
    OK(twilio_available_answer(arena, &answer, &offer, &count)->kind == ERR_UPSTREAM);
}

TEST("a purchase is sent once, by its permit's end, with our addresses")
{
    struct http_request request;
    struct pairs form;

    twilio_buy_request(arena, &account, "+16065550101", "https://dial.example.com", 4711, &request);
    OK(request.once && request.send_before_ms == 4711);
    EQUAL_TEXT(request.url, NUMBERS "IncomingPhoneNumbers.json");
    OK(form_parse(arena, request.body, request.body_size, &form));
    OK(form.count == 5);
    EQUAL_TEXT(pairs_find(&form, "PhoneNumber"), "+16065550101");
    EQUAL_TEXT(pairs_find(&form, "VoiceUrl"), "https://dial.example.com/api/twilio/inbound");
    EQUAL_TEXT(pairs_find(&form, "VoiceMethod"), "POST");
    EQUAL_TEXT(pairs_find(&form, "StatusCallback"), "https://dial.example.com/api/outbound-caller/call-status");
    twilio_release_request(arena, &account, "PN1", &request);
    EQUAL_TEXT(request.method, "DELETE");
    EQUAL_TEXT(request.url, NUMBERS "IncomingPhoneNumbers/PN1.json");
    twilio_number_find_request(arena, &account, "+16065550101", &request);
    EQUAL_TEXT(request.url, NUMBERS "IncomingPhoneNumbers.json?PhoneNumber=%2B16065550101");
}

static const char *bought(enum http_outcome outcome, long status, const char *body, const char **code)
{
    struct http_answer answer = answered(status, body);
    struct number_answer out;

    answer.outcome = outcome;
    twilio_buy_answer(arena, "+16065550101", &answer, &out);
    *code = out.code;
    return out.outcome;
}

TEST("what is not provably bought or refused is unknown")
{
    const char *code;

    EQUAL_TEXT(bought(HTTP_ANSWERED, 201, BOUGHT, &code), "bought");
    EQUAL_TEXT(bought(HTTP_ANSWERED, 201, "{\"sid\":\"PN1\",\"phone_number\":\"+16065550102\"}", &code), "unknown");
    EQUAL_TEXT(bought(HTTP_ANSWERED, 201, "{\"phone_number\":\"+16065550101\"}", &code), "unknown");
    EQUAL_TEXT(bought(HTTP_ANSWERED, 201, "", &code), "unknown");
    EQUAL_TEXT(bought(HTTP_ANSWERED, 500, "{\"code\":20500}", &code), "unknown");
    EQUAL_TEXT(bought(HTTP_ANSWERED, 408, "", &code), "unknown");
    EQUAL_TEXT(bought(HTTP_ANSWERED, 302, "", &code), "unknown");
    EQUAL_TEXT(bought(HTTP_UNKNOWN, 0, "", &code), "unknown");
    EQUAL_TEXT(bought(HTTP_NOT_SENT, 0, "", &code), "not_bought");
    EQUAL_TEXT(code, "provider_unreachable");
    EQUAL_TEXT(bought(HTTP_ANSWERED, 429, "", &code), "not_bought");
    EQUAL_TEXT(code, "provider_busy");
    EQUAL_TEXT(bought(HTTP_ANSWERED, 400, "{\"code\":21422}", &code), "not_bought");
    EQUAL_TEXT(code, "number_unavailable");
    EQUAL_TEXT(bought(HTTP_ANSWERED, 400, "{\"code\":21649}", &code), "not_bought");
    EQUAL_TEXT(code, "bundle_required");
    EQUAL_TEXT(bought(HTTP_ANSWERED, 400, "gateway", &code), "not_bought");
    EQUAL_TEXT(code, "provider_refused");
    EQUAL_TEXT(bought(HTTP_ANSWERED, 401, "{\"code\":20003}", &code), "not_bought");
    EQUAL_TEXT(code, "provider_credentials");
}

TEST("a number that the provider does not have is given back")
{
    const struct { enum http_outcome outcome; long status; const char *is; } cases[] = {
        { HTTP_ANSWERED, 204, "released" }, { HTTP_ANSWERED, 404, "released" }, { HTTP_ANSWERED, 400, "kept" }, { HTTP_ANSWERED, 401, "kept" },
        { HTTP_ANSWERED, 429, "kept" },     { HTTP_NOT_SENT, 0, "kept" },       { HTTP_ANSWERED, 500, "unknown" }, { HTTP_UNKNOWN, 0, "unknown" },
    };
    struct number_answer out;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_answer answer = answered(cases[i].status, "{}");
        answer.outcome = cases[i].outcome;
        twilio_release_answer(arena, &answer, &out);
        EQUAL_TEXT(out.outcome, cases[i].is);
    }
}
