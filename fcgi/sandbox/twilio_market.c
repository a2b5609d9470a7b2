#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "sandbox/twilio.h"

/*
 * What the carrier has to sell.  A shelf holds the numbers that begin alike; which of them exist is drawn from their place on it, so
 * every process offers the same.  North American area codes without a shelf of their own have one all the same.
 */
struct shelf {
    const char      *country;
    enum number_kind kind;
    char             head[10];                                  /* + and the first digits */
    int              digits;                                    /* that follow */
    const char      *region, *locality;                         /* NULL = not told */
};

enum { ON_A_SHELF = 200, SHELVES = 40, NANP_DIGITS = 7 };

static const struct shelf standing[] = {
    { "US", NUMBER_LOCAL, "+1212", NANP_DIGITS, "NY", "New York" },      { "US", NUMBER_LOCAL, "+1415", NANP_DIGITS, "CA", "San Francisco" },
    { "US", NUMBER_LOCAL, "+1312", NANP_DIGITS, "IL", "Chicago" },       { "US", NUMBER_LOCAL, "+1305", NANP_DIGITS, "FL", "Miami" },
    { "US", NUMBER_LOCAL, "+1206", NANP_DIGITS, "WA", "Seattle" },       { "US", NUMBER_LOCAL, "+1512", NANP_DIGITS, "TX", "Austin" },
    { "US", NUMBER_TOLL_FREE, "+1833", NANP_DIGITS, NULL, NULL },        { "US", NUMBER_TOLL_FREE, "+1844", NANP_DIGITS, NULL, NULL },
    { "CA", NUMBER_LOCAL, "+1416", NANP_DIGITS, "ON", "Toronto" },       { "CA", NUMBER_LOCAL, "+1604", NANP_DIGITS, "BC", "Vancouver" },
    { "CA", NUMBER_TOLL_FREE, "+1855", NANP_DIGITS, NULL, NULL },
    { "GB", NUMBER_LOCAL, "+442079", 6, NULL, "London" },                { "GB", NUMBER_MOBILE, "+447400", 6, NULL, NULL },
    { "DE", NUMBER_LOCAL, "+4930231", 5, NULL, "Berlin" },               { "DE", NUMBER_MOBILE, "+4915123", 6, NULL, NULL },
    { "FR", NUMBER_LOCAL, "+33184", 6, NULL, "Paris" },                  { "FR", NUMBER_MOBILE, "+33612", 6, NULL, NULL },
    { "TR", NUMBER_LOCAL, "+9021234", 5, NULL, "Istanbul" },
};
static const struct { const char *code, *name; } countries[] = {
    { "US", "United States" }, { "CA", "Canada" }, { "GB", "United Kingdom" }, { "DE", "Germany" }, { "FR", "France" }, { "TR", "Turkey" },
};
static const char *const kind_paths[] = { "Local", "TollFree", "Mobile" };
static const char *const kind_names[] = { "local", "toll_free", "mobile" };

static void number_on(const struct shelf *shelf, unsigned place, char out[17])
{
    unsigned char digest[32];
    char text[48];
    uint32_t chance;

    snprintf(text, sizeof text, "market/%s/%u", shelf->head, place);
    sha256_raw(text, strlen(text), digest);
    memcpy(&chance, digest, sizeof chance);
    if (shelf->digits == NANP_DIGITS) {
        unsigned exchange = 200 + chance % 800;
        if (exchange % 100 == 11 || exchange == 555)
            exchange++;
        snprintf(out, 17, "%.9s%03u%04u", shelf->head, exchange > 999 ? 220 : exchange, chance / 800 % 10000);
    } else {
        snprintf(out, 17, "%s%0*u", shelf->head, shelf->digits, chance % (shelf->digits == 5 ? 100000u : 1000000u));
    }
}

/* An area code that people could have: no N11, no 555 and its like, not 9 in the middle. */
static bool is_area_code(const char *code)
{
    return code && strlen(code) == 3 && strspn(code, "0123456789") == 3 && code[0] >= '2' && code[1] != '9' && !str_equal(code + 1, "11") &&
           !str_equal(code, "500") && !str_equal(code, "533") && !str_equal(code, "555") && !str_equal(code, "900");
}

