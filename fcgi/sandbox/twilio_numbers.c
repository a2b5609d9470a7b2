#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/twilio.h"

enum { ANY_KIND = -1 };

static const char *const settings_known[] = {
    "AccountSid", "ApiVersion", "FriendlyName", "SmsApplicationSid", "SmsFallbackMethod",
    "SmsFallbackUrl", "SmsMethod", "SmsUrl", "StatusCallback", "StatusCallbackMethod",
    "VoiceApplicationSid", "VoiceCallerIdLookup", "VoiceFallbackMethod", "VoiceFallbackUrl",
    "VoiceMethod", "VoiceUrl", "EmergencyStatus", "EmergencyAddressSid", "TrunkSid", "VoiceReceiveMode",
    "IdentitySid", "AddressSid", "BundleSid", NULL
};
static const char *const purchase_known[] = {
    "PhoneNumber", "AreaCode", "ApiVersion", "FriendlyName", "SmsApplicationSid", "SmsFallbackMethod",
    "SmsFallbackUrl", "SmsMethod", "SmsUrl", "StatusCallback", "StatusCallbackMethod",
    "VoiceApplicationSid", "VoiceCallerIdLookup", "VoiceFallbackMethod", "VoiceFallbackUrl",
    "VoiceMethod", "VoiceUrl", "EmergencyStatus", "EmergencyAddressSid", "TrunkSid", "VoiceReceiveMode",
    "IdentitySid", "AddressSid", "BundleSid", NULL
};
static const char *const filters_known[] = {
    "PhoneNumber", "FriendlyName", "Beta", "Origin", "PageSize", "Page", "PageToken", NULL
};

/* ---- the resource ---- */

const char *twilio_national(struct arena *arena, const char *phone)
{
    if (strlen(phone) == 12 && phone[1] == '1')
        return arena_printf(arena, "(%.3s) %.3s-%s", phone + 2, phone + 5, phone + 8);
    return phone;
}

static const char *friendly_name(struct arena *arena, const struct number *n)
{
    const char *set = number_setting(n, "FriendlyName");
    return *set ? set : twilio_national(arena, n->phone);
}

static void put_setting(struct json_out *out, const struct number *n, const char *name, const char *setting)
{
    twilio_put(out, name, number_setting(n, setting));
}

static void put_settings(struct json_out *out, const struct number *n)
{
    static const char *const names[][2] = { { "voice_url", "VoiceUrl" },
                                            { "voice_method", "VoiceMethod" },
                                            { "voice_fallback_url", "VoiceFallbackUrl" },
                                            { "voice_fallback_method", "VoiceFallbackMethod" },
                                            { "status_callback", "StatusCallback" },
                                            { "status_callback_method", "StatusCallbackMethod" },
                                            { "voice_application_sid", "VoiceApplicationSid" },
                                            { "sms_url", "SmsUrl" },
                                            { "sms_method", "SmsMethod" },
                                            { "sms_fallback_url", "SmsFallbackUrl" },
                                            { "sms_fallback_method", "SmsFallbackMethod" },
                                            { "sms_application_sid", "SmsApplicationSid" },
                                            { "emergency_address_sid", "EmergencyAddressSid" },
                                            { "address_sid", "AddressSid" },
                                            { "identity_sid", "IdentitySid" },
                                            { "bundle_sid", "BundleSid" } };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        put_setting(out, n, names[i][0], names[i][1]);
    json_name(out, "voice_caller_id_lookup"),
        json_put_flag(out, str_equal(number_setting(n, "VoiceCallerIdLookup"), "true"));
    const char *mode = number_setting(n, "VoiceReceiveMode");
    twilio_put(out, "voice_receive_mode", *mode ? mode : "voice");
    twilio_put(out, "trunk_sid", n->trunk_sid[0] ? n->trunk_sid : NULL);
}

static void put_capabilities(struct json_out *out, const struct number *n)
{
    bool american = n->phone[1] == '1';
    json_name(out, "capabilities");
    json_open_object(out);
    json_name(out, "voice"), json_put_flag(out, true);
    json_name(out, "sms"), json_put_flag(out, american || n->kind == NUMBER_MOBILE);
    json_name(out, "mms"), json_put_flag(out, american && n->kind != NUMBER_TOLL_FREE);
    json_name(out, "fax"), json_put_flag(out, false);
    json_close_object(out);
}

