/* tests/unit/phone_test.c - model/phone.h: spellings, refusals, kinds, policies, and any bytes at all. */
#include "test.h"

#include <ctype.h>
#include <stdlib.h>

#include "model/phone.h"

static void expect(const char *input, const char *country, const char *wanted)
{
    struct e164 number;
    enum phone_verdict verdict = phone_normalize(input, country, &number);
    if (verdict != PHONE_OK || strcmp(number.digits, wanted) != 0)
        fail_msg("%s in %s: %s \"%s\", wanted %s", input, country ? country : "-",
                 phone_verdict_code(verdict), number.digits, wanted);
}

static void expect_not(const char *input, const char *country, enum phone_verdict wanted)
{
    struct e164 number = { "+1" };
    enum phone_verdict verdict = phone_normalize(input, country, &number);
    if (verdict != wanted || number.digits[0] != '\0')
        fail_msg("%s in %s: %s \"%s\", wanted %s", input ? input : "NULL", country ? country : "-",
                 phone_verdict_code(verdict), number.digits, phone_verdict_code(wanted));
}

TEST("every way of writing a number ends in the same E.164")
{
    expect("+33768163591", NULL, "+33768163591");
    expect("0033768163591", "US", "+33768163591");
    expect("0033768163591", "FR", "+33768163591");
    expect("01133768163591", "US", "+33768163591");
    expect("011 33 7 68 16 35 91", "TR", "+33768163591");
    expect("+33 7 68 16 35 91", "US", "+33768163591");
    expect("0312 911 40 94", "TR", "+903129114094");
    expect("3129114094", "US", "+13129114094");
    expect("3129114094", "TR", "+903129114094");
    expect("3129114094", "tr", "+903129114094");
    expect("+1 (212) 555-1234", "TR", "+12125551234");
    expect("(813) 489-3222", "US", "+18134893222");
    expect("813-489-3222", "US", "+18134893222");
    expect("8134893222", "US", "+18134893222");
    expect("18134893222", "US", "+18134893222");
    expect("+14165551234", NULL, "+14165551234");
    expect("+442079460958", NULL, "+442079460958");
    expect("+49 30 901820", NULL, "+4930901820");
    expect("tel:+1-813-489-3222", NULL, "+18134893222");
    expect("+1 813 489 3222 ext. 12", NULL, "+18134893222");
    expect("\xEF\xBC\x8B\xEF\xBC\x91 813 489 3222", NULL, "+18134893222");   /* full-width + and 1 */
    expect("  8134893222\t", "US", "+18134893222");
    expect("0011 44 20 7946 0958", "AU", "+442079460958");
}

TEST("011 leads abroad unless it begins a valid number at home")
{
    expect("011 4912-3456", "AR", "+541149123456");
    expect("011 562 1234", "IT", "+390115621234");
    expect("0113 496 0000", "GB", "+441134960000");
    expect("011 44 20 7946 0958", "AR", "+442079460958");
    expect("011 49 30 901820", "US", "+4930901820");
}

