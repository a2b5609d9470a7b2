/*
 * provider/twilio_numbers.h - the numbers of a Twilio account, page by page, and whether an account answers at all.
 *
 * A page names the next one in next_page_uri, which is followed to the letter: its token cannot be computed.  It may only
 * lead to where the page came from.
 */
#pragma once

#include "provider/provider.h"

struct provider_number {
    const char *sid;                                            /* PN... */
    const char *number;                                         /* E.164 */
    const char *kind;                                           /* the provider's word for it, or NULL */
    const char *trunk_sid;                                      /* TK... or NULL */
    struct utc  created_at;                                     /* not set = not told */
    bool        voice, sms, mms;
};

struct provider_numbers {
    struct provider_number *item;
    size_t                  count;
    const char             *next;                               /* next_page_uri, NULL = this was the last page */
};

/* next: as the page before said; NULL = the first page.  false: it leads to another server. */
bool     twilio_numbers_request(struct arena *, const struct account *, const char *next, struct http_request *out);
/* UPSTREAM, with a sentence that may be shown, for anything but a page. */
fallible twilio_numbers_answer(struct arena *, const struct http_answer *, struct provider_numbers *out);

/* Asks for the account itself, by its SID and auth token. */
void     twilio_account_request(struct arena *, const struct account *, struct http_request *out);
/* A sentence about how the account stands; *ok when calls can go through it. */
const char *twilio_account_answer(struct arena *, const struct http_answer *, bool *ok);