static void put_number(struct json_out *out, const struct account *account, const struct number *n)
{
    struct arena *arena = out->str.arena;
    static const char *const kinds[] = { "local", "toll-free", "mobile" };
    json_open_object(out);
    twilio_put(out, "sid", n->sid);
    twilio_put(out, "account_sid", account->sid);
    twilio_put(out, "phone_number", n->phone);
    twilio_put(out, "friendly_name", friendly_name(arena, n));
    put_capabilities(out, n);
    put_settings(out, n);
    twilio_put(out, "api_version", "2010-04-01");
    twilio_put(out, "address_requirements", "none");
    json_name(out, "beta"), json_put_flag(out, false);
    twilio_put(out, "origin", "twilio");
    twilio_put(out, "status", "in-use");
    twilio_put(out, "type", kinds[n->kind]);
    twilio_put(out, "emergency_status", "Inactive");
    twilio_put(out, "emergency_address_status", "unregistered");
    twilio_put_time(out, "date_created", n->created);
    twilio_put_time(out, "date_updated", n->updated);
    twilio_put(
        out, "uri",
        arena_printf(arena, "/2010-04-01/Accounts/%s/IncomingPhoneNumbers/%s.json", account->sid, n->sid));
    json_close_object(out);
}

/* ---- the list ---- */

/* Digits anywhere in the number; '*' stands for any digit. */
static bool matches(const char *phone, const char *pattern)
{
    if (!pattern)
        return true;
    for (; *phone; phone++) {
        const char *at = phone, *want = pattern;
        while (*want && *at && (*want == *at || (*want == '*' && *at != '+')))
            want++, at++;
        if (!*want)
            return true;
    }
    return false;
}

static bool selected(struct request *request, const struct number *n, int kind)
{
    const char *name = pairs_find(&request->query, "FriendlyName"),
               *beta = pairs_find(&request->query, "Beta");
    const char *origin = pairs_find(&request->query, "Origin");
    return (kind == ANY_KIND || (int)n->kind == kind) &&
           matches(n->phone, pairs_find(&request->query, "PhoneNumber")) &&
           (!name || str_equal(name, friendly_name(request->arena, n))) && !str_equal(beta, "true") &&
           (!origin || str_equal(origin, "twilio"));
}

static void list(struct request *request, struct account *account, int kind)
{
    struct page page;
    if (!twilio_known(request, &request->query, filters_known) || !page_read(request, &page))
        return;
    struct json_out out = json_out_make(request->arena, RESOURCE_CEILING);
    json_open_object(&out);
    json_name(&out, "incoming_phone_numbers");
    json_open_array(&out);
    bool begun = !page.token;
    for (struct number *n = account->numbers; n && !page.more; n = n->next) {
        bool here = selected(request, n, kind);
        if (begun && here && page.written == page.size) {
            page.more = true;
        } else if (begun && here) {
            put_number(&out, account, n);
            page.written++;
            snprintf(page.last, sizeof page.last, "PT%s", n->sid);
        }
        begun = begun || (page.token[0] && str_equal(page.token + 2, n->sid));
    }
    json_close_array(&out);
    page_write(&out, request, &page);
    json_close_object(&out);
    twilio_reply(request, 200, &out);
}

/* ---- one number ---- */

/* Settings as published; false: refused. */
static bool read_settings(struct request *request, const char *const *known, struct pairs *form)
{
    static const char *const urls[] = { "VoiceUrl", "VoiceFallbackUrl", "StatusCallback", "SmsUrl",
                                        "SmsFallbackUrl" };
    static const char *const methods[] = { "VoiceMethod", "VoiceFallbackMethod", "StatusCallbackMethod", "SmsMethod",
                                           "SmsFallbackMethod" };
    if (!form_parse(request->arena, request->body, request->body_size, form)) {
        twilio_error(request, 400, 20001, "The body cannot be read");
        return false;
    }
    if (!twilio_known(request, form, known))
        return false;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        const char *url = pairs_find(form, urls[i]), *method = pairs_find(form, methods[i]);
        if (url && *url && !hook_url_valid(url)) {
            twilio_error(request, 400, 21402, "%s is not a valid URL", urls[i]);
            return false;
        }
        if (method && !str_equal(method, "GET") && !str_equal(method, "POST")) {
            twilio_error(request, 400, 20001, "%s must be GET or POST", methods[i]);
            return false;
        }
    }
    const char *trunk = pairs_find(form, "TrunkSid");
    if (trunk && *trunk && (strlen(trunk) != SID_SIZE - 1 || !str_starts(trunk, "TK"))) {
        twilio_error(request, 400, 20001, "TrunkSid is not the SID of a trunk");
        return false;
    }
    return true;
}

static void answer_number(struct request *request, int status, const struct account *account, const struct number *n)
{
    struct json_out out = json_out_make(request->arena, RESOURCE_CEILING);
    put_number(&out, account, n);
    twilio_reply(request, status, &out);
}

static void change(struct request *request, struct account *account, struct number *n)
{
    struct pairs form;
    if (!read_settings(request, settings_known, &form))
        return;
    if (pairs_find(&form, "AccountSid")) {
        twilio_error(request, 400, 20001, "This sandbox moves no numbers between accounts");
        return;
    }
    const char *trunk = pairs_find(&form, "TrunkSid");
    if (trunk)
        account_add_number(account, n->phone, n->kind, trunk);
    number_set(n, &form);
    answer_number(request, 200, account, n);
}

