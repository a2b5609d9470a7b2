#include "sandbox/world.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "sandbox/journal.h"
#include "sandbox/scripts.h"
#include "sandbox/serve.h"
#include "sandbox/traffic.h"

#define PRICED_AFTER_SECS 10                                    /* of the provider's time, after the end */

static struct arena *arena;
static atomic_uint generation = 1;                              /* the sender's thread looks too */
static uint64_t chance_state;
static double speed = 1;
static bool callbacks = true;

static struct call **all;
static unsigned count, space;
static struct call **buckets;
static unsigned bucket_count;

/* While a record of the journal is replayed, its instant and sid stand in for now and a new one. */
static struct utc replay_at;
static const char *replay_sid;

const char *const call_status_names[] = { "queued", "initiated", "ringing",   "in-progress", "completed",
                                          "busy",   "failed",    "no-answer", "canceled" };
const char *const call_direction_names[] = { "inbound", "outbound-api", "outbound-dial" };

const char *call_status_public(enum call_status status)
{
    return status == CALL_INITIATED ? "queued" : call_status_names[status];
}

bool call_status_parse(const char *name, enum call_status *out)
{
    for (int i = CALL_QUEUED; i <= CALL_CANCELED; i++)
        if (i != CALL_INITIATED && str_equal(call_status_names[i], name)) {
            *out = (enum call_status)i;
            return true;
        }
    return false;
}

void world_init(uint64_t seed)
{
    chance_state = seed ? seed : 1;
    arena = arena_create(SIZE_MAX);
}

unsigned world_generation(void)
{
    return generation;
}

struct arena *world_arena(void)
{
    return arena;
}

double world_chance(void)
{
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    chance_state ^= chance_state << 17;
    return (double)(chance_state >> 11) / 9007199254740992.0;
}

void world_random_sid(char out[SID_SIZE], const char *prefix)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[16];
    secret_random(bytes, sizeof bytes);
    memcpy(out, prefix, 2);
    for (int i = 0; i < 16; i++) {
        out[2 + 2 * i] = digits[bytes[i] >> 4];
        out[3 + 2 * i] = digits[bytes[i] & 15];
    }
    out[SID_SIZE - 1] = '\0';
}

double world_speed(void)
{
    return speed;
}

bool world_callbacks(void)
{
    return callbacks;
}

static void record_pace(void)
{
    struct json_out *out = journal_begin("pace");
    json_name(out, "factor"), json_put_real(out, speed);
    json_name(out, "callbacks"), json_put_flag(out, callbacks);
    journal_end();
}

void world_set_speed(double factor)
{
    speed = factor;
    record_pace();
}

void world_set_callbacks(bool wanted)
{
    callbacks = wanted;
    record_pace();
}

void world_reset(void)
{
    generation++;
    scripts_forget();
    traffic_reset();
    count = 0;
    if (buckets)
        memset(buckets, 0, bucket_count * sizeof *buckets);
    speed = 1;
    callbacks = true;
    arena_destroy(arena);
    arena = arena_create(SIZE_MAX);
    journal_reset();
}

/* ---- calls ---- */

static struct utc now(void)
{
    return replay_at.us ? replay_at : utc_now();
}

static unsigned bucket_of(const char *sid)
{
    uint64_t hash = 14695981039346656037u;
    for (; *sid; sid++)
        hash = (hash ^ (unsigned char)*sid) * 1099511628211u;
    return (unsigned)(hash & (bucket_count - 1));
}

static void put_in_bucket(struct call *c)
{
    struct call **bucket = &buckets[bucket_of(c->sid)];
    c->next_in_bucket = *bucket;
    *bucket = c;
}

static void grow(void)
{
    space = space ? space * 2 : 4096;
    all = realloc(all, space * sizeof *all);
    free(buckets);
    bucket_count = space;
    buckets = calloc(bucket_count, sizeof *buckets);
    if (!all || !buckets)
        abort();
    for (unsigned i = 0; i < count; i++)
        put_in_bucket(all[i]);
}

struct call *call_find(const char *sid)
{
    if (!bucket_count || !sid)
        return NULL;
    struct call *c = buckets[bucket_of(sid)];
    while (c && !str_equal(c->sid, sid))
        c = c->next_in_bucket;
    return c;
}

unsigned calls_count(void)
{
    return count;
}

struct call *calls_at(unsigned index)
{
    return all[index];
}

static void put(struct json_out *out, const char *name, const char *text)
{
    json_name(out, name);
    json_put_string(out, text);
}

