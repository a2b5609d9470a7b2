/* model/phone.c - see model/phone.h. */
#include "model/phone.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "phone_shim.h"

struct overlay_row {
    char          prefix[16];
    uint16_t      lengths;
    char          country[4];
    unsigned char kind;
};

struct plain_row { char prefix[8]; uint16_t lengths; };
struct plain_country { char country[3], code[4], prefix[2]; bool home; };

#include "phone_overlay.inc"

enum { LONGEST_INPUT = 250 };                                   /* what libphonenumber reads at most */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* Bytes above ASCII count as something: whether they are digits is the library's to say. */
static bool is_blank(const char *text)
{
    return text == NULL || text[strspn(text, " \t\r\n\v\f")] == '\0';
}

/* ---- tables -------------------------------------------------------------------------------------------- */

struct words { const char *code, *message; };

static const struct words verdict_words[PHONE_VERDICT_COUNT] = {
#define X(verdict, code, message) [PHONE_##verdict] = { code, message },
    PHONE_VERDICTS(X)
#undef X
};

static const struct words policy_words[DIAL_POLICY_COUNT] = {
#define X(verdict, reason, message) [DIAL_POLICY_##verdict] = { reason, message },
    DIAL_POLICY_VERDICTS(X)
#undef X
};

static const struct { const char *name; bool dialable; } kinds[PHONE_KIND_COUNT] = {
#define X(kind, name, dialable) [PHONE_KIND_##kind] = { name, dialable },
    PHONE_KINDS(X)
#undef X
};

const char *phone_verdict_code(enum phone_verdict verdict)
{
    assert((unsigned)verdict < PHONE_VERDICT_COUNT);
    return verdict_words[verdict].code;
}

const char *phone_verdict_message(enum phone_verdict verdict)
{
    assert((unsigned)verdict < PHONE_VERDICT_COUNT);
    return verdict_words[verdict].message;
}

const char *phone_kind_name(enum phone_kind kind)
{
    assert((unsigned)kind < PHONE_KIND_COUNT);
    return kinds[kind].name;
}

bool phone_kind_dialable(enum phone_kind kind)
{
    assert((unsigned)kind < PHONE_KIND_COUNT);
    return kinds[kind].dialable;
}

const char *dial_policy_reason(enum dial_policy_verdict verdict)
{
    assert((unsigned)verdict < DIAL_POLICY_COUNT);
    return policy_words[verdict].code;
}

const char *dial_policy_message(enum dial_policy_verdict verdict)
{
    assert((unsigned)verdict < DIAL_POLICY_COUNT);
    return policy_words[verdict].message;
}

struct phone_data_version phone_overlay_version(void)
{
    return (struct phone_data_version){ PHONE_OVERLAY_VERSION, PHONE_OVERLAY_DATE, PHONE_OVERLAY_SHA256 };
}

/* ---- overlay ------------------------------------------------------------------------------------------- */