TEST("what is refused says why")
{
    char endless[400];
    memset(endless, '1', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    expect_not(NULL, "US", PHONE_EMPTY);
    expect_not("", "US", PHONE_EMPTY);
    expect_not(" \t\n", "US", PHONE_EMPTY);
    expect_not("123", "US", PHONE_TOO_SHORT);
    expect_not("abc", "US", PHONE_NOT_A_NUMBER);
    expect_not("+", "US", PHONE_NOT_A_NUMBER);
    expect_not("+0123456789", "US", PHONE_UNKNOWN_CODE);
    expect_not("+0 33768163591", "FR", PHONE_UNKNOWN_CODE);
    expect_not("+1813489322233", "US", PHONE_TOO_LONG);
    expect_not("81348932223333", "US", PHONE_TOO_LONG);
    expect_not(endless, "US", PHONE_TOO_LONG);
    expect_not("8134893222", NULL, PHONE_NO_COUNTRY);
    expect_not("8134893222", "", PHONE_NO_COUNTRY);
    expect_not("8134893222", "ZZ", PHONE_NO_COUNTRY);
    expect_not("8134893222", "USA", PHONE_NO_COUNTRY);
    expect_not("+15555555555", NULL, PHONE_INVALID);
    expect_not("(555) 123-4567", "US", PHONE_INVALID);
    expect_not("813-189-3222", "US", PHONE_INVALID);
}

TEST("emergency and short numbers are never numbers to call")
{
    static const struct { const char *digits, *country; } numbers[] = {
        { "911", "US" }, { "112", "TR" }, { "155", "TR" }, { "999", "GB" }, { "112", "DE" }, { "110", "DE" },
        { "000", "AU" },
        { "119", "JP" }, { "190", "BR" }, { "15", "FR" }, { "1 1 2", "FR" }, { "911", "SH" },
    };
    struct e164 number;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (phone_normalize(numbers[i].digits, numbers[i].country, &number) == PHONE_OK)
            fail_msg("%s in %s became %s", numbers[i].digits, numbers[i].country, number.digits);
    expect_not("112", "DE", PHONE_SPECIAL);
    expect_not("911", "US", PHONE_SPECIAL);
    expect_not("+90112", NULL, PHONE_SPECIAL);

    /* Nothing of three digits is callable from any pair of letters. */
    char text[16], country[3] = "AA";
    for (country[0] = 'A'; country[0] <= 'Z'; country[0]++)
        for (country[1] = 'A'; country[1] <= 'Z'; country[1]++)
            for (int n = 100; n < 120; n++) {
                snprintf(text, sizeof text, "%d", n);
                assert_false(phone_to_e164(text, country, &number));
            }
}

TEST("plans newer than the library are accepted with their exact lengths")
{
    static const int codes[] = {
        227, 235, 257, 274, 324, 327, 329, 350, 354, 363, 369, 382, 428, 472, 528, 529,
        557, 633, 645, 671, 683, 686, 728, 730, 748, 821, 835, 879, 942, 975, 983,
    };
    char text[16];
    struct e164 number;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        snprintf(text, sizeof text, "+1%d2345678", codes[i]);
        expect(text, NULL, text);
        assert_true(phone_is_valid_e164(text));
        expect(text + 2, "US", text);
        strcpy(number.digits, text);
        /* 528, 529 and 633 belong to people, not to places. */
        bool personal = codes[i] / 10 == 52 || codes[i] == 633;
        assert_int_equal(phone_kind(&number), personal ? PHONE_KIND_PERSONAL : PHONE_KIND_ORDINARY);
    }
    char country[4];
    strcpy(number.digits, "+12572345678");
    assert_string_equal(phone_country(&number, country), "CA");
    expect("01 95 45 67 89", "BJ", "+2290195456789");
    expect("+2290195456789", NULL, "+2290195456789");
    expect_not("+22901954567890", NULL, PHONE_TOO_LONG);
    assert_int_equal(strlen(phone_overlay_version().sha256), 64);
    assert_int_equal(strlen(phone_overlay_version().date), 10);
}

/* The fast path may save time, not change answers: a space in front takes the slow one. */
TEST("the fast path saves time and changes no answer")
{
    static const char *const rest[] = { "2345678", "5551234", "1234567" };
    for (int area = 0; area < 1000; area++)
        for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++) {
            char clean[16], spaced[16];
            struct e164 fast, slow;
            snprintf(clean, sizeof clean, "+1%03d%s", area, rest[i]);
            snprintf(spaced, sizeof spaced, " +1%03d%s", area, rest[i]);
            assert_int_equal(phone_normalize(clean, NULL, &fast), phone_normalize(spaced, NULL, &slow));
            assert_string_equal(fast.digits, slow.digits);
            snprintf(spaced, sizeof spaced, " %s", clean + 2);
            assert_int_equal(phone_normalize(clean + 2, "CA", &fast), phone_normalize(spaced, "CA", &slow));
            assert_string_equal(fast.digits, slow.digits);
        }
}

TEST("valid E.164 is exactly the normalized form of a number that exists")
{
    assert_true(phone_is_valid_e164("+18134893222"));
    assert_true(phone_is_valid_e164("+903129114094"));
    assert_false(phone_is_valid_e164(NULL));
    assert_false(phone_is_valid_e164(""));
    assert_false(phone_is_valid_e164("18134893222"));
    assert_false(phone_is_valid_e164("+1 8134893222"));
    assert_false(phone_is_valid_e164("+18134893222 "));
    assert_false(phone_is_valid_e164("+015551234567"));
    assert_false(phone_is_valid_e164("+15555555555"));
    assert_false(phone_is_valid_e164("+9003129114094"));              /* the trunk 0 does not belong there */
    assert_true(phone_has_e164_shape("+123456789012345"));
    assert_false(phone_has_e164_shape("+1234567890123456"));
}