static void record_place(const struct call *c)
{
    struct json_out *out = journal_begin_at("call", c->created);
    put(out, "sid", c->sid);
    put(out, "provider", c->provider->name);
    put(out, "account", c->account->sid);
    put(out, "parent", c->parent ? c->parent->sid : NULL);
    put(out, "to", c->to);
    put(out, "from", c->from);
    json_name(out, "direction"), json_put_integer(out, c->direction);
    put(out, "request", c->request);
    journal_end();
}

struct call *call_place(const struct provider *provider, struct account *account,
                        enum call_direction direction, const char *to, const char *from, struct call *parent,
                        const char *request)
{
    if (count == space)
        grow();
    struct call *c = ARENA_NEW(arena, struct call);
    if (replay_sid)
        snprintf(c->sid, sizeof c->sid, "%s", replay_sid);
    else
        world_random_sid(c->sid, "CA");
    c->provider = provider;
    c->account = account;
    c->direction = direction;
    c->to = arena_text(arena, to);
    c->from = arena_text(arena, from);
    c->parent = parent;
    c->request = arena_text(arena, request ? request : "");
    c->script = script_for(direction == CALL_INBOUND ? from : to);
    c->created = c->updated = now();
    c->said.end = &c->said.first;
    c->twiml.end = &c->twiml.first;
    c->callbacks_end = &c->callbacks;
    c->exchanges_end = &c->exchanges;
    c->status_callback = c->status_method = "";
    c->index = count;
    all[count++] = c;
    put_in_bucket(c);
    record_place(c);
    return c;
}

static struct json_out *begin(const struct call *c, const char *kind)
{
    struct json_out *out = journal_begin(kind);
    put(out, "sid", c->sid);
    return out;
}

/* Whole seconds, begun ones counted: a call that was answered lasted. */
static int seconds_between(struct utc from, struct utc to)
{
    return to.us <= from.us ? 1 : (int)((to.us - from.us + 999999) / 1000000);
}

void call_mark(struct call *c, enum call_status status)
{
    c->status = status;
    c->updated = now();
    if (status >= CALL_INITIATED && !c->started.us && status != CALL_CANCELED) {
        c->started = c->updated;
        c->queue_ms = (int)((c->started.us - c->created.us) / 1000);
    }
    if (status == CALL_IN_PROGRESS)
        c->answered = c->updated;
    if (call_status_over(status)) {
        c->ended = c->updated;
        c->duration = c->answered.us ? seconds_between(c->answered, c->ended) : 0;
    }
    struct json_out *out = journal_begin_at("status", c->updated);
    put(out, "sid", c->sid);
    json_name(out, "status"), json_put_integer(out, status);
    journal_end();
}

void call_answered_by(struct call *c, const char *by)
{
    c->answered_by = arena_text(arena, by);
    put(begin(c, "answered_by"), "by", by);
    journal_end();
}

static void add_text(struct text_list *list, const char *text)
{
    struct text_item *item = ARENA_NEW(arena, struct text_item);
    item->text = arena_text(arena, text);
    *list->end = item;
    list->end = &item->next;
    list->count++;
}

void call_says(struct call *c, const char *text)
{
    add_text(&c->said, text);
    put(begin(c, "said"), "text", text);
    journal_end();
}

void call_document(struct call *c, const char *twiml)
{
    add_text(&c->twiml, twiml);
    put(begin(c, "twiml"), "text", twiml);
    journal_end();
}

void call_pressed(struct call *c, const char *digits)
{
    c->digits = c->digits ? arena_printf(arena, "%s%s", c->digits, digits) : arena_text(arena, digits);
    put(begin(c, "digits"), "text", digits);
    journal_end();
}

void call_callback(struct call *c, const char *event, const char *url, int status, struct utc at)
{
    struct callback_made *made = ARENA_NEW(arena, struct callback_made);
    *made = (struct callback_made){ .event = arena_text(arena, event), .status = status, .at = at };
    made->url =
        c->callbacks && str_equal(c->callbacks->url, url) ? c->callbacks->url : arena_text(arena, url);
    *c->callbacks_end = made;
    c->callbacks_end = &made->next;
    struct json_out *out = begin(c, "callback");
    put(out, "event", event);
    put(out, "url", url);
    json_name(out, "http"), json_put_integer(out, status);
    json_name(out, "sent"), json_put_integer(out, at.us);
    journal_end();
}

void call_exchange(struct call *c, uint64_t seq)
{
    struct exchange_made *made = ARENA_NEW(arena, struct exchange_made);
    made->seq = seq;
    *c->exchanges_end = made;
    c->exchanges_end = &made->next;
}