/* The first row whose prefix is not less than the first `length` digits. */
static size_t overlay_lower_bound(const char *digits, size_t length)
{
    size_t low = 0, high = sizeof overlay_rows / sizeof overlay_rows[0];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *prefix = overlay_rows[middle].prefix;
        int order = strncmp(prefix, digits, length);
        if (order < 0 || (order == 0 && strlen(prefix) < length))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const struct overlay_row *overlay_find(const char *e164)
{
    const char *digits = e164 + 1;
    size_t length = strlen(digits), count = sizeof overlay_rows / sizeof overlay_rows[0];
    for (size_t n = 1; n <= length; n++) {
        /* One prefix may stand in two rows when its lengths belong to different countries or kinds. */
        for (size_t i = overlay_lower_bound(digits, n); i < count; i++) {
            const struct overlay_row *row = &overlay_rows[i];
            if (strlen(row->prefix) != n || memcmp(row->prefix, digits, n) != 0)
                break;
            if (row->lengths & (1u << length))
                return row;
        }
    }
    return NULL;
}

/* ---- reading ------------------------------------------------------------------------------------------- */

enum opening { OPENS_HOME, OPENS_PLUS, OPENS_00, OPENS_011 };

static const char *skip_to(const char *text, char wanted)
{
    const char *at = text;
    while (*at != '\0' && !is_digit(*at) && !is_letter(*at) && !(*at & 0x80))
        at++;
    return *at == wanted ? at + 1 : NULL;
}

/* How the number says where it belongs; *rest is what follows that. */
static enum opening opening_of(const char *input, const char **rest)
{
    const char *at = input;
    for (; *at != '\0' && !is_digit(*at); at++) {
        if (*at == '+' || strncmp(at, "\xEF\xBC\x8B", 3) == 0) {    /* + or its full-width form */
            *rest = at + (*at == '+' ? 1 : 3);
            return OPENS_PLUS;
        }
    }
    *rest = at;
    if (*at != '0')
        return OPENS_HOME;
    const char *second = skip_to(at + 1, '0');
    if (second != NULL) {
        *rest = second;
        return OPENS_00;
    }
    second = skip_to(at + 1, '1');
    const char *third = second == NULL ? NULL : skip_to(second, '1');
    if (third == NULL)
        return OPENS_HOME;
    *rest = third;
    return OPENS_011;
}

static void home_region(const char *country, char region[3])
{
    strcpy(region, "ZZ");
    if (country == NULL || !is_letter(country[0]) || !is_letter(country[1]) || country[2] != '\0')
        return;
    region[0] = upper(country[0]);
    region[1] = upper(country[1]);
}

static enum phone_verdict of_shim(enum shim_verdict verdict)
{
    switch (verdict) {
    case SHIM_VALID:        return PHONE_OK;
    case SHIM_NOT_A_NUMBER: return PHONE_NOT_A_NUMBER;
    case SHIM_NO_COUNTRY:   return PHONE_NO_COUNTRY;
    case SHIM_TOO_SHORT:    return PHONE_TOO_SHORT;
    case SHIM_TOO_LONG:     return PHONE_TOO_LONG;
    case SHIM_UNASSIGNED:   return PHONE_INVALID;
    case SHIM_SPECIAL:      return PHONE_SPECIAL;
    }
    return PHONE_INVALID;
}

static enum phone_verdict read_as(const char *text, const char *region, struct e164 *out)
{
    struct shim_number number;
    enum phone_verdict verdict = of_shim(phone_shim_parse(text, region, &number));
    if (verdict != PHONE_OK && verdict != PHONE_SPECIAL && number.digits[0] != '\0'
        && overlay_find(number.digits) != NULL)
        verdict = PHONE_OK;
    if (verdict == PHONE_OK)
        memcpy(out->digits, number.digits, sizeof out->digits);
    return verdict;
}

static enum phone_verdict read_abroad(const char *rest, struct e164 *out)
{
    char text[LONGEST_INPUT + 2];
    snprintf(text, sizeof text, "+%s", rest);
    enum phone_verdict verdict = read_as(text, "ZZ", out);
    return verdict == PHONE_NO_COUNTRY ? PHONE_UNKNOWN_CODE : verdict;
}

/* Short numbers are judged as dialed at home: 112 is a number to the library only when asked this way. */
static bool is_special_at_home(const char *input, const char *region)
{
    char digits[8];
    size_t count = 0;
    for (const char *at = input; *at != '\0'; at++) {
        if (!is_digit(*at))
            continue;
        if (count == sizeof digits - 1)
            return false;
        digits[count++] = *at;
    }
    digits[count] = '\0';
    return count > 1 && phone_shim_is_special(digits, region);
}

static enum phone_verdict read_at_home(const char *input, const char *region, struct e164 *out)
{
    if (is_special_at_home(input, region))
        return PHONE_SPECIAL;
    return read_as(input, region, out);
}

/* ---- plain numbers: the library's answer without asking it (0.1 against 14 microseconds) ------------------ */

enum { SHORTEST_PLAIN = 7, LONGEST_PLAIN = 15 };

/* Digits with usual punctuation between them and nothing else, the last one a digit; 0 when it is anything else. */
static size_t plain_digits(const char *text, char digits[LONGEST_PLAIN + 1])
{
    size_t count = 0;
    const char *at = text;

    for (; *at != '\0'; at++) {
        if (is_digit(*at) && count < LONGEST_PLAIN)
            digits[count++] = *at;
        else if (*at != ' ' && *at != '-' && *at != '(' && *at != ')' && *at != '.')
            return 0;
    }
    digits[count] = '\0';
    return count > 0 && is_digit(at[-1]) ? count : 0;
}

static bool plain_is_valid(const char *digits, size_t length)
{
    size_t low = 0, high = sizeof plain_rows / sizeof plain_rows[0];
    while (low < high) {                                        /* the last row that is not above the digits */
        size_t middle = low + (high - low) / 2;
        const char *prefix = plain_rows[middle].prefix;
        int order = strncmp(prefix, digits, strlen(prefix));
        if (order <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    /* no prefix is longer than seven digits, and those that head this number lie directly above each other */
    while (low > 0) {
        const struct plain_row *row = &plain_rows[--low];
        size_t same = strlen(row->prefix);
        if (strncmp(row->prefix, digits, same) == 0 && row->lengths & (1u << length))
            return true;
        if (strncmp(row->prefix, digits, 3) != 0)
            return false;
    }
    return false;
}

static const struct plain_country *plain_country(const char *region)
{
    size_t low = 0, high = sizeof plain_countries / sizeof plain_countries[0];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(plain_countries[middle].country, region);
        if (order == 0)
            return &plain_countries[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* Abroad a digit that is dropped before national numbers, or a zero, is the library's to judge. */
static bool plain_abroad(const char *digits, size_t length)
{
    for (size_t i = 0; i < sizeof plain_countries / sizeof plain_countries[0]; i++) {
        const struct plain_country *c = &plain_countries[i];
        size_t code = strlen(c->code);
        if (strncmp(c->code, digits, code) == 0)
            return length >= code + SHORTEST_PLAIN && digits[code] != '0' && digits[code] != c->prefix[0] && plain_is_valid(digits, length);
    }
    return false;
}

/* Only numbers for which the answer is the same, as the tables are drawn from the plans that the library has. */
static bool read_plainly(const char *input, const char *region, struct e164 *out)
{
    char digits[LONGEST_PLAIN + 1], whole[2 * LONGEST_PLAIN];
    bool abroad = input[0] == '+';
    size_t length = plain_digits(input + abroad, digits);

    if (length < SHORTEST_PLAIN)
        return false;
    if (abroad) {
        if (!plain_abroad(digits, length))
            return false;
        snprintf(out->digits, sizeof out->digits, "+%s", digits);
        return true;
    }
    const struct plain_country *home = plain_country(region);
    if (home == NULL || !home->home || strncmp(digits, "00", 2) == 0 || strncmp(digits, "011", 3) == 0)
        return false;
    const char *national = digits + (home->prefix[0] != '\0' && digits[0] == home->prefix[0]);
    if (*national == '0' || strlen(national) < SHORTEST_PLAIN)
        return false;
    int size = snprintf(whole, sizeof whole, "%s%s", home->code, national);
    if (size > LONGEST_PLAIN || !plain_is_valid(whole, (size_t)size))
        return false;
    snprintf(out->digits, sizeof out->digits, "+%.15s", whole);
    return true;
}

enum phone_verdict phone_normalize(const char *input, const char *country, struct e164 *out)
{
    out->digits[0] = '\0';
    if (is_blank(input))
        return PHONE_EMPTY;
    if (strnlen(input, LONGEST_INPUT + 1) > LONGEST_INPUT)
        return PHONE_TOO_LONG;
    char region[3];
    home_region(country, region);
    if (read_plainly(input, region, out))
        return PHONE_OK;

    const char *rest;
    enum opening opening = opening_of(input, &rest);
    if (opening == OPENS_PLUS)
        return read_abroad(rest, out);
    if (opening == OPENS_HOME)
        return read_at_home(input, region, out);
    /* 011 is also how area codes begin in countries that dial abroad with 00. */
    if (opening == OPENS_011 && phone_shim_calling_code(region) != 1
        && read_at_home(input, region, out) == PHONE_OK)
        return PHONE_OK;
    enum phone_verdict abroad = read_abroad(rest, out);
    if (abroad == PHONE_OK)
        return PHONE_OK;
    /* 0011, 009 and their like are the country's own way out. */
    return read_at_home(input, region, out) == PHONE_OK ? PHONE_OK : abroad;
}

bool phone_to_e164(const char *input, const char *country, struct e164 *out)
{
    return phone_normalize(input, country, out) == PHONE_OK;
}

bool phone_has_e164_shape(const char *text)
{
    if (text == NULL || text[0] != '+' || text[1] < '1' || text[1] > '9')
        return false;
    size_t digits = strspn(text + 1, "0123456789");
    return digits >= 2 && digits <= 15 && text[1 + digits] == '\0';
}

bool phone_is_valid_e164(const char *text)
{
    struct e164 number;
    return phone_has_e164_shape(text) && phone_normalize(text, NULL, &number) == PHONE_OK
        && strcmp(text, number.digits) == 0;
}

void phone_init(void)
{
    phone_shim_init();
}

/* ---- what a number is ---------------------------------------------------------------------------------- */

const char *phone_country(const struct e164 *number, char out[4])
{
    strcpy(out, "ZZ");
    struct shim_number parsed;
    if (!phone_has_e164_shape(number->digits))
        return out;
    enum shim_verdict verdict = phone_shim_parse(number->digits, "ZZ", &parsed);
    if (verdict == SHIM_VALID) {
        memcpy(out, parsed.country, sizeof parsed.country);
        return out;
    }
    const struct overlay_row *row = verdict == SHIM_SPECIAL ? NULL : overlay_find(number->digits);
    if (row != NULL)
        memcpy(out, row->country, sizeof row->country);
    return out;
}

/* Networks of no country are typed mobile by the library; they are billed like satellites. */
static bool is_satellite(const char *e164)
{
    static const char *const codes[] = { "+870", "+881", "+882", "+883" };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (strncmp(e164, codes[i], 4) == 0)
            return true;
    return false;
}

enum phone_kind phone_kind(const struct e164 *number)
{
    static const enum phone_kind of_type[SHIM_TYPE_COUNT] = {
        [SHIM_TYPE_UNKNOWN]     = PHONE_KIND_UNKNOWN,     [SHIM_TYPE_ORDINARY]  = PHONE_KIND_ORDINARY,
        [SHIM_TYPE_TOLL_FREE]   = PHONE_KIND_TOLL_FREE,   [SHIM_TYPE_PREMIUM]   = PHONE_KIND_PREMIUM,
        [SHIM_TYPE_SHARED_COST] = PHONE_KIND_SHARED_COST, [SHIM_TYPE_PERSONAL]  = PHONE_KIND_PERSONAL,
        [SHIM_TYPE_PAGER]       = PHONE_KIND_PAGER,       [SHIM_TYPE_UAN]       = PHONE_KIND_UAN,
        [SHIM_TYPE_VOICEMAIL]   = PHONE_KIND_VOICEMAIL,
    };
    struct shim_number parsed;
    if (!phone_has_e164_shape(number->digits))
        return PHONE_KIND_UNKNOWN;
    enum shim_verdict verdict = phone_shim_parse(number->digits, "ZZ", &parsed);
    const struct overlay_row *row = verdict == SHIM_SPECIAL ? NULL : overlay_find(number->digits);
    if (verdict != SHIM_VALID && row == NULL)
        return PHONE_KIND_UNKNOWN;
    if (is_satellite(number->digits))
        return PHONE_KIND_SATELLITE;
    return verdict == SHIM_VALID ? of_type[parsed.type] : (enum phone_kind)row->kind;
}

/* ---- masks --------------------------------------------------------------------------------------------- */

/* Calling codes of one or two digits are few and will not change; all others have three. */
static size_t calling_code_length(const char *digits)
{
    static const char two[] = "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 "
                              "60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98";
    if (digits[0] == '1' || digits[0] == '7')
        return 1;
    for (const char *code = two; ; code += 3) {
        if (strncmp(code, digits, 2) == 0)
            return 2;
        if (code[2] == '\0')
            return 3;
    }
}

char *phone_mask(const struct e164 *number, char out[24])
{
    out[0] = '\0';
    if (!phone_has_e164_shape(number->digits))
        return out;
    size_t length = strlen(number->digits), code = calling_code_length(number->digits + 1);
    size_t national = length - 1 > code ? length - 1 - code : 0;
    size_t shown = national >= 8 ? 4 : national >= 5 ? 2 : 0;
    memcpy(out, number->digits, length + 1);
    for (size_t i = 1 + code; i + shown < length; i++)
        out[i] = '*';
    return out;
}

char *phone_mask_text(const char *input, char out[24])
{
    char last[2] = { '*', '*' };
    size_t digits = 0;
    for (const char *at = input == NULL ? "" : input; *at != '\0'; at++) {
        if (!is_digit(*at))
            continue;
        last[0] = last[1];
        last[1] = *at;
        digits++;
    }
    if (digits < 7)
        strcpy(out, "******");
    else
        snprintf(out, 24, "******%c%c", last[0], last[1]);
    return out;
}

/* ---- policies ------------------------------------------------------------------------------------------ */

/* The digits from `text` on; 0 when there are more than a North American number can have. */
static size_t collect_digits(const char *text, char digits[12])
{
    size_t count = 0;
    for (const char *at = text; *at != '\0'; at++) {
        if (!is_digit(*at))
            continue;
        if (count == 11)
            return 0;
        digits[count++] = *at;
    }
    digits[count] = '\0';
    return count;
}

static enum dial_policy_verdict judge_area_code(const char *text)
{
    static const char *const barred[] = { "555", "911", "000", "111" };
    char digits[12];
    size_t count = collect_digits(text, digits);
    bool with_code = count == 11 && digits[0] == '1';
    if (!with_code && count != 10)
        return DIAL_POLICY_INVALID_NUMBER;
    const char *area = with_code ? digits + 1 : digits;
    if (with_code && strncmp(area, "555", 3) == 0)
        return DIAL_POLICY_TEST_NUMBER;
    for (size_t i = 0; i < sizeof barred / sizeof barred[0]; i++)
        if (strncmp(area, barred[i], 3) == 0)
            return DIAL_POLICY_INVALID_AREA_CODE;
    return DIAL_POLICY_INVALID_NUMBER;
}

enum dial_policy_verdict dial_policy_check(const char *input, const char *country, bool account_policy,
                                           struct e164 *out)
{
    enum phone_verdict verdict = phone_normalize(input, country, out);
    if (verdict == PHONE_OK)                                    /* no plan holds a barred area code */
        return DIAL_POLICY_OK;
    if (verdict == PHONE_EMPTY)
        return DIAL_POLICY_MISSING_PHONE;
    if (!account_policy)
        return DIAL_POLICY_INVALID_NUMBER;
    /* As written first: 000 555 1234 is area code 000, not a number abroad. */
    enum dial_policy_verdict reason = judge_area_code(input);
    if (reason != DIAL_POLICY_INVALID_NUMBER)
        return reason;
    const char *rest;
    opening_of(input, &rest);
    return judge_area_code(rest);
}

bool phone_softphone_accepts(const char *input, const char *country)
{
    char region[3], digits[12];
    const char *rest;
    home_region(country, region);
    if (strcmp(region, "US") != 0)
        return true;
    if (is_blank(input))
        return false;
    if (opening_of(input, &rest) != OPENS_HOME)
        return true;
    for (const char *at = input; *at != '\0'; at++)
        if (is_letter(*at))
            return false;
    size_t count = collect_digits(input, digits);
    return count == 10 || (count == 11 && digits[0] == '1');
}