/* ---- buying and giving back; the faults scripted for a number strike here too ---- */

static bool struck_before(struct request *request, enum create_fault fault)
{
    if (fault == FAULT_DROP) {
        request->verdict = "drop: closed, nothing done";
        reply_lost(request);
    } else if (fault == FAULT_429) {
        request->verdict = "429: nothing done";
        twilio_error(request, 429, 20429, "Too Many Requests");
    } else {
        return false;
    }
    return true;
}

static bool struck_after(struct request *request, enum create_fault fault)
{
    if (fault == FAULT_LOST_ANSWER) {
        request->verdict = "lost-answer: done";
        reply_lost(request);
    } else if (fault == FAULT_500) {
        request->verdict = "500: done";
        twilio_error(request, 500, 20500, "Internal Server Error");
    } else {
        if (fault == FAULT_LATE_ANSWER) {
            request->verdict = "late-answer: done";
            request->hold_ms = LATE_MS;
        }
        return false;
    }
    return true;
}

static void buy(struct request *request, struct account *account, int kind)
{
    struct pairs form;
    enum number_kind chosen;
    if (!read_settings(request, purchase_known, &form))
        return;
    const char *phone = twilio_market_choose(request, &form, kind, &chosen);
    if (!phone)
        return;
    enum create_fault fault = script_strike(phone);
    if (struck_before(request, fault))
        return;
    const struct script *script = script_for(phone);
    if (script->outcome == OUTCOME_REJECT) {
        twilio_error(request, 400, script->error_code ? script->error_code : 21422, "Refused as scripted");
        return;
    }
    struct number *n = account_buy(account, phone, chosen, pairs_find(&form, "TrunkSid"));
    number_set(n, &form);
    if (!struck_after(request, fault))
        answer_number(request, 201, account, n);
}

static void give_back(struct request *request, struct account *account, struct number *n)
{
    enum create_fault fault = script_strike(n->phone);
    if (struck_before(request, fault))
        return;
    account_release(account, n);
    if (!struck_after(request, fault))
        twilio_reply(request, 204, NULL);
}

static void one(struct request *request, struct account *account, const char *rest)
{
    size_t length = strlen(rest);
    char sid[SID_SIZE] = "";
    if (length == SID_SIZE - 1 + 6 && rest[0] == '/' && str_equal(rest + SID_SIZE, ".json"))
        memcpy(sid, rest + 1, SID_SIZE - 1);
    struct number *n = sid[0] == 'P' ? account_number(account, sid) : NULL;
    if (!n) {
        twilio_error(request, 404, 20404, "The requested resource %s was not found", request->path);
    } else if (str_equal(request->method, "GET")) {
        answer_number(request, 200, account, n);
    } else if (str_equal(request->method, "POST")) {
        change(request, account, n);
    } else if (str_equal(request->method, "DELETE")) {
        give_back(request, account, n);
    } else {
        twilio_error(request, 405, 20004, "Method not allowed");
    }
}

void twilio_numbers(struct request *request, struct account *account, const char *rest)
{
    int kind = str_equal(rest, ".json")            ? ANY_KIND
               : str_equal(rest, "/Local.json")    ? NUMBER_LOCAL
               : str_equal(rest, "/TollFree.json") ? NUMBER_TOLL_FREE
               : str_equal(rest, "/Mobile.json")   ? NUMBER_MOBILE
                                                   : -2;
    if (kind == -2)
        one(request, account, rest);
    else if (str_equal(request->method, "GET"))
        list(request, account, kind);
    else if (str_equal(request->method, "POST"))
        buy(request, account, kind);
    else
        twilio_error(request, 405, 20004, "Method not allowed");
}

/* Verified caller IDs: nobody has any but the numbers owned. */
void twilio_caller_ids(struct request *request, struct account *account, const char *rest)
{
    static const char *const known[] = {
        "PhoneNumber", "FriendlyName", "PageSize", "Page", "PageToken", NULL
    };
    (void)account;
    struct page page;
    if (!str_equal(rest, ".json") || !str_equal(request->method, "GET")) {
        twilio_error(request, 404, 20404, "The requested resource %s was not found", request->path);
        return;
    }
    if (!twilio_known(request, &request->query, known) || !page_read(request, &page))
        return;
    struct json_out out = json_out_make(request->arena, RESOURCE_CEILING);
    json_open_object(&out);
    json_name(&out, "outgoing_caller_ids");
    json_open_array(&out);
    json_close_array(&out);
    page_write(&out, request, &page);
    json_close_object(&out);
    twilio_reply(request, 200, &out);
}
