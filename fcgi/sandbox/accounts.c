#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "sandbox/journal.h"
#include "sandbox/world.h"

enum {
    DEMO_LOCAL = 100,
    DEMO_TOLL_FREE = 25,
    DEMO_ABROAD = 12,
    DEMO_NUMBERS = DEMO_LOCAL + DEMO_TOLL_FREE + DEMO_ABROAD,
    RIVAL_NUMBERS = 5,
    FILE_CEILING = 1 << 20
};

static struct account *accounts, **accounts_end = &accounts;
static struct pairs defaults;                                   /* settings of numbers nobody has set */

static const char *const area_codes[] = {
    "212", "415", "312", "646", "213", "617", "305", "702", "206", "512"
};
static const char *const toll_free_codes[] = { "800", "833", "844", "855", "866", "877", "888" };

static const struct abroad {
    const char *head;
    int digits;
    enum number_kind kind;
    bool trunk;
} abroad[DEMO_ABROAD] = {
    { "+442079", 6, NUMBER_LOCAL, false },   { "+442079", 6, NUMBER_LOCAL, false },
    { "+441614", 6, NUMBER_LOCAL, false },   { "+447400", 6, NUMBER_MOBILE, false },
    { "+4930231", 5, NUMBER_LOCAL, false },  { "+4930231", 5, NUMBER_LOCAL, false },
    { "+4915123", 6, NUMBER_MOBILE, false }, { "+33184", 6, NUMBER_LOCAL, false },
    { "+33612", 6, NUMBER_MOBILE, false },   { "+9021234", 5, NUMBER_LOCAL, true },
    { "+9021234", 5, NUMBER_LOCAL, true },   { "+9021665", 5, NUMBER_LOCAL, true },
};

bool phone_is_e164(const char *phone)
{
    if (!phone || phone[0] != '+' || phone[1] < '1' || phone[1] > '9')
        return false;
    size_t digits = strspn(phone + 1, "0123456789");
    if (phone[1 + digits] || digits < 7 || digits > 15)
        return false;
    /* North America: NXX NXX XXXX, N from 2 to 9. */
    return phone[1] != '1' || (digits == 11 && phone[2] >= '2' && phone[5] >= '2');
}

static void name_from(char out[SID_SIZE], const char *prefix, const char *a, const char *b)
{
    unsigned char digest[32];
    char text[128];
    snprintf(text, sizeof text, "%s/%s/%s", prefix, a, b);
    sha256_raw(text, strlen(text), digest);
    for (int i = 0; i < 16; i++)
        snprintf(out + 2 + 2 * i, 3, "%02x", digest[i]);
    memcpy(out, prefix, 2);
}

static uint64_t draw(const char *sid, unsigned index, unsigned attempt)
{
    unsigned char digest[32];
    char text[96];
    snprintf(text, sizeof text, "number/%s/%u/%u", sid, index, attempt);
    sha256_raw(text, strlen(text), digest);
    uint64_t value;
    memcpy(&value, digest, sizeof value);
    return value;
}

/* An exchange that exists: no N11, no 555 (directory services and films). */
static unsigned exchange_from(uint64_t chance)
{
    for (unsigned exchange = 200 + (unsigned)(chance % 800);; exchange = exchange == 999 ? 200 : exchange + 1)
        if (exchange % 100 != 11 && exchange != 555)
            return exchange;
}

static enum number_kind make_phone(char out[17], const char *sid, unsigned index, unsigned attempt,
                                   bool *trunk)
{
    uint64_t chance = draw(sid, index, attempt);
    unsigned exchange = exchange_from(chance), line = (unsigned)(chance >> 20) % 10000;
    *trunk = false;
    unsigned place = index < DEMO_NUMBERS ? index : 0;
    if (place >= DEMO_LOCAL + DEMO_TOLL_FREE) {
        const struct abroad *a = &abroad[place - DEMO_LOCAL - DEMO_TOLL_FREE];
        unsigned range = a->digits == 5 ? 100000 : 1000000;
        snprintf(out, 17, "%s%0*u", a->head, a->digits, (unsigned)(chance >> 20) % range);
        *trunk = a->trunk;
        return a->kind;
    }
    if (place >= DEMO_LOCAL) {
        snprintf(out, 17, "+1%s%03u%04u", toll_free_codes[index % 7], exchange, line);
        return NUMBER_TOLL_FREE;
    }
    snprintf(out, 17, "+1%s%03u%04u", area_codes[index % 10], exchange, line);
    return NUMBER_LOCAL;
}