static bool is_toll_free(const char *code)
{
    return code[0] == '8' && (str_equal(code, "800") || (code[1] == code[2] && code[1] >= '2'));
}

static bool has_shelf(const char *area_code)
{
    for (size_t i = 0; i < sizeof standing / sizeof *standing; i++)
        if (standing[i].head[1] == '1' && str_equal(standing[i].head + 2, area_code))
            return true;
    return false;
}

/* Shelves of a country and kind, one area code's only when that is given. */
static size_t shelves_of(const char *country, enum number_kind kind, const char *area_code, struct shelf out[SHELVES])
{
    size_t count = 0;

    for (size_t i = 0; i < sizeof standing / sizeof *standing; i++) {
        const struct shelf *shelf = &standing[i];
        if (str_equal(shelf->country, country) && shelf->kind == kind && (!area_code || str_equal(shelf->head + 2, area_code)))
            out[count++] = *shelf;
    }
    if (!count && kind == NUMBER_LOCAL && str_equal(country, "US") && is_area_code(area_code) && !is_toll_free(area_code) && !has_shelf(area_code)) {
        out[count] = (struct shelf){ .country = "US", .kind = NUMBER_LOCAL, .digits = NANP_DIGITS };
        snprintf(out[count++].head, sizeof out->head, "+1%.3s", area_code);
    }
    return count;
}

static bool taken(const char *phone)
{
    struct account *owner;
    return number_anywhere(phone, &owner) != NULL;
}

/* The shelf that this very number lies on; false: nobody sells it. */
static bool find_offer(const char *phone, struct shelf *out)
{
    char area[4] = "", offered[17];
    struct shelf found[SHELVES];
    size_t count = 0;

    if (str_starts(phone, "+1"))
        snprintf(area, sizeof area, "%.3s", phone + 2);
    for (size_t i = 0; i < sizeof standing / sizeof *standing; i++)
        if (str_starts(phone, standing[i].head))
            found[count++] = standing[i];
    if (!count && area[0])
        count = shelves_of("US", NUMBER_LOCAL, area, found);
    for (size_t i = 0; i < count; i++)
        for (unsigned place = 0; place < ON_A_SHELF; place++) {
            number_on(&found[i], place, offered);
            if (str_equal(offered, phone)) {
                *out = found[i];
                return !taken(phone);
            }
        }
    return false;
}

/* ---- searching ---- */

static const char *const search_known[] = {
    "AreaCode", "Contains", "SmsEnabled", "MmsEnabled", "VoiceEnabled", "FaxEnabled", "ExcludeAllAddressRequired", "ExcludeLocalAddressRequired",
    "ExcludeForeignAddressRequired", "Beta", "NearNumber", "NearLatLong", "Distance", "InPostalCode", "InRegion", "InRateCenter", "InLata",
    "InLocality", "PageSize", "Page", "PageToken", NULL
};

/* '*' is any digit, '%' any number of them; '+' and '$' are the number's ends. */
static bool matches_here(const char *phone, const char *pattern)
{
    for (; *pattern; pattern++) {
        if (*pattern == '%') {
            for (const char *rest = phone;; rest++) {
                if (matches_here(rest, pattern + 1))
                    return true;
                if (!*rest)
                    return false;
            }
        }
        if (*pattern == '$')
            return !*phone;
        if (!*phone || (*pattern != *phone && !(*pattern == '*' && *phone != '+')))
            return false;
        phone++;
    }
    return true;
}

static bool contains(const char *phone, const char *pattern)
{
    if (!pattern || *pattern == '+')
        return !pattern || matches_here(phone, pattern);
    for (; *phone; phone++)
        if (matches_here(phone, pattern))
            return true;
    return false;
}

struct search { const char *pattern, *region, *locality; bool sms, mms, fax; };