TEST("a number tells its country and kind")
{
    static const struct { const char *number, *country; enum phone_kind kind; } rows[] = {
        { "+14165551234",  "CA",  PHONE_KIND_ORDINARY },    { "+18765551234",  "JM",  PHONE_KIND_ORDINARY },
        { "+77012345678",  "KZ",  PHONE_KIND_ORDINARY },    { "+79161234567",  "RU",  PHONE_KIND_ORDINARY },
        { "+442079460958", "GB",  PHONE_KIND_ORDINARY },    { "+447797123456", "JE",  PHONE_KIND_ORDINARY },
        { "+19002345678",  "US",  PHONE_KIND_PREMIUM },     { "+18002345678",  "US",  PHONE_KIND_TOLL_FREE },
        { "+449098790123", "GB",  PHONE_KIND_PREMIUM },     { "+33897123456",  "FR",  PHONE_KIND_PREMIUM },
        { "+447012345678", "GB",  PHONE_KIND_PERSONAL },    { "+15002345678",  "US",  PHONE_KIND_PERSONAL },
        { "+393331234567", "IT",  PHONE_KIND_ORDINARY },    { "+2290195456789", "BJ", PHONE_KIND_ORDINARY },
        { "+491801234567", "DE",  PHONE_KIND_SHARED_COST }, { "+881612345678", "001", PHONE_KIND_SATELLITE },
        { "+979123456789", "001", PHONE_KIND_PREMIUM },     { "+15555555555",  "ZZ",  PHONE_KIND_UNKNOWN },
        { "",              "ZZ",  PHONE_KIND_UNKNOWN },     { "+999123456789", "ZZ",  PHONE_KIND_UNKNOWN },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct e164 number;
        char country[4];
        strcpy(number.digits, rows[i].number);
        assert_string_equal(phone_country(&number, country), rows[i].country);
        if (phone_kind(&number) != rows[i].kind)
            fail_msg("%s is %s", rows[i].number, phone_kind_name(phone_kind(&number)));
    }
    assert_true(phone_kind_dialable(PHONE_KIND_ORDINARY));
    assert_true(phone_kind_dialable(PHONE_KIND_TOLL_FREE));
    assert_false(phone_kind_dialable(PHONE_KIND_PREMIUM));
    assert_false(phone_kind_dialable(PHONE_KIND_SHARED_COST));
    assert_false(phone_kind_dialable(PHONE_KIND_SATELLITE));
    assert_false(phone_kind_dialable(PHONE_KIND_UNKNOWN));
}

TEST("the list policy names its reasons, and only while it is on")
{
    static const struct {
        const char *input, *country;
        enum dial_policy_verdict with, without;
    } rows[] = {
        { NULL,             "US", DIAL_POLICY_MISSING_PHONE,     DIAL_POLICY_MISSING_PHONE },
        { "  ",             "US", DIAL_POLICY_MISSING_PHONE,     DIAL_POLICY_MISSING_PHONE },
        { "555-123-4567",   "US", DIAL_POLICY_INVALID_AREA_CODE, DIAL_POLICY_INVALID_NUMBER },
        { "5555555555",     "US", DIAL_POLICY_INVALID_AREA_CODE, DIAL_POLICY_INVALID_NUMBER },
        { "(911) 555-1234", "US", DIAL_POLICY_INVALID_AREA_CODE, DIAL_POLICY_INVALID_NUMBER },
        { "0005551234",     "US", DIAL_POLICY_INVALID_AREA_CODE, DIAL_POLICY_INVALID_NUMBER },
        { "000-555-1234",   "US", DIAL_POLICY_INVALID_AREA_CODE, DIAL_POLICY_INVALID_NUMBER },
        { "111-222-3333",   "US", DIAL_POLICY_INVALID_AREA_CODE, DIAL_POLICY_INVALID_NUMBER },
        { "+1 911 555 1234", "US", DIAL_POLICY_INVALID_AREA_CODE, DIAL_POLICY_INVALID_NUMBER },
        { "+10005551234",   "US", DIAL_POLICY_INVALID_AREA_CODE, DIAL_POLICY_INVALID_NUMBER },
        { "11115551234",    "US", DIAL_POLICY_INVALID_AREA_CODE, DIAL_POLICY_INVALID_NUMBER },
        { "15555555555",    "US", DIAL_POLICY_TEST_NUMBER,       DIAL_POLICY_INVALID_NUMBER },
        { "+1 555 123 4567", "TR", DIAL_POLICY_TEST_NUMBER,      DIAL_POLICY_INVALID_NUMBER },
        { "001 555 123 4567", "US", DIAL_POLICY_TEST_NUMBER,     DIAL_POLICY_INVALID_NUMBER },
        { "813-555-1234",   "US", DIAL_POLICY_OK,                DIAL_POLICY_OK },
        { "+12125551234",   "TR", DIAL_POLICY_OK,                DIAL_POLICY_OK },
        { "5551234567",     "TR", DIAL_POLICY_OK,                DIAL_POLICY_OK },   /* a Turkish mobile */
        { "12345",          "US", DIAL_POLICY_INVALID_NUMBER,    DIAL_POLICY_INVALID_NUMBER },
        { "call me",        "US", DIAL_POLICY_INVALID_NUMBER,    DIAL_POLICY_INVALID_NUMBER },
        { "813-189-3222",   "US", DIAL_POLICY_INVALID_NUMBER,    DIAL_POLICY_INVALID_NUMBER },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct e164 number;
        for (int policy = 0; policy < 2; policy++) {
            enum dial_policy_verdict wanted = policy ? rows[i].with : rows[i].without;
            enum dial_policy_verdict got = dial_policy_check(rows[i].input, rows[i].country, policy, &number);
            if (got != wanted || (number.digits[0] != '\0') != (wanted == DIAL_POLICY_OK))
                fail_msg("%s in %s: %s, wanted %s", rows[i].input ? rows[i].input : "NULL", rows[i].country,
                         dial_policy_reason(got), dial_policy_reason(wanted));
        }
    }
    assert_string_equal(dial_policy_message(DIAL_POLICY_INVALID_AREA_CODE), "Invalid area code");
}