struct account *accounts_first(void)
{
    return accounts;
}

struct account *account_find(const char *sid)
{
    for (struct account *a = accounts; a; a = a->next)
        if (str_equal(a->sid, sid))
            return a;
    return NULL;
}

struct account *account_authenticate(const char *user, const char *password)
{
    for (struct account *a = accounts; a; a = a->next) {
        if (str_equal(a->sid, user))
            return secret_equal(a->auth_token, password) ? a : NULL;
        if (a->api_key[0] && str_equal(a->api_key, user))
            return secret_equal(a->api_secret, password) ? a : NULL;
    }
    return NULL;
}

struct number *account_number(const struct account *account, const char *phone_or_sid)
{
    for (struct number *n = account->numbers; n; n = n->next)
        if (str_equal(n->phone, phone_or_sid) || str_equal(n->sid, phone_or_sid))
            return n;
    return NULL;
}

struct number *number_anywhere(const char *phone, struct account **owner)
{
    for (struct account *a = accounts; a; a = a->next) {
        struct number *n = account_number(a, phone);
        if (n) {
            *owner = a;
            return n;
        }
    }
    return NULL;
}

static void add_to_end(struct account *account, struct number *n)
{
    *account->numbers_end = n;
    account->numbers_end = &n->next;
    account->number_count++;
}

static struct number *new_number(struct account *account, const char *phone, enum number_kind kind,
                                 const char *trunk)
{
    struct number *n = calloc(1, sizeof *n);
    if (!n)
        abort();
    snprintf(n->phone, sizeof n->phone, "%s", phone);
    snprintf(n->trunk_sid, sizeof n->trunk_sid, "%s", trunk ? trunk : "");
    name_from(n->sid, "PN", account->sid, phone);
    n->kind = kind;
    n->created = n->updated = account->created;
    add_to_end(account, n);
    return n;
}

struct number *account_add_number(struct account *account, const char *phone, enum number_kind kind,
                                  const char *trunk_sid)
{
    if (!phone_is_e164(phone))
        return NULL;
    struct number *n = account_number(account, phone);
    if (n) {
        n->kind = kind;
        snprintf(n->trunk_sid, sizeof n->trunk_sid, "%s", trunk_sid ? trunk_sid : "");
    } else {
        n = new_number(account, phone, kind, trunk_sid);
    }
    struct json_out *out = journal_begin("number");
    json_name(out, "account"), json_put_string(out, account->sid);
    json_name(out, "phone"), json_put_string(out, phone);
    json_name(out, "kind"), json_put_integer(out, kind);
    json_name(out, "trunk"), json_put_string(out, n->trunk_sid);
    journal_keep();
    return n;
}

struct number *account_buy(struct account *account, const char *phone, enum number_kind kind, const char *trunk_sid)
{
    char sid[SID_SIZE];
    struct number *n = account_add_number(account, phone, kind, trunk_sid);

    world_random_sid(sid, "PN");
    account_bought(account, phone, sid);
    n->created = n->updated = utc_now();
    struct json_out *out = journal_begin("bought");
    json_name(out, "account"), json_put_string(out, account->sid);
    json_name(out, "phone"), json_put_string(out, phone);
    json_name(out, "sid"), json_put_string(out, n->sid);
    journal_keep();
    return n;
}