static bool read_search(struct request *request, struct search *out)
{
    const char *area = pairs_find(&request->query, "AreaCode");

    *out = (struct search){ .pattern = pairs_find(&request->query, "Contains"), .region = pairs_find(&request->query, "InRegion"),
                            .locality = pairs_find(&request->query, "InLocality"), .sms = str_equal(pairs_find(&request->query, "SmsEnabled"), "true"),
                            .mms = str_equal(pairs_find(&request->query, "MmsEnabled"), "true"), .fax = str_equal(pairs_find(&request->query, "FaxEnabled"), "true") };
    if (area && strspn(area, "0123456789") != strlen(area)) {
        twilio_error(request, 400, 20001, "AreaCode must be an integer");
        return false;
    }
    size_t length = out->pattern ? strlen(out->pattern) : 2;
    if (length < 2 || length > 16 || (out->pattern && strspn(out->pattern, "0123456789*%+$") != length)) {
        twilio_error(request, 400, 21421, "Contains has 2 to 16 digits or wildcards");
        return false;
    }
    return true;
}

static bool wanted(const struct search *s, const struct shelf *shelf, const char *phone)
{
    bool american = phone[1] == '1';
    return contains(phone, s->pattern) && (!s->region || str_equal(s->region, shelf->region)) && (!s->locality || str_equal(s->locality, shelf->locality)) &&
           !s->fax && (!s->sms || american || shelf->kind == NUMBER_MOBILE) && (!s->mms || (american && shelf->kind != NUMBER_TOLL_FREE)) && !taken(phone);
}

static void put_offer(struct json_out *out, const struct shelf *shelf, const char *phone)
{
    bool american = phone[1] == '1';

    json_open_object(out);
    twilio_put(out, "phone_number", phone);
    twilio_put(out, "friendly_name", twilio_national(out->str.arena, phone));
    twilio_put(out, "iso_country", shelf->country);
    twilio_put(out, "region", shelf->region);
    twilio_put(out, "locality", shelf->locality);
    twilio_put(out, "rate_center", NULL);
    twilio_put(out, "lata", NULL);
    twilio_put(out, "postal_code", NULL);
    twilio_put(out, "latitude", NULL);
    twilio_put(out, "longitude", NULL);
    twilio_put(out, "address_requirements", "none");
    json_name(out, "beta"), json_put_flag(out, false);
    json_name(out, "capabilities");
    json_open_object(out);
    json_name(out, "voice"), json_put_flag(out, true);
    json_name(out, "SMS"), json_put_flag(out, american || shelf->kind == NUMBER_MOBILE);
    json_name(out, "MMS"), json_put_flag(out, american && shelf->kind != NUMBER_TOLL_FREE);
    json_close_object(out);
    json_close_object(out);
}

static void search(struct request *request, const char *country, enum number_kind kind)
{
    struct shelf shelves[SHELVES];
    struct search s;
    struct page page;
    char phone[17];

    if (!twilio_known(request, &request->query, search_known) || !page_read(request, &page) || !read_search(request, &s))
        return;
    size_t count = shelves_of(country, kind, pairs_find(&request->query, "AreaCode"), shelves);
    struct json_out out = json_out_make(request->arena, RESOURCE_CEILING);
    json_open_object(&out);
    json_name(&out, "available_phone_numbers");
    json_open_array(&out);
    bool begun = !page.token;
    for (size_t i = 0; i < count * ON_A_SHELF && !page.more; i++) {
        const struct shelf *shelf = &shelves[i % count];        /* one of each place first */
        number_on(shelf, (unsigned)(i / count), phone);
        bool here = begun && wanted(&s, shelf, phone);
        if (here && page.written == page.size) {
            page.more = true;
        } else if (here) {
            put_offer(&out, shelf, phone);
            page.written++;
            snprintf(page.last, sizeof page.last, "PA%s", phone + 1);
        }
        begun = begun || (strlen(page.token) > 2 && str_equal(page.token + 2, phone + 1));
    }
    json_close_array(&out);
    page_write(&out, request, &page);
    json_close_object(&out);
    twilio_reply(request, 200, &out);
}

