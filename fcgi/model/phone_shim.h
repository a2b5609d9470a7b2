/*
 * model/phone_shim.h - the part of libphonenumber that model/phone.c needs, as C.
 *
 * Private to model/phone.c.  Exceptions end here: whatever is thrown inside becomes SHIM_NOT_A_NUMBER.
 */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

enum shim_verdict {
    SHIM_VALID, SHIM_NOT_A_NUMBER, SHIM_NO_COUNTRY, SHIM_TOO_SHORT, SHIM_TOO_LONG, SHIM_UNASSIGNED,
    SHIM_SPECIAL,
};

/* SHIM_TYPE_UNKNOWN for numbers the library calls invalid. */
enum shim_type {
    SHIM_TYPE_UNKNOWN, SHIM_TYPE_ORDINARY, SHIM_TYPE_TOLL_FREE, SHIM_TYPE_PREMIUM, SHIM_TYPE_SHARED_COST,
    SHIM_TYPE_PERSONAL, SHIM_TYPE_PAGER, SHIM_TYPE_UAN, SHIM_TYPE_VOICEMAIL, SHIM_TYPE_COUNT,
};

/* digits: E.164 of whatever parsed, valid or not; "" when nothing did or it is longer than E.164 allows. */
struct shim_number { char digits[17]; char country[4]; enum shim_type type; };

void phone_shim_init(void);

/* country: two upper-case letters, "ZZ" for none. */
enum shim_verdict phone_shim_parse(const char *text, const char *country, struct shim_number *out);

/* The calling code of a country, 0 when it has none. */
int phone_shim_calling_code(const char *country);

/* Do these digits, dialed inside the country, reach an emergency or other short service? */
int phone_shim_is_special(const char *digits, const char *country);

#ifdef __cplusplus
}
#endif