void account_bought(struct account *account, const char *phone, const char *sid)
{
    struct number *n = account_number(account, phone);
    if (n && strlen(sid) == SID_SIZE - 1)
        memcpy(n->sid, sid, SID_SIZE);
}

static void forget(struct account *account, struct number *gone)
{
    struct number **at = &account->numbers;
    while (*at != gone)
        at = &(*at)->next;
    *at = gone->next;
    if (account->numbers_end == &gone->next)
        account->numbers_end = at;
    account->number_count--;
    if (gone->settings_arena)
        arena_destroy(gone->settings_arena);
    free(gone);
}

void account_release(struct account *account, struct number *number)
{
    struct json_out *out = journal_begin("release");
    json_name(out, "account"), json_put_string(out, account->sid);
    json_name(out, "phone"), json_put_string(out, number->phone);
    journal_keep();
    forget(account, number);
}

/* Fills up with the account's own sequence of numbers; the first of them may be configured. */
static void generate(struct account *account, unsigned count)
{
    char trunk_sid[SID_SIZE];
    name_from(trunk_sid, "TK", account->sid, "trunk");
    if (account->phone_number[0] && count && !account_number(account, account->phone_number))
        new_number(account, account->phone_number, NUMBER_LOCAL, NULL);
    for (unsigned index = account->number_count; account->number_count < count; index++) {
        char phone[17];
        bool trunk;
        struct account *owner;
        enum number_kind kind;
        for (unsigned attempt = 0; kind = make_phone(phone, account->sid, index, attempt, &trunk),
             number_anywhere(phone, &owner); attempt++)
            ;
        new_number(account, phone, kind, trunk ? trunk_sid : NULL);
    }
}

void account_set_count(struct account *account, unsigned count)
{
    while (account->number_count > count) {
        struct number *last = account->numbers;
        for (struct number *n = last; n; n = n->next)
            if (!n->next || !str_equal(n->phone, account->phone_number))
                last = n;
        forget(account, last);
    }
    generate(account, count);
    struct json_out *out = journal_begin("count");
    json_name(out, "account"), json_put_string(out, account->sid);
    json_name(out, "count"), json_put_integer(out, count);
    journal_keep();
}

void number_set(struct number *number, const struct pairs *given)
{
    struct arena *arena = arena_create(256 << 10);
    const struct pairs *old = &number->settings;
    struct pairs all = { .item = arena_array(arena, old->count + given->count, sizeof(struct pair)) };
    for (size_t i = 0; i < old->count; i++)
        if (!pairs_find(given, old->item[i].name))
            all.item[all.count++] = old->item[i];
    for (size_t i = 0; i < given->count; i++)
        all.item[all.count++] = given->item[i];
    struct str form = str_make(arena, 128 << 10);
    for (size_t i = 0; i < all.count; i++) {
        all.item[i].name = arena_text(arena, all.item[i].name);
        all.item[i].value = arena_text(arena, all.item[i].value);
        form_add(&form, all.item[i].name, all.item[i].value);
    }
    if (number->settings_arena)
        arena_destroy(number->settings_arena);
    number->settings_arena = arena;
    number->settings = all;
    number->updated = utc_now();
    struct json_out *out = journal_begin("settings");
    json_name(out, "phone"), json_put_string(out, number->phone);
    json_name(out, "form"), json_put_string(out, form.text);
    journal_keep();
}

const char *number_setting(const struct number *number, const char *name)
{
    const char *value = pairs_find(&number->settings, name);
    if (!value)
        value = pairs_find(&defaults, name);
    return value ? value : "";
}

static bool copy_member(char *out, size_t size, const struct json *object, const char *name, bool required)
{
    const char *text = json_string(json_get(object, name));
    if ((!text || !*text) && !required)
        return true;
    return text && (size_t)snprintf(out, size, "%s", text) < size && *text;
}