TEST("the softphone of a US agent takes 10 digits, or 11 beginning with 1")
{
    assert_true(phone_softphone_accepts("8134893222", "US"));
    assert_true(phone_softphone_accepts("(813) 489-3222", "us"));
    assert_true(phone_softphone_accepts("18134893222", "US"));
    assert_true(phone_softphone_accepts("+33768163591", "US"));
    assert_true(phone_softphone_accepts("0033768163591", "US"));
    assert_true(phone_softphone_accepts("011 33 768163591", "US"));
    assert_true(phone_softphone_accepts("123", "TR"));
    assert_false(phone_softphone_accepts("123", "US"));
    assert_false(phone_softphone_accepts("", "US"));
    assert_false(phone_softphone_accepts(NULL, "US"));
    assert_false(phone_softphone_accepts("28134893222", "US"));
    assert_false(phone_softphone_accepts("181348932222", "US"));
    assert_false(phone_softphone_accepts("813-GET-CASH", "US"));
}

TEST("masks keep the calling code and the last digits")
{
    static const struct { const char *number, *masked; } rows[] = {
        { "+12125555678", "+1******5678" },  { "+903129114094", "+90******4094" },
        { "+2290195456789", "+229******6789" },
        { "+29022158",    "+290***58" },     { "+12", "+1*" },                     { "", "" },
        { "+123456789012345", "+1**********2345" },
    };
    char out[24];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct e164 number;
        strcpy(number.digits, rows[i].number);
        assert_string_equal(phone_mask(&number, out), rows[i].masked);
    }
    assert_string_equal(phone_mask_text("0312 911 40 94", out), "******94");
    assert_string_equal(phone_mask_text("abc 123", out), "******");
    assert_string_equal(phone_mask_text(NULL, out), "******");
}

TEST("every verdict and kind has its words")
{
    for (int i = 0; i < PHONE_VERDICT_COUNT; i++) {
        assert_non_null(phone_verdict_code((enum phone_verdict)i));
        const char *message = phone_verdict_message((enum phone_verdict)i);
        assert_int_equal(message[strlen(message) - 1], '.');
    }
    for (int i = 0; i < PHONE_KIND_COUNT; i++)
        assert_non_null(phone_kind_name((enum phone_kind)i));
}

