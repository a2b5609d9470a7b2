/* Phone numbers: an accepted one is E.164 that the same question leaves as it is.  The first two bytes are the country. */
#include "fuzz.h"

#include "model/phone.h"

FUZZ
{
    static bool ready;
    if (!ready)
        phone_init();
    ready = true;
    if (size < 2)
        return;
    const char *country = arena_copy(arena, bytes, 2), *input = bytes + 2;
    struct e164 number, again;
    enum phone_verdict verdict = phone_normalize(input, country, &number);
    MUST(verdict < PHONE_VERDICT_COUNT);
    MUST((verdict == PHONE_OK) == (number.digits[0] == '+'));
    struct e164 other;
    MUST(phone_to_e164(input, country, &other) == (verdict == PHONE_OK) && strcmp(other.digits, number.digits) == 0);
    if (verdict != PHONE_OK)
        return;
    MUST(phone_has_e164_shape(number.digits) && phone_is_valid_e164(number.digits));
    MUST(phone_normalize(number.digits, NULL, &again) == PHONE_OK && strcmp(again.digits, number.digits) == 0);
    char where[4];
    MUST(strlen(phone_country(&number, where)) >= 2);
    (void)ctx;
}
