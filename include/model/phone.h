/*
 * model/phone.h - E.164 in, E.164 out: what a written phone number means and what kind of line it is.
 *
 * Three operations carry the names people know:
 *
 *     normalize to E.164        phone_to_e164()        a number, or nothing
 *     validate and normalize    phone_normalize()      a number, or the reason why not
 *     is valid E.164            phone_is_valid_e164()  already "+<digits>", and a number of a real plan
 *
 *     struct e164 number;
 *     enum phone_verdict verdict = phone_normalize("0312 911 40 94", "TR", &number);
 *     if (verdict != PHONE_OK)
 *         ... phone_verdict_code(verdict), phone_verdict_message(verdict) ...
 *
 * How a text is read: an explicit + first, then 00 or 011, then the default country.  Where the country's
 * own numbers may begin with 011 (Buenos Aires, Turin, Johannesburg) and the text is a valid number of that
 * country, it is that number: dialing a stranger abroad would be the worse error.  Words around the number,
 * full-width digits and extensions are understood; an extension is dropped.
 *
 * A number is accepted when Debian's libphonenumber knows it, or when the overlay does: newer plans that
 * the library of 2022 calls invalid (thirty-one North American area codes, Benin's ten digits ...).  The
 * overlay states prefixes with their exact lengths, so it also covers plans whose length the library
 * believes impossible.  Emergency and service numbers are refused always.
 *
 * Nothing here does I/O or allocates for the caller.  Call phone_init() once before threads start; after
 * that every function may run in any thread.  No function throws, whatever the bytes.
 */
#pragma once

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* '+' and at most 15 digits, NUL-terminated; "" when there is no number. */
struct e164 { char digits[17]; };

#define PHONE_VERDICTS(X)  /* verdict        code                     what to tell people */ \
    X(OK,             "ok",                   "The number is valid.") \
    X(EMPTY,          "empty",                "There is no phone number.") \
    X(NOT_A_NUMBER,   "not_a_number",         "This is not a phone number.") \
    X(NO_COUNTRY,     "no_country",           "Without a country the number must begin with +.") \
    X(UNKNOWN_CODE,   "unknown_calling_code", "No country has this country code.") \
    X(TOO_SHORT,      "too_short",            "The number has too few digits.") \
    X(TOO_LONG,       "too_long",             "The number has too many digits.") \
    X(SPECIAL,        "special_number",       "Emergency and service numbers are never called.") \
    X(INVALID,        "invalid_number",       "No numbering plan contains this number.")

enum phone_verdict {
#define X(verdict, code, message) PHONE_##verdict,
    PHONE_VERDICTS(X)
#undef X
    PHONE_VERDICT_COUNT
};

const char *phone_verdict_code(enum phone_verdict);             /* stable, never NULL */
const char *phone_verdict_message(enum phone_verdict);          /* an English sentence, never NULL */

#define PHONE_KINDS(X)     /* kind          name           may be dialed without anybody deciding so */ \
    X(UNKNOWN,      "unknown",     false) \
    X(ORDINARY,     "ordinary",    true)        /* fixed, mobile, internet telephony */ \
    X(TOLL_FREE,    "toll_free",   true) \
    X(PREMIUM,      "premium",     false) \
    X(SHARED_COST,  "shared_cost", false) \
    X(PERSONAL,     "personal",    false)       /* follow-me numbers, billed as their owner likes */ \
    X(PAGER,        "pager",       false) \
    X(UAN,          "uan",         true)        /* company numbers of no place */ \
    X(VOICEMAIL,    "voicemail",   false) \
    X(SATELLITE,    "satellite",   false)       /* +870 +881 +882 +883 */

enum phone_kind {
#define X(kind, name, dialable) PHONE_KIND_##kind,
    PHONE_KINDS(X)
#undef X
    PHONE_KIND_COUNT
};

/* Loads the library's tables (5 ms, 12 MB).  Idempotent. */
void phone_init(void);

/* Validate and normalize.  input: NUL-terminated UTF-8 of any quality, NULL is EMPTY.  country: ISO 3166
 * two letters in either case; NULL, "" or an unknown one leaves only numbers that name their country.  out
 * is "" unless PHONE_OK. */
enum phone_verdict phone_normalize(const char *input, const char *country, struct e164 *out);

/* Normalize to E.164: true and the number, or false and "". */
bool phone_to_e164(const char *input, const char *country, struct e164 *out);

/* Is valid E.164: exactly '+' and digits, and a number that phone_normalize() accepts and leaves as it is. */
bool phone_is_valid_e164(const char *text);

/* '+', 1-9, then up to 14 digits; says nothing about any plan.  For values that were normalized before. */
bool phone_has_e164_shape(const char *text);

/* ISO 3166 country of a number into two letters, "001" for networks of no country, "ZZ" when unknown:
 * neither of those is in any list of allowed countries. */
const char *phone_country(const struct e164 *, char out[4]);

/* The kind of line.  PHONE_KIND_UNKNOWN for what phone_normalize() would not accept. */
enum phone_kind phone_kind(const struct e164 *);
const char *phone_kind_name(enum phone_kind);                   /* as in SQL; never NULL */
bool        phone_kind_dialable(enum phone_kind);               /* false: toll fraud goes there; refuse */

/* For logs: calling code and the last digits, "+1******5678"; "" for no number.  Returns out. */
char *phone_mask(const struct e164 *, char out[24]);
char *phone_mask_text(const char *input, char out[24]);         /* anything typed; keeps two digits at most */

/* ---- policies ------------------------------------------------------------------------------------------ */

#define DIAL_POLICY_VERDICTS(X)  /* verdict      reason                 what to tell people */ \
    X(OK,                 "ok",                "The number may be called.") \
    X(MISSING_PHONE,      "missing_phone",     "Missing phone number") \
    X(INVALID_AREA_CODE,  "invalid_area_code", "Invalid area code") \
    X(TEST_NUMBER,        "test_number",       "Test number") \
    X(INVALID_NUMBER,     "invalid_number",    "Invalid phone number")

enum dial_policy_verdict {
#define X(verdict, reason, message) DIAL_POLICY_##verdict,
    DIAL_POLICY_VERDICTS(X)
#undef X
    DIAL_POLICY_COUNT
};

const char *dial_policy_reason(enum dial_policy_verdict);       /* stable, as skip reasons are written */
const char *dial_policy_message(enum dial_policy_verdict);      /* as the log line ends */

/* A list's number before it is dialed.  account_policy is the flag of the provider account: it singles out
 * North American area codes 555, 911, 000, 111 and numbers 1555... written with their country code; without
 * it such numbers are merely invalid.  Exchange 555 is fine.  out is "" unless DIAL_POLICY_OK. */
enum dial_policy_verdict dial_policy_check(const char *input, const char *country, bool account_policy,
                                           struct e164 *out);

/* What an agent's softphone takes when its default country is US and neither +, 00 nor 011 is given: 10
 * digits, or 11 beginning with 1.  True in every other case; only phone_normalize() says whether the number
 * exists. */
bool phone_softphone_accepts(const char *input, const char *country);

/* Where the overlay comes from, for `outdial doctor`: npm version, day of generation, sha256 of the
 * metadata. */
struct phone_data_version { const char *version, *date, *sha256; };
struct phone_data_version phone_overlay_version(void);

#ifdef __cplusplus
}
#endif
