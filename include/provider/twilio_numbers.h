/*
 * provider/twilio_numbers.h - the numbers of a Twilio account, page by page; those it could buy; buying and giving back; and
 * whether an account answers at all.
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

/* Its own row of one number, or none, as a list that twilio_numbers_answer reads. */
void     twilio_number_find_request(struct arena *, const struct account *, const char *number, struct http_request *out);

/* ---- what is for sale ---- */

struct number_search {
    const char *country;                                        /* ISO 3166 */
    const char *type;                                           /* local, toll_free, mobile */
    const char *area_code, *contains;                           /* or NULL */
    int64_t     limit;                                          /* 1 to 1000 */
};

struct offered_number {
    const char *number;                                         /* E.164 */
    const char *type;                                           /* as number_type */
    const char *country, *region, *locality;                    /* NULL = not told */
    const char *address_requirements;                           /* none, any, local, foreign */
    const char *capabilities;                                   /* JSON {"voice","sms","mms"} */
};

void     twilio_available_request(struct arena *, const struct account *, const struct number_search *, struct http_request *out);
/* *out: count items; none for a country that has no such type. */
fallible twilio_available_answer(struct arena *, const struct http_answer *, struct offered_number **out, size_t *count);

/* ---- buying and giving back ---- */

/* What became of an order, in the words of number_report (sql/schema/913_numbers.sql):
 *   bought, released   it is done                       not_bought, kept   provably not
 *   unknown            anything that is not provably one of them */
struct number_answer {
    const char            *outcome;
    const char            *code;                                /* public, of a refusal */
    const char            *detail;                              /* a sentence with the cure; NULL when it is done */
    struct provider_number number;                              /* when bought */
};

/* The number comes with our addresses for inbound calls and their status.  Sent at most once, and not after send_before_ms. */
void     twilio_buy_request(struct arena *, const struct account *, const char *number, const char *public_base_url, int64_t send_before_ms,
                            struct http_request *out);
void     twilio_buy_answer(struct arena *, const char *number, const struct http_answer *, struct number_answer *out);
void     twilio_release_request(struct arena *, const struct account *, const char *sid, struct http_request *out);
/* A number that the account does not have is released. */
void     twilio_release_answer(struct arena *, const struct http_answer *, struct number_answer *out);

/* Asks for the account itself, by its SID and auth token. */
void     twilio_account_request(struct arena *, const struct account *, struct http_request *out);
/* A sentence about how the account stands; *ok when calls can go through it. */
const char *twilio_account_answer(struct arena *, const struct http_answer *, bool *ok);