static bool read_numbers(struct account *account, const struct json *numbers)
{
    int64_t count;
    if (json_type_of(numbers) == JSON_ARRAY) {
        for (size_t i = 0; i < json_length(numbers); i++) {
            const char *phone = json_string(json_at(numbers, i));
            if (!phone_is_e164(phone))
                return false;
            if (!account_number(account, phone))
                new_number(account, phone, NUMBER_LOCAL, NULL);
        }
        if (account->phone_number[0] && !account_number(account, account->phone_number))
            new_number(account, account->phone_number, NUMBER_LOCAL, NULL);
        return true;
    }
    if (!json_integer(numbers, &count))
        count = str_equal(json_string(numbers), "demo") ? DEMO_NUMBERS : RIVAL_NUMBERS;
    if (count < 0 || count > 100000)
        return false;
    generate(account, (unsigned)count);
    return true;
}

static bool read_account(const struct json *object)
{
    struct account *a = calloc(1, sizeof *a);
    if (!a)
        abort();
    a->numbers_end = &a->numbers;
    a->created = utc_from_seconds(1767225600); /* accounts are older than anything that happens here */
    if (!copy_member(a->sid, sizeof a->sid, object, "account_sid", true) ||
        !copy_member(a->auth_token, sizeof a->auth_token, object, "auth_token", true) ||
        !copy_member(a->api_key, sizeof a->api_key, object, "api_key", false) ||
        !copy_member(a->api_secret, sizeof a->api_secret, object, "api_secret", false) ||
        !copy_member(a->phone_number, sizeof a->phone_number, object, "phone_number", false) ||
        strlen(a->sid) != SID_SIZE - 1 || !str_starts(a->sid, "AC") || account_find(a->sid) ||
        (a->phone_number[0] && !phone_is_e164(a->phone_number)) ||
        !read_numbers(a, json_get(object, "numbers"))) {
        free(a);
        return false;
    }
    *accounts_end = a;
    accounts_end = &a->next;
    return true;
}

static char *read_whole(struct arena *arena, const char *path, size_t *size)
{
    FILE *in = fopen(path, "r");
    if (!in)
        return NULL;
    char *bytes = arena_alloc(arena, FILE_CEILING + 1);
    *size = fread(bytes, 1, FILE_CEILING, in);
    fclose(in);
    return bytes;
}

static void set_defaults(struct arena *arena, const char *public_base_url)
{
    static struct pair items[4];
    const char *inbound =
        public_base_url ? arena_printf(arena, "%s/api/twilio/inbound", public_base_url) : "";
    items[0] = (struct pair){ "VoiceUrl", inbound };
    items[1] = (struct pair){ "VoiceMethod", "POST" };
    items[2] = (struct pair){ "VoiceFallbackMethod", "POST" };
    items[3] = (struct pair){ "StatusCallbackMethod", "POST" };
    defaults = (struct pairs){ .item = items, .count = 4 };
}

bool accounts_load(const char *path, const char *public_base_url)
{
    static struct arena *arena;                                 /* keeps the defaults' text for the process */
    arena = arena_create(8 << 20);
    set_defaults(arena, public_base_url);
    size_t size = 0;
    char *bytes = path ? read_whole(arena, path, &size) : NULL;
    if (!bytes) {
        fprintf(stderr, "outdial-sandbox: SANDBOX_ACCOUNTS: cannot read %s: %s\n", path ? path : "(not set)",
                strerror(errno));
        return false;
    }
    const struct json *list;
    struct err *e = json_read(arena, bytes, size, &list);
    if (e || json_type_of(list) != JSON_ARRAY || !json_length(list)) {
        fprintf(stderr, "outdial-sandbox: %s: %s\n", path, e ? e->message : "not a list of accounts");
        return false;
    }
    for (size_t i = 0; i < json_length(list); i++)
        if (!read_account(json_at(list, i))) {
            fprintf(
                stderr,
                "outdial-sandbox: %s: account %zu: account_sid (AC + 32 hex digits, not twice), auth_token, "
                "phone_number or numbers is wrong\n",
                path, i);
            return false;
        }
    return true;
}