static void put_country(struct json_out *out, const struct account *account, size_t i)
{
    struct arena *arena = out->str.arena;
    const char *base = arena_printf(arena, "/2010-04-01/Accounts/%s/AvailablePhoneNumbers/%s", account->sid, countries[i].code);
    struct shelf some[SHELVES];

    json_open_object(out);
    twilio_put(out, "country_code", countries[i].code);
    twilio_put(out, "country", countries[i].name);
    json_name(out, "beta"), json_put_flag(out, false);
    twilio_put(out, "uri", arena_printf(arena, "%s.json", base));
    json_name(out, "subresource_uris");
    json_open_object(out);
    for (enum number_kind kind = NUMBER_LOCAL; kind <= NUMBER_MOBILE; kind++)
        if (shelves_of(countries[i].code, kind, NULL, some))
            twilio_put(out, kind_names[kind], arena_printf(arena, "%s/%s.json", base, kind_paths[kind]));
    json_close_object(out);
    json_close_object(out);
}

static void not_found(struct request *request)
{
    twilio_error(request, 404, 20404, "The requested resource %s was not found", request->path);
}

void twilio_available(struct request *request, struct account *account, const char *rest)
{
    struct json_out out = json_out_make(request->arena, RESOURCE_CEILING);
    struct shelf some[SHELVES];

    if (!str_equal(request->method, "GET")) {
        twilio_error(request, 405, 20004, "Method not allowed");
        return;
    }
    if (str_equal(rest, ".json")) {
        json_open_object(&out);
        json_name(&out, "countries");
        json_open_array(&out);
        for (size_t i = 0; i < sizeof countries / sizeof *countries; i++)
            put_country(&out, account, i);
        json_close_array(&out);
        twilio_put(&out, "uri", request->path);
        json_close_object(&out);
        twilio_reply(request, 200, &out);
        return;
    }
    for (size_t i = 0; i < sizeof countries / sizeof *countries; i++) {
        if (rest[0] != '/' || strncmp(rest + 1, countries[i].code, 2) != 0)
            continue;
        if (str_equal(rest + 3, ".json")) {
            put_country(&out, account, i);
            twilio_reply(request, 200, &out);
            return;
        }
        for (enum number_kind kind = NUMBER_LOCAL; kind <= NUMBER_MOBILE; kind++)
            if (str_equal(rest + 3, arena_printf(request->arena, "/%s.json", kind_paths[kind])) && shelves_of(countries[i].code, kind, NULL, some)) {
                search(request, countries[i].code, kind);
                return;
            }
    }
    not_found(request);
}

/* ---- selling ---- */

const char *twilio_market_choose(struct request *request, const struct pairs *form, int kind, enum number_kind *chosen)
{
    const char *phone = pairs_find(form, "PhoneNumber"), *area = pairs_find(form, "AreaCode");
    struct shelf shelf = { .head = "" }, found[SHELVES];
    char offered[17];

    if (phone && !phone_is_e164(phone)) {
        twilio_error(request, 400, 21421, "PhoneNumber is invalid");
    } else if (phone && (!find_offer(phone, &shelf) || (kind >= 0 && (int)shelf.kind != kind))) {
        twilio_error(request, 400, 21422, "%s is not available", phone);
    } else if (phone) {
        *chosen = shelf.kind;
        return phone;
    } else if (!area || kind >= 0) {
        twilio_error(request, 400, 21421, "PhoneNumber or AreaCode is needed");
    } else if (strlen(area) != 3 || strspn(area, "0123456789") != 3) {
        twilio_error(request, 400, 21451, "AreaCode is invalid");
    } else {
        size_t count = shelves_of("US", NUMBER_LOCAL, area, found);
        if (!count)
            count = shelves_of("CA", NUMBER_LOCAL, area, found);
        for (unsigned place = 0; count && place < ON_A_SHELF; place++) {
            number_on(&found[0], place, offered);
            *chosen = NUMBER_LOCAL;
            if (!taken(offered))
                return arena_text(request->arena, offered);
        }
        twilio_error(request, 400, 21452, "No phone numbers found in area code %s", area);
    }
    return NULL;
}
