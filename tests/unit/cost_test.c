/* Amounts, exactly; what a carrier says of prices; and tables of rates. */
#include <string.h>

#include "base/json.h"
#include "model/cost.h"
#include "provider/twilio_prices.h"
#include "test.h"

TEST("decimal text becomes whole millionths, exactly")
{
    static const struct { const char *text; int64_t micros; } good[] = {
        { "0", 0 }, { "-0", 0 }, { "-0.01300", -13000 }, { "0.013", 13000 }, { "+1", 1000000 }, { "12.5", 12500000 }, { ".5", 500000 }, { "7.", 7000000 },
        { "-0.000001", -1 }, { "0.0000004", 0 }, { "0.0000005", 1 }, { "-0.0000005", -1 }, { "0.99999949999", 999999 }, { "0.9999995", 1000000 },
        { "-123456.789012", -123456789012 }, { "9000000000000", 9000000000000000000 }, { "0.1", 100000 }, { "0.30000000000000004", 300000 }, { "0.290000", 290000 },
    };
    static const char *const bad[] = { "", "-", ".", "-.", "1e3", "1,5", " 1", "1 ", "0x1", "nan", "--1", "1.2.3", "9000000000001", "99999999999999999999999999" };
    int64_t micros;

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        OK(micros_parse(good[i].text, &micros));
        EQUAL_INT(micros, good[i].micros);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        OK(!micros_parse(bad[i], &micros));
    OK(!micros_parse(NULL, &micros));
}

static struct http_answer answer(int status, const char *body)
{
    return (struct http_answer){ .outcome = HTTP_ANSWERED, .status = status, .body = body, .body_size = strlen(body) };
}

static enum price_found ask(int status, const char *body, struct call_price *price)
{
    struct http_answer got = answer(status, body);

    return twilio_price_answer(arena, &got, price);
}

TEST("a call's price is what was paid, with its currency and begun minutes")
{
    struct call_price price;

    EQUAL_INT(ask(200, R"({"status":"completed","duration":"61","price":"-0.02600","price_unit":"usd"})", &price), PRICE_KNOWN);
    EQUAL_INT(price.micros, 26000);
    EQUAL_TEXT(price.currency, "USD");
    EQUAL_INT(price.minutes, 2);
    EQUAL_INT(ask(200, R"({"status":"completed","duration":"60","price":"0.00750","price_unit":"EUR"})", &price), PRICE_KNOWN);
    EQUAL_INT(price.micros, 7500);
    EQUAL_INT(price.minutes, 1);
}

TEST("a price that is not there yet is asked for later, and a line that nobody answered is free")
{
    struct call_price price;
    struct http_answer lost = { .outcome = HTTP_UNKNOWN };

    EQUAL_INT(ask(200, R"({"status":"completed","duration":"5","price":null,"price_unit":"USD"})", &price), PRICE_LATER);
    EQUAL_INT(ask(200, R"({"status":"in-progress","duration":null,"price":null,"price_unit":"USD"})", &price), PRICE_LATER);
    EQUAL_INT(ask(200, R"({"status":"completed","duration":"5","price":"much","price_unit":"USD"})", &price), PRICE_LATER);
    EQUAL_INT(ask(200, R"({"status":"completed","duration":"5","price":"-1","price_unit":"dollars"})", &price), PRICE_LATER);
    EQUAL_INT(ask(200, R"({"status":"completed","duration":"5","price":-1,"price_unit":"USD"})", &price), PRICE_LATER);
    EQUAL_INT(ask(200, "no JSON", &price), PRICE_LATER);
    EQUAL_INT(ask(500, "{}", &price), PRICE_LATER);
    EQUAL_INT(ask(429, "{}", &price), PRICE_LATER);
    EQUAL_INT(twilio_price_answer(arena, &lost, &price), PRICE_LATER);
    EQUAL_INT(ask(404, "{}", &price), PRICE_GONE);
    EQUAL_INT(ask(200, R"({"status":"busy","duration":"0","price":null,"price_unit":"USD"})", &price), PRICE_KNOWN);
    EQUAL_INT(price.micros, 0);
    EQUAL_INT(price.minutes, 0);
}

