/*
 * provider/twilio_prices.h - what Twilio charges for a call that is over.
 *
 * The call resource has a price some time after the end: negative decimal text, null before.  It is of that line alone, fees such as
 * machine detection's included; lines that the call dialed have prices of their own and are listed by their parent.  A line that nobody
 * answered is not charged, and keeps null.
 */
#pragma once

#include "provider/provider.h"

enum price_found { PRICE_LATER, PRICE_KNOWN, PRICE_GONE };

struct call_price {
    int64_t micros;                                             /* what was paid is positive */
    char    currency[4];                                        /* "" = nothing was charged, in whatever currency */
    int32_t minutes;                                            /* begun ones */
};

void             twilio_price_request(struct arena *, const struct account *, const char *sid, struct http_request *out);
enum price_found twilio_price_answer(struct arena *, const struct http_answer *, struct call_price *out);

/* The lines that a call dialed: added to *sum.  Not KNOWN before all of them are. */
void             twilio_line_prices_request(struct arena *, const struct account *, const char *parent_sid, struct http_request *out);
enum price_found twilio_line_prices_answer(struct arena *, const struct http_answer *, struct call_price *sum);
