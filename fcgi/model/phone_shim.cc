/* model/phone_shim.cc - libphonenumber behind C linkage; see phone_shim.h. */
#include "phone_shim.h"

#include <cstring>
#include <list>
#include <string>

#include <phonenumbers/phonenumberutil.h>
#include <phonenumbers/shortnumberinfo.h>

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;
using i18n::phonenumbers::ShortNumberInfo;

namespace {

const ShortNumberInfo &short_numbers()
{
    static const ShortNumberInfo info;
    return info;
}

/* Six digits hold every emergency number; longer short codes overlap with ordinary local numbers. */
const size_t longest_special = 6;

bool special_in(const std::string &digits, const std::string &region)
{
    if (digits.empty() || digits.size() > longest_special)
        return false;
    if (short_numbers().IsEmergencyNumber(digits, region))
        return true;
    PhoneNumber number;
    if (PhoneNumberUtil::GetInstance()->Parse(digits, region, &number) != PhoneNumberUtil::NO_PARSING_ERROR)
        return false;
    return short_numbers().IsValidShortNumberForRegion(number, region);
}

bool special(const PhoneNumber &number)
{
    const PhoneNumberUtil &util = *PhoneNumberUtil::GetInstance();
    std::string national;
    util.GetNationalSignificantNumber(number, &national);
    if (national.size() > longest_special)
        return false;
    std::list<std::string> regions;
    util.GetRegionCodesForCountryCallingCode(number.country_code(), &regions);
    for (const std::string &region : regions)
        if (special_in(national, region))
            return true;
    return false;
}

enum shim_type type_of(PhoneNumberUtil::PhoneNumberType type)
{
    switch (type) {
    case PhoneNumberUtil::FIXED_LINE:
    case PhoneNumberUtil::MOBILE:
    case PhoneNumberUtil::FIXED_LINE_OR_MOBILE:
    case PhoneNumberUtil::VOIP:            return SHIM_TYPE_ORDINARY;
    case PhoneNumberUtil::TOLL_FREE:       return SHIM_TYPE_TOLL_FREE;
    case PhoneNumberUtil::PREMIUM_RATE:    return SHIM_TYPE_PREMIUM;
    case PhoneNumberUtil::SHARED_COST:     return SHIM_TYPE_SHARED_COST;
    case PhoneNumberUtil::PERSONAL_NUMBER: return SHIM_TYPE_PERSONAL;
    case PhoneNumberUtil::PAGER:           return SHIM_TYPE_PAGER;
    case PhoneNumberUtil::UAN:             return SHIM_TYPE_UAN;
    case PhoneNumberUtil::VOICEMAIL:       return SHIM_TYPE_VOICEMAIL;
    default:                               return SHIM_TYPE_UNKNOWN;
    }
}

/* Leaves "" when it does not fit. */
void copy(char *to, size_t space, const std::string &from)
{
    to[0] = '\0';
    if (from.size() < space)
        std::memcpy(to, from.c_str(), from.size() + 1);
}

enum shim_verdict parse_error(PhoneNumberUtil::ErrorType error, const char *country)
{
    switch (error) {
    case PhoneNumberUtil::INVALID_COUNTRY_CODE_ERROR:
        return std::strcmp(country, "ZZ") == 0 ? SHIM_NO_COUNTRY : SHIM_UNASSIGNED;
    case PhoneNumberUtil::TOO_SHORT_AFTER_IDD:
    case PhoneNumberUtil::TOO_SHORT_NSN:
        return SHIM_TOO_SHORT;
    case PhoneNumberUtil::TOO_LONG_NSN:
        return SHIM_TOO_LONG;
    default:
        return SHIM_NOT_A_NUMBER;
    }
}

enum shim_verdict parse(const char *text, const char *country, struct shim_number *out)
{
    const PhoneNumberUtil &util = *PhoneNumberUtil::GetInstance();
    PhoneNumber number;
    PhoneNumberUtil::ErrorType error = util.Parse(text, country, &number);
    if (error != PhoneNumberUtil::NO_PARSING_ERROR)
        return parse_error(error, country);
    std::string formatted, region;
    util.Format(number, PhoneNumberUtil::E164, &formatted);
    copy(out->digits, sizeof out->digits, formatted);
    if (out->digits[0] == '\0')
        return SHIM_TOO_LONG;
    if (special(number))
        return SHIM_SPECIAL;
    if (util.IsValidNumber(number)) {
        util.GetRegionCodeForNumber(number, &region);
        copy(out->country, sizeof out->country, region);
        out->type = type_of(util.GetNumberType(number));
        return SHIM_VALID;
    }
    switch (util.IsPossibleNumberWithReason(number)) {
    case PhoneNumberUtil::TOO_SHORT:
    case PhoneNumberUtil::IS_POSSIBLE_LOCAL_ONLY: return SHIM_TOO_SHORT;
    case PhoneNumberUtil::TOO_LONG:               return SHIM_TOO_LONG;
    default:                                      return SHIM_UNASSIGNED;
    }
}

}

void phone_shim_init(void)
{
    struct shim_number warm;
    phone_shim_parse("+12125551234", "US", &warm);
    phone_shim_is_special("911", "US");
}

enum shim_verdict phone_shim_parse(const char *text, const char *country, struct shim_number *out)
{
    out->digits[0] = '\0';
    std::strcpy(out->country, "ZZ");
    out->type = SHIM_TYPE_UNKNOWN;
    try {
        return parse(text, country, out);
    } catch (...) {
        out->digits[0] = '\0';
        return SHIM_NOT_A_NUMBER;
    }
}

int phone_shim_calling_code(const char *country)
{
    try {
        return PhoneNumberUtil::GetInstance()->GetCountryCodeForRegion(country);
    } catch (...) {
        return 0;
    }
}

int phone_shim_is_special(const char *digits, const char *country)
{
    try {
        return special_in(digits, country);
    } catch (...) {
        return 1;                                               /* what cannot be judged is not dialed */
    }
}