void call_status_callback(struct call *c, const char *url, const char *method)
{
    c->status_callback = arena_text(arena, url ? url : "");
    c->status_method = arena_text(arena, method ? method : "POST");
    struct json_out *out = begin(c, "status_callback");
    put(out, "url", c->status_callback);
    put(out, "method", c->status_method);
    journal_end();
}

void call_delete(struct call *c)
{
    c->deleted = true;
    begin(c, "delete");
    journal_end();
}

/* ---- as the control interface shows it ---- */

static void put_time(struct json_out *out, const char *name, struct utc at)
{
    put(out, name, at.us ? utc_text(out->str.arena, at) : NULL);
}

static void put_texts(struct json_out *out, const char *name, const struct text_list *list)
{
    json_name(out, name);
    json_open_array(out);
    for (const struct text_item *i = list->first; i; i = i->next)
        json_put_string(out, i->text);
    json_close_array(out);
}

static void put_callbacks(struct json_out *out, const struct call *c)
{
    json_name(out, "callbacks");
    json_open_array(out);
    for (const struct callback_made *m = c->callbacks; m; m = m->next) {
        json_open_object(out);
        put(out, "event", m->event);
        put(out, "url", m->url);
        json_name(out, "status");
        if (m->status)
            json_put_integer(out, m->status);
        else
            json_put_null(out);
        put_time(out, "at", m->at);
        json_close_object(out);
    }
    json_close_array(out);
}

/* A repeated parameter becomes a list. */
static void put_request(struct json_out *out, const struct call *c)
{
    struct pairs form = { 0 };
    if (!form_parse(out->str.arena, c->request, strlen(c->request), &form))
        form.count = 0;
    json_name(out, "request");
    json_open_object(out);
    for (size_t i = 0; i < form.count; i++) {
        size_t times = 0, first = i;
        for (size_t j = 0; j < form.count; j++)
            if (str_equal(form.item[j].name, form.item[i].name)) {
                times++;
                first = j < first ? j : first;
            }
        if (first < i)
            continue;
        json_name(out, form.item[i].name);
        if (times > 1)
            json_open_array(out);
        for (size_t j = i; j < form.count; j++)
            if (str_equal(form.item[j].name, form.item[i].name))
                json_put_string(out, form.item[j].value);
        if (times > 1)
            json_close_array(out);
    }
    json_close_object(out);
}

/* ---- what calls cost ---- */

/* In hundred-thousandths of a dollar per begun minute; the first prefix that fits. */
static const struct { const char *prefix; int per_minute; } tariff[] = {
    { "+1", 1300 }, { "+90", 8250 }, { "+33", 1500 }, { "+44", 1580 }, { "+49", 1720 }, { "client:", 400 }, { "sip:", 400 }, { "", 12345 },
};

const char *call_price(struct arena *into, const struct call *c)
{
    size_t row = 0;
    int64_t waited_us = utc_now().us - c->ended.us;

    if (!call_status_over(c->status) || !c->answered.us || (double)waited_us * world_speed() < PRICED_AFTER_SECS * 1e6)
        return NULL;
    while (!str_starts(c->to, tariff[row].prefix))
        row++;
    int minutes = c->duration > 0 ? (c->duration + 59) / 60 : 1, price = minutes * tariff[row].per_minute;
    return arena_printf(into, "-%d.%05d", price / 100000, price % 100000);
}

void call_json(struct json_out *out, const struct call *c)
{
    json_open_object(out);
    put(out, "provider", c->provider->name);
    put(out, "sid", c->sid);
    put(out, "parent_sid", c->parent ? c->parent->sid : NULL);
    put(out, "account_sid", c->account->sid);
    put(out, "to", c->to);
    put(out, "from", c->from);
    put(out, "direction", call_direction_names[c->direction]);
    put(out, "status", call_status_public(c->status));
    put(out, "answered_by", c->answered_by);
    json_name(out, "duration");
    if (call_status_over(c->status))
        json_put_integer(out, c->duration);
    else
        json_put_null(out);
    put_time(out, "created_at", c->created);
    put_time(out, "answered_at", c->answered);
    put_time(out, "ended_at", c->ended);
    put_texts(out, "said", &c->said);
    put(out, "digits", c->digits ? c->digits : "");
    put_texts(out, "twiml", &c->twiml);
    put_callbacks(out, c);
    put_request(out, c);
    put(out, "room", c->room);
    put(out, "dispatch_id", c->dispatch_id);
    put(out, "sip_number", c->sip_number);
    json_close_object(out);
}

/* ---- replay ---- */