TEST("the lines that a call dialed are added, and all of them must be known")
{
    struct call_price sum = { .micros = 26000, .currency = "USD", .minutes = 2 };
    struct http_answer whole = answer(200, R"({"calls":[{"status":"completed","duration":"70","price":"-0.01","price_unit":"USD"},{"status":"no-answer","duration":"0","price":null}]})");
    struct http_answer half = answer(200, R"({"calls":[{"status":"completed","duration":"70","price":"-0.01","price_unit":"USD"},{"status":"completed","duration":"9","price":null}]})");
    struct http_answer mixed = answer(200, R"({"calls":[{"status":"completed","duration":"70","price":"-0.01","price_unit":"EUR"}]})");
    struct http_answer wrong = answer(200, R"({"sid":"CA"})");
    struct http_answer vast = answer(200, R"({"calls":[{"status":"completed","duration":"1","price":"-9000000000000","price_unit":"USD"},{"status":"completed","duration":"1","price":"-9000000000000","price_unit":"USD"}]})");

    EQUAL_INT(twilio_line_prices_answer(arena, &whole, &sum), PRICE_KNOWN);
    EQUAL_INT(sum.micros, 36000);
    EQUAL_INT(sum.minutes, 4);
    EQUAL_INT(twilio_line_prices_answer(arena, &half, &sum), PRICE_LATER);
    sum = (struct call_price){ .micros = 26000, .currency = "USD" };
    EQUAL_INT(twilio_line_prices_answer(arena, &mixed, &sum), PRICE_LATER);
    EQUAL_INT(twilio_line_prices_answer(arena, &wrong, &sum), PRICE_LATER);
    EQUAL_INT(twilio_line_prices_answer(arena, &vast, &sum), PRICE_LATER);
}

TEST("lines are asked for by the call that dialed them")
{
    static const struct account account = { .account_sid = "AC0", .auth_token = "t", .base_url = "http://carrier" };
    struct http_request request;

    twilio_line_prices_request(arena, &account, "CA1", &request);
    EQUAL_TEXT(request.url, "http://carrier/2010-04-01/Accounts/AC0/Calls.json?ParentCallSid=CA1&PageSize=1000");
    EQUAL_TEXT(request.method, "GET");
    EQUAL_TEXT(request.user, "AC0");
}

static const char *wrongs(const char *text)
{
    struct ctx ctx = { .arena = arena };
    struct account_rates rates;
    const struct json *body;
    char *all = arena_text(arena, "");

    OK(!json_read(arena, text, strlen(text), &body));
    struct err *err = account_rates_read(&ctx, body, &rates);
    if (!err)
        return rates.rates;
    for (const struct err_field *f = err->fields; f; f = f->next)
        all = arena_printf(arena, "%s%s%s:%s", all, *all ? " " : "", f->field, f->code);
    return all;
}

TEST("rates are read whole, and every wrong one is named")
{
    EQUAL_TEXT(wrongs(R"({"currency":"USD","rates":[{"prefix":"*","per_minute_micros":1},{"prefix":"+90","per_minute_micros":2,"per_call_micros":3}]})"),
               R"([{"prefix":"*","per_minute_micros":1,"per_call_micros":0},{"prefix":"+90","per_minute_micros":2,"per_call_micros":3}])");
    EQUAL_TEXT(wrongs(R"({"currency":"usd","rates":[]})"), "currency:malformed rates:out_of_range");
    EQUAL_TEXT(wrongs(R"({})"), "currency:required rates:required");
    EQUAL_TEXT(wrongs(R"({"currency":"USD","rates":[{"prefix":"+0","per_minute_micros":-1,"x":1},{"prefix":"+1234567890123456","per_minute_micros":1}]})"),
               "rates[0].x:unknown_field rates[0].prefix:malformed rates[0].per_minute_micros:out_of_range rates[1].prefix:malformed");
    EQUAL_TEXT(wrongs(R"({"currency":"USD","rates":[{"prefix":"+1","per_minute_micros":1},{"prefix":"+1","per_minute_micros":"2"}]})"),
               "rates[1].prefix:duplicate rates[1].per_minute_micros:wrong_type");
}
