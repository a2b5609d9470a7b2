/* Answers of the carrier: any bytes are an outcome, and none but a call's own id makes an accepted call.  The first byte
 * chooses the HTTP status. */
#include "fuzz.h"

#include "provider/twilio_numbers.h"
#include "provider/twilio_prices.h"

FUZZ
{
    static const long statuses[] = { 200, 201, 400, 401, 403, 404, 429, 500, 503, 302 };
    if (size < 1)
        return;
    struct account account = { .provider = "twilio", .account_sid = "AC00000000000000000000000000000000", .auth_token = "token",
                               .base_url = "https://example.test" };
    struct http_answer answer = { .outcome = HTTP_ANSWERED, .status = statuses[(unsigned char)bytes[0] % 10], .body = bytes + 1,
                                  .body_size = size - 1, .content_type = "application/json" };

    struct dial_result dialed;
    provider_twilio.call_answer(arena, &account, &answer, &dialed);
    MUST(dialed.outcome);
    MUST(strcmp(dialed.outcome, "accepted") != 0 || (dialed.sid && strlen(dialed.sid) == 34 && strncmp(dialed.sid, "CA", 2) == 0 && answer.status < 300));
    MUST(!dialed.detail || utf8_valid(dialed.detail, strlen(dialed.detail)));

    struct call_state call, *calls;
    size_t count;
    if (provider_twilio.fetch_answer(arena, &answer, &call))
        MUST(answer.status == 404 || (call.sid && call.status));
    for (size_t i = 0; provider_twilio.find_answer(arena, &answer, &calls, &count) && i < count; i++)
        MUST(calls[i].sid);
    provider_twilio.stop_answer(arena, &answer, &call);

    struct provider_numbers numbers;
    if (!twilio_numbers_answer(arena, &answer, &numbers)) {
        struct http_request next;
        if (numbers.next && twilio_numbers_request(arena, &account, numbers.next, &next))
            MUST(strncmp(next.url, "https://example.test/", 21) == 0);
    }
    struct offered_number *offered;
    if (!twilio_available_answer(arena, &answer, &offered, &count)) {
        for (size_t i = 0; i < count; i++)
            MUST(offered[i].number);
    }
    struct number_answer bought;
    twilio_buy_answer(arena, "+12125550123", &answer, &bought);
    twilio_release_answer(arena, &answer, &bought);
    bool ok = false;
    MUST(twilio_account_answer(arena, &answer, &ok));

    struct call_price price, lines = { .micros = INT64_MAX - 1000000, .currency = "USD" };
    if (twilio_price_answer(arena, &answer, &price) == PRICE_KNOWN)
        MUST(price.micros >= 0 && price.minutes >= 0 && (price.currency[0] == '\0' || strlen(price.currency) == 3));
    if (twilio_line_prices_answer(arena, &answer, &lines) == PRICE_KNOWN)
        MUST(lines.micros >= INT64_MAX - 1000000);
    (void)ctx;
}