static void replay_call(const struct json *record)
{
    struct account *account = account_find(json_string(json_get(record, "account")));
    const struct provider *provider = provider_find(json_string(json_get(record, "provider")));
    int64_t direction = 0;
    json_integer(json_get(record, "direction"), &direction);
    const char *to = json_string(json_get(record, "to")), *from = json_string(json_get(record, "from"));
    replay_sid = json_string(json_get(record, "sid"));
    if (account && provider && to && from && replay_sid && direction >= CALL_INBOUND &&
        direction <= CALL_OUTBOUND_DIAL)
        call_place(provider, account, (enum call_direction)direction, to, from,
                   call_find(json_string(json_get(record, "parent"))),
                   json_string(json_get(record, "request")));
    replay_sid = NULL;
}

static void replay_callback(struct call *c, const struct json *record)
{
    int64_t http = 0, sent = 0;
    json_integer(json_get(record, "http"), &http);
    json_integer(json_get(record, "sent"), &sent);
    const char *event = json_string(json_get(record, "event")), *url = json_string(json_get(record, "url"));
    call_callback(c, event ? event : "", url ? url : "", (int)http, (struct utc){ sent });
}

static void replay_of_call(const char *kind, struct call *c, const struct json *record)
{
    const char *text = json_string(json_get(record, "text"));
    int64_t status;
    if (str_equal(kind, "status") && json_integer(json_get(record, "status"), &status) && status >= 0 &&
        status <= CALL_CANCELED)
        call_mark(c, (enum call_status)status);
    else if (str_equal(kind, "answered_by"))
        call_answered_by(c, json_string(json_get(record, "by")));
    else if (str_equal(kind, "said") && text)
        call_says(c, text);
    else if (str_equal(kind, "twiml") && text)
        call_document(c, text);
    else if (str_equal(kind, "digits") && text)
        call_pressed(c, text);
    else if (str_equal(kind, "callback"))
        replay_callback(c, record);
    else if (str_equal(kind, "status_callback"))
        call_status_callback(c, json_string(json_get(record, "url")),
                             json_string(json_get(record, "method")));
    else if (str_equal(kind, "delete"))
        call_delete(c);
}

static void replay_of_account(const char *kind, struct account *account, const struct json *record)
{
    const char *phone = json_string(json_get(record, "phone"));
    int64_t number = 0;
    if (str_equal(kind, "count") && json_integer(json_get(record, "count"), &number)) {
        account_set_count(account, (unsigned)number);
    } else if (str_equal(kind, "number") && json_integer(json_get(record, "kind"), &number)) {
        account_add_number(account, phone, (enum number_kind)number, json_string(json_get(record, "trunk")));
    } else if (str_equal(kind, "bought")) {
        const char *sid = json_string(json_get(record, "sid"));
        if (sid)
            account_bought(account, phone, sid);
    } else if (str_equal(kind, "release")) {
        struct number *n = account_number(account, phone);
        if (n)
            account_release(account, n);
    } else if (str_equal(kind, "cps")) {
        json_number(json_get(record, "cps"), &account->calls_per_second);
    }
}

static void replay_settings(const struct json *record)
{
    struct account *owner;
    struct number *n = number_anywhere(json_string(json_get(record, "phone")), &owner);
    const char *form = json_string(json_get(record, "form"));
    struct arena *scratch = arena_create(1 << 20);
    struct pairs pairs;
    if (n && form && form_parse(scratch, form, strlen(form), &pairs))
        number_set(n, &pairs);
    arena_destroy(scratch);
}

static void replay_script(const struct json *script)
{
    struct arena *scratch = arena_create(1 << 20);
    (void)!scripts_post(scratch, script);
    arena_destroy(scratch);
}

void world_replay(const struct json *record)
{
    const char *kind = json_string(json_get(record, "record"));
    struct call *c = call_find(json_string(json_get(record, "sid")));
    struct account *account = account_find(json_string(json_get(record, "account")));
    int64_t number;
    json_integer(json_get(record, "at"), &replay_at.us);
    if (str_equal(kind, "call")) {
        replay_call(record);
    } else if (c) {
        replay_of_call(kind, c, record);
    } else if (str_equal(kind, "script")) {
        replay_script(json_get(record, "script"));
    } else if (str_equal(kind, "strike")) {
        script_strike(json_string(json_get(record, "to")));
    } else if (str_equal(kind, "settings")) {
        replay_settings(record);
    } else if (str_equal(kind, "traffic") && json_integer(json_get(record, "seq"), &number)) {
        traffic_continue((uint64_t)number);
    } else if (str_equal(kind, "pace")) {
        json_number(json_get(record, "factor"), &speed);
        json_flag(json_get(record, "callbacks"), &callbacks);
    } else if (account) {
        replay_of_account(kind, account, record);
    }
    replay_at.us = 0;
}