/* Whatever the bytes: an answer, and an answer that stays itself when asked again from anywhere. */
TEST("any bytes get an answer, and an answer stays itself")
{
    static const char likely[] = "0123456789012345678901234567890123456789+-() .x/#*,;abc"
                                 "\xEF\xBC\x8B\xD9\xA1\x80\xFF";
    static const char *const homes[] = { "US", "TR", "GB", "DE", "IT", "BR", "AR", "BJ", "MX", "KZ",
                                         NULL, "zz", "\xFFZ" };
    int accepted = 0;
    for (int round = 0; round < 10000; round++) {
        char text[40], country[4], masked[24];
        size_t length = (test_chance() >> 16) % (sizeof text - 1);
        for (size_t i = 0; i < length; i++) {
            uint64_t r = test_chance() >> 16;
            text[i] = r % 50 == 0 ? (char)(1 + r / 50 % 255) : likely[r % (sizeof likely - 1)];
        }
        text[length] = '\0';
        if (round % 2)                                          /* half of them clean enough to be numbers */
            for (size_t i = 0; i < length && length > 12; i++)
                text[i] = i > 12 ? '\0' : isdigit((unsigned char)text[i]) || i == 0 ? text[i] : '7';
        const char *home = homes[(test_chance() >> 16) % (sizeof homes / sizeof homes[0])];
        struct e164 number, again;
        dial_policy_check(text, home, true, &again);
        phone_softphone_accepts(text, home);
        phone_mask_text(text, masked);
        if (phone_normalize(text, home, &number) != PHONE_OK) {
            assert_string_equal(number.digits, "");
            continue;
        }
        accepted++;
        if (!phone_has_e164_shape(number.digits) || !phone_is_valid_e164(number.digits))
            fail_msg("\"%s\" in %s became %s", text, home ? home : "-", number.digits);
        assert_int_equal(phone_normalize(number.digits, "TR", &again), PHONE_OK);
        assert_string_equal(number.digits, again.digits);
        assert_string_not_equal(phone_country(&number, country), "ZZ");
        assert_int_not_equal(phone_kind(&number), PHONE_KIND_UNKNOWN);
        assert_non_null(strchr(phone_mask(&number, masked), '*'));
    }
    assert_in_range(accepted, 100, 9999) ;                      /* or the loop tested refusals only */
}

/* A tab at the end changes nothing but who answers: plain numbers have none, so the library is asked. */
static bool same_as_library(const char *input, const char *country, bool *valid)
{
    struct e164 quick, slow;
    char with_tab[80];

    snprintf(with_tab, sizeof with_tab, "%s\t", input);
    enum phone_verdict a = phone_normalize(input, country, &quick), b = phone_normalize(with_tab, country, &slow);
    *valid = a == PHONE_OK;
    if (a == b && strcmp(quick.digits, slow.digits) == 0)
        return true;
    print_message("%s in %s: %s %s, the library says %s %s\n", input, country, phone_verdict_code(a), quick.digits, phone_verdict_code(b), slow.digits);
    return false;
}

TEST("plain numbers are answered as the library answers: every country, with and without +, punctuation and prefix")
{
    static const char *const countries[] = { "US", "CA", "TR", "GB", "DE", "FR", "IT", "ES", "NL", "PL", "RU", "KZ", "BR", "AR", "MX", "IN", "CN", "JP", "AU",
        "NZ", "ZA", "EG", "SA", "AE", "IL", "GR", "BG", "RO", "UA", "AZ", "GE", "SE", "NO", "FI", "DK", "CH", "AT", "BE", "PT", "IE", "CZ", "HU", "KR", "SG", "HK",
        "TH", "ID", "PH", "VN", "PK", "NG", "KE", "MA", "TN", "DZ", "CL", "CO", "PE", "VE", "DO", "JM", "BS", "BJ", "CI", "SM", "VA", "JE", "SJ", "AX", "RE", "ZZ" };
    static const char *const codes[] = { "1", "90", "44", "49", "33", "39", "7", "55", "54", "52", "91", "86", "81", "61", "27", "20", "966", "971", "972",
        "30", "31", "34", "36", "40", "43", "46", "47", "48", "351", "353", "358", "380", "994", "995", "229", "225", "212", "262", "599", "82", "65", "852" };
    const int many = (getenv("OUTDIAL_MANY") != NULL) ? 4000000 : 60000;
    int valid_count = 0;

    phone_init();
    for (int i = 0; i < many; i++) {
        char input[64] = "";
        size_t n = 0, digits = 5 + test_chance() % 9;
        const char *country = countries[test_chance() % (sizeof countries / sizeof *countries)];
        unsigned how = test_chance() % 4;
        if (how == 0)
            n = (size_t)sprintf(input, "+%s", codes[test_chance() % (sizeof codes / sizeof *codes)]);
        else if (how == 1)
            input[n++] = '0';
        else if (how == 2 && test_chance() % 4 == 0)
            n = (size_t)sprintf(input, "%s", codes[test_chance() % (sizeof codes / sizeof *codes)]);
        bool spaced = test_chance() % 3 == 0;
        for (size_t k = 0; k < digits; k++) {
            if (spaced && test_chance() % 4 == 0)
                input[n++] = " -().."[test_chance() % 6];
            input[n++] = (char)('0' + test_chance() % 10);
        }
        bool valid;
        OK(same_as_library(input, country, &valid));
        valid_count += valid;
    }
    OK(valid_count > many / 20);
}
