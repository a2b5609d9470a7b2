#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "sandbox/sender.h"
#include "sandbox/traffic.h"
#include "sandbox/twilio.h"

enum {
    FAILED_CONNECT = 1,
    FAILED_READ = 2,
    FAILED_4XX = 4,
    FAILED_5XX = 8,
    RETRY_WAIT_MS = 100,
    FORM_CEILING = 256 << 10,
    DOCUMENT_CEILING = 64 << 10,
    MOST_PARAMETERS = 80,
    REORDER_MS = 1000
};

/* One webhook: a status callback, or a document to be fetched. */
struct delivery {
    struct sending  *sending;
    struct life     *life;
    unsigned         epoch;
    const char      *event;                                     /* NULL for documents */
    struct hook      document;
    bool fallback, ignored; /* the fallback document; whatever comes back is ignored */
    int              retries, tried;
    unsigned         retry_on;
    const char      *shown_url;                                 /* as configured, without the fragment */
    const char      *form;                                      /* what was sent, for the log */
    char             headers[3][128];
    const char      *header_list[4];
    struct delivery *next;
};

/* ---- signature ---- */

static int by_name_and_value(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->value, y->value);
}

/* Over HTTPS voice webhooks are signed without the port; userinfo never counts. */
static char *signed_url(struct arena *arena, const char *url)
{
    bool tls = str_starts(url, "https://");
    const char *host = url + (tls ? 8 : 7);
    size_t authority = strcspn(host, "/?");
    const char *at = memchr(host, '@', authority);
    if (at) {
        authority -= (size_t)(at + 1 - host);
        host = at + 1;
    }
    const char *colon = memchr(host, ':', authority);
    size_t kept = tls && colon && host[0] != '[' ? (size_t)(colon - host) : authority;
    return arena_printf(arena, "%s%.*s%s", tls ? "https://" : "http://", (int)kept, host, host + authority);
}

char *deliver_signature(struct arena *arena, const char *token, const char *url, const struct pairs *form)
{
    struct str data = str_make(arena, FORM_CEILING);
    str_add(&data, signed_url(arena, url));
    struct pair *sorted = arena_array(arena, form->count, sizeof *sorted);
    if (form->count) {
        memcpy(sorted, form->item, form->count * sizeof *sorted);
        qsort(sorted, form->count, sizeof *sorted, by_name_and_value);
    }
    for (size_t i = 0; i < form->count; i++) {
        if (i && !by_name_and_value(&sorted[i], &sorted[i - 1]))
            continue;
        str_add(&data, sorted[i].name);
        str_add(&data, sorted[i].value);
    }
    unsigned char mac[20];
    hmac_sha1(token, strlen(token), data.text, data.length, mac);
    return base64_encode(arena, mac, sizeof mac);
}

/* ---- addresses ---- */

bool hook_url_valid(const char *url)
{
    size_t scheme = str_starts(url, "https://") ? 8 : str_starts(url, "http://") ? 7 : 0;
    if (!scheme || strlen(url) > 4000)
        return false;
    for (const char *c = url; *c; c++)
        if ((unsigned char)*c <= ' ' || (unsigned char)*c == 0x7f)
            return false;
    size_t host = strcspn(url + scheme, "/?#");
    const char *underscore = memchr(url + scheme, '_', host), *at = memchr(url + scheme, '@', host);
    return host > 0 && url[scheme] != ':' && (!underscore || (at && underscore < at));
}

static void read_override(struct delivery *d, const char *name, const char *value)
{
    int64_t number;
    if (str_equal(name, "rc") && str_to_long(value, 0, 5, &number))
        d->retries = (int)number;
    else if (str_equal(name, "rt") && str_to_long(value, 100, 15000, &number))
        d->sending->request.timeout_ms = number;
    else if (str_equal(name, "rp"))
        d->retry_on = (strstr(value, "ct") ? FAILED_CONNECT : 0u) | (strstr(value, "rt") ? FAILED_READ : 0u) |
                      (strstr(value, "4xx") ? FAILED_4XX : 0u) | (strstr(value, "5xx") ? FAILED_5XX : 0u) |
                      (strstr(value, "all") ? 15u : 0u);
}

/* "#rc=3&rp=5xx,ct,rt": how to deliver, never sent. */
static void read_overrides(struct delivery *d, const char *fragment)
{
    struct pairs overrides;
    if (!*fragment || !form_parse(d->sending->arena, fragment + 1, strlen(fragment + 1), &overrides))
        return;
    for (size_t i = 0; i < overrides.count; i++)
        read_override(d, overrides.item[i].name, overrides.item[i].value);
}

/* ---- parameters ---- */

struct parameters { struct pair item[MOST_PARAMETERS]; size_t count; };

static void add(struct parameters *p, const char *name, const char *value)
{
    if (value && p->count < MOST_PARAMETERS)
        p->item[p->count++] = (struct pair){ name, value };
}

static const char *country_of(const char *phone)
{
    static const struct {
        const char *prefix, *country;
    } known[] = { { "+1", "US" },  { "+44", "GB" }, { "+49", "DE" }, { "+33", "FR" }, { "+90", "TR" },
                  { "+47", "NO" }, { "+34", "ES" }, { "+39", "IT" }, { "+31", "NL" }, { "+46", "SE" },
                  { "+45", "DK" }, { "+41", "CH" }, { "+43", "AT" }, { "+61", "AU" } };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_starts(phone, known[i].prefix))
            return known[i].country;
    return "";
}

static void add_places(struct parameters *p, const struct call *c)
{
    static const char *const names[4][4] = { { "FromCity", "FromState", "FromZip", "FromCountry" },
                                             { "CallerCity", "CallerState", "CallerZip", "CallerCountry" },
                                             { "ToCity", "ToState", "ToZip", "ToCountry" },
                                             { "CalledCity", "CalledState", "CalledZip", "CalledCountry" } };
    for (int who = 0; who < 4; who++) {
        for (int part = 0; part < 3; part++)
            add(p, names[who][part], "");
        add(p, names[who][3], country_of(who < 2 ? c->from : c->to));
    }
}

static void add_call(struct parameters *p, const struct call *c, const char *status)
{
    add(p, "CallSid", c->sid);
    add(p, "AccountSid", c->account->sid);
    add(p, "From", c->from);
    add(p, "To", c->to);
    add(p, "CallStatus", status);
    add(p, "ApiVersion", "2010-04-01");
    add(p, "Direction", call_direction_names[c->direction]);
    add(p, "Caller", c->from);
    add(p, "Called", c->to);
    add(p, "ParentCallSid", c->parent ? c->parent->sid : NULL);
    add_places(p, c);
}

/* ---- sending ---- */

static void done(struct sending *);

static struct delivery *prepare(struct life *life, struct hook hook, const struct parameters *p)
{
    struct sending *sending = sender_make();
    struct arena *arena = sending->arena;
    struct delivery *d = ARENA_NEW(arena, struct delivery);
    *d = (struct delivery){
        .sending = sending, .life = life, .epoch = life->epoch, .retries = 1, .retry_on = FAILED_CONNECT
    };
    sending->request.timeout_ms = 15000;
    sending->request.answer_ceiling = DOCUMENT_CEILING * 4;
    size_t length = strcspn(hook.url, "#");
    read_overrides(d, hook.url + length);
    const char *url = arena_copy(arena, hook.url, length);
    struct pairs form = { .item = (struct pair *)p->item, .count = p->count };
    struct str text = str_make(arena, FORM_CEILING);
    for (size_t i = 0; i < form.count; i++)
        form_add(&text, form.item[i].name, form.item[i].value);
    d->shown_url = url;
    d->form = text.text;
    bool get = str_equal(hook.method, "GET");
    if (get) {
        url = arena_printf(arena, "%s%c%s", url, strchr(url, '?') ? '&' : '?', text.text);
        form.count = 0;
    } else {
        sending->request.body = text.text;
        sending->request.body_size = text.length;
    }
    char token[SID_SIZE];
    world_random_sid(token, "ID");
    snprintf(d->headers[0], sizeof d->headers[0], "X-Twilio-Signature: %s",
             deliver_signature(arena, life->call->account->auth_token, url, &form));
    snprintf(d->headers[1], sizeof d->headers[1], "I-Twilio-Idempotency-Token: %s", token + 2);
    snprintf(d->headers[2], sizeof d->headers[2],
             "Content-Type: application/x-www-form-urlencoded; charset=UTF-8");
    for (int i = 0; i < (get ? 2 : 3); i++)
        d->header_list[i] = d->headers[i];
    sending->request.method = get ? "GET" : "POST";
    sending->request.url = url;
    sending->request.headers = d->header_list;
    sending->done = done;
    sending->call = life->call;
    sending->data = d;
    return d;
}

static unsigned failure_of(const struct http_answer *answer)
{
    if (answer->outcome == HTTP_NOT_SENT)
        return FAILED_CONNECT;
    if (answer->outcome == HTTP_UNKNOWN)
        return FAILED_READ;
    return answer->status >= 500 ? FAILED_5XX : answer->status >= 400 ? FAILED_4XX : 0;
}

static void log_delivery(const struct delivery *d, const char *verdict)
{
    const struct sending *s = d->sending;
    char headers[512];
    snprintf(headers, sizeof headers, "%s\n%s\n%s\n", d->headers[0], d->headers[1],
             s->request.body ? d->headers[2] : "");
    struct exchange exchange = {
        .at = s->at.us ? s->at : utc_now(), .callback = true, .provider = "twilio",
        .method = s->request.method, .url = s->request.url, .headers = headers, .body = d->form,
        .verdict = verdict, .status = s->answer.outcome == HTTP_ANSWERED ? (int)s->answer.status : 0,
        .answer = s->answer.body, .answer_type = s->answer.content_type, .took_ms = (int)s->answer.took_ms };
    uint64_t seq = traffic_add(&exchange);
    call_exchange(d->life->call, seq);
}

static const char *verdict_of(struct delivery *d)
{
    const struct http_answer *answer = &d->sending->answer;
    unsigned failure = failure_of(answer);
    if (!failure)
        return "delivered";
    return arena_printf(d->sending->arena, "%s%s", failure == FAILED_CONNECT ? "11205 cannot connect" :
                        failure == FAILED_READ ? "11205 no complete answer" : "11200 refused",
                        d->tried < d->retries && (d->retry_on & failure) ? ", will be retried" : "");
}

static bool retry(struct delivery *d)
{
    unsigned failure = failure_of(&d->sending->answer);
    if (!failure || d->tried >= d->retries || !(d->retry_on & failure))
        return false;
    log_delivery(d, verdict_of(d));
    sender_send_after(d->sending, (int64_t)RETRY_WAIT_MS << d->tried++);
    return true;
}

/* ---- status callbacks: one after another per call, unless faults say otherwise ---- */

static void callback_over(struct delivery *d);

static void send_next(struct life *life)
{
    struct delivery *d = life->queue;
    if (life->sending || !d)
        return;
    life->queue = d->next;
    life->sending = true;
    sender_send(d->sending);
}

static void enqueue(struct delivery *d)
{
    struct life *life = d->life;
    const struct script *script = life->call->script;
    if (script->delay_ms || script->reorder) {
        sender_send_after(d->sending, script->delay_ms);
        return;
    }
    if (!life->queue)
        life->queue_end = &life->queue;
    *life->queue_end = d;
    life->queue_end = &d->next;
    send_next(life);
}

static void callback_over(struct delivery *d)
{
    struct life *life = d->life;
    const struct script *script = life->call->script;
    log_delivery(d, verdict_of(d));
    const struct http_answer *answer = &d->sending->answer;
    call_callback(life->call, d->event, d->shown_url,
                  answer->outcome == HTTP_ANSWERED ? (int)answer->status : 0, d->sending->at);
    sender_drop(d->sending);
    if (script->delay_ms || script->reorder)
        return;
    life->sending = false;
    send_next(life);
}

static void release_held(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    struct life *life = data;
    struct delivery *d = life->held;
    life->held = NULL;
    if (d)
        enqueue(d);
}

/* A callback is kept back until the next one has overtaken it, or for a second. */
static void send_reordered(struct delivery *d, bool last)
{
    struct life *life = d->life;
    struct delivery *held = life->held;
    if (!held && !last) {
        life->held = d;
        struct timeval wait = { .tv_sec = REORDER_MS / 1000, .tv_usec = REORDER_MS % 1000 * 1000 };
        evtimer_assign(&life->held_timer, serve_events(), release_held, life);
        evtimer_add(&life->held_timer, &wait);
        return;
    }
    if (held)
        evtimer_del(&life->held_timer);
    life->held = NULL;
    enqueue(d);
    if (held)
        sender_send_after(held->sending, life->call->script->delay_ms + 50);
}

static struct delivery *copy_of(struct life *life, struct hook hook, const struct parameters *p,
                                const struct delivery *first)
{
    struct delivery *d = prepare(life, hook, p);
    memcpy(d->headers[1], first->headers[1], sizeof d->headers[1]);     /* the same message: the same token */
    d->event = first->event;
    return d;
}

static void call_back(struct life *life, const char *event, struct hook hook, const struct parameters *p,
                      bool last)
{
    if (!hook.url || !hook_url_valid(hook.url) || !world_callbacks())
        return;
    const struct script *script = life->call->script;
    struct delivery *d = prepare(life, hook, p);
    d->event = event;
    if (script->drop > 0 && world_chance() < script->drop) {
        d->sending->answer.outcome = HTTP_NOT_SENT;
        log_delivery(d, "dropped as scripted");
        call_callback(life->call, event, d->shown_url, 0, utc_now());
        sender_drop(d->sending);
        return;
    }
    struct delivery *second = NULL;
    if (script->duplicate > 0 && world_chance() < script->duplicate)
        second = copy_of(life, hook, p, d);
    if (script->reorder)
        send_reordered(d, last);
    else
        enqueue(d);
    if (second)
        enqueue(second);
}

static const char *event_name(unsigned event)
{
    return event == EVENT_INITIATED  ? "initiated"
           : event == EVENT_RINGING  ? "ringing"
           : event == EVENT_ANSWERED ? "answered"
                                     : "completed";
}

static void add_ending(struct parameters *p, const struct life *life, char texts[3][16])
{
    const struct call *c = life->call;
    snprintf(texts[0], sizeof texts[0], "%d", c->duration);
    snprintf(texts[1], sizeof texts[1], "%d", (c->duration + 59) / 60);
    snprintf(texts[2], sizeof texts[2], "%d", life->sip_code);
    add(p, "CallDuration", texts[0]);
    add(p, "Duration", texts[1]);
    if (c->direction != CALL_INBOUND)
        add(p, "SipResponseCode", texts[2]);
}

void deliver_event(struct life *life, unsigned event)
{
    struct call *c = life->call;
    struct hook hook = { c->status_callback, c->status_method };
    if (!(life->events & event) || !*hook.url || !world_callbacks())
        return;
    struct parameters p = { .count = 0 };
    char sequence[16], date[64], ending[3][16];
    struct arena *scratch = arena_create(4096);
    snprintf(sequence, sizeof sequence, "%u", life->sequence++);
    snprintf(date, sizeof date, "%s", utc_text_rfc2822(scratch, c->updated));
    arena_destroy(scratch);
    add_call(&p, c, call_status_names[c->status]);
    add(&p, "Timestamp", date);
    add(&p, "CallbackSource", "call-progress-events");
    add(&p, "SequenceNumber", sequence);
    add(&p, "AnsweredBy", c->answered_by);
    if (event == EVENT_COMPLETED)
        add_ending(&p, life, ending);
    call_back(life, event_name(event), hook, &p, event == EVENT_COMPLETED);
}

void deliver_detection(struct life *life, int64_t detection_ms)
{
    struct parameters p = { .count = 0 };
    char duration[24];
    snprintf(duration, sizeof duration, "%lld", (long long)detection_ms);
    add(&p, "CallSid", life->call->sid);
    add(&p, "AccountSid", life->call->account->sid);
    add(&p, "AnsweredBy", life->call->answered_by);
    add(&p, "MachineDetectionDuration", duration);
    call_back(life, "amd", life->detection_hook, &p, true);
}

void deliver_recording(struct life *life, struct hook hook, const char *sid, int secs)
{
    struct parameters p = { .count = 0 };
    char duration[16], url[256];
    const char *account = life->call->account->sid;
    snprintf(duration, sizeof duration, "%d", secs);
    snprintf(url, sizeof url, "https://api.twilio.com/2010-04-01/Accounts/%s/Recordings/%s", account, sid);
    add(&p, "AccountSid", account);
    add(&p, "CallSid", life->call->sid);
    add(&p, "RecordingSid", sid);
    add(&p, "RecordingUrl", url);
    add(&p, "RecordingStatus", "completed");
    add(&p, "RecordingDuration", duration);
    add(&p, "RecordingChannels", "1");
    add(&p, "RecordingSource", "RecordVerb");
    call_back(life, "recording", hook, &p, true);
}

/* ---- documents ---- */

static void fetch(struct life *life, struct hook hook, const struct pairs *extra, bool fallback, bool ignored)
{
    struct parameters p = { .count = 0 };
    add_call(&p, life->call, call_status_names[life->call->status]);
    if (life->detection != DETECTION_OFF && !life->detection_apart)
        add(&p, "AnsweredBy", life->call->answered_by);
    for (size_t i = 0; extra && i < extra->count; i++)
        add(&p, extra->item[i].name, extra->item[i].value);
    struct delivery *d = prepare(life, hook, &p);
    d->fallback = fallback;
    d->ignored = ignored;
    d->document = (struct hook){ arena_text(world_arena(), d->shown_url), hook.method };
    sender_send(d->sending);
}

static void document_failed(struct life *life, const struct delivery *d, int code, const char *text)
{
    life_note(life, code, "%s", text);
    if (d->fallback || !life->fallback.url || !hook_url_valid(life->fallback.url)) {
        life_hang_up(life);
        return;
    }
    char number[16];
    snprintf(number, sizeof number, "%d", code);
    struct pair extra[] = { { "ErrorCode", number }, { "ErrorUrl", d->shown_url } };
    fetch(life, life->fallback, &(struct pairs){ extra, 2 }, true, false);
}

static const char *speakable(const struct http_answer *answer)
{
    return answer->content_type && str_starts(answer->content_type, "text/plain") ? answer->body : NULL;
}

static void document_here(struct delivery *d)
{
    struct life *life = d->life;
    const struct http_answer *answer = &d->sending->answer;
    struct xml_node *root = NULL;
    struct finding finding = { 0 };
    if (failure_of(answer) || answer->status >= 300)
        finding = (struct finding){ failure_of(answer) & (FAILED_CONNECT | FAILED_READ) ? 11205 : 11200, true,
                                    "the document could not be fetched" };
    else if (answer->body_size > DOCUMENT_CEILING)
        finding = (struct finding){ 11750, true, "the document is larger than 64 kB" };
    else if (!speakable(answer))
        finding =
            twiml_read(answer->body ? answer->body : "", answer->body_size, answer->content_type, &root);
    log_delivery(d, finding.code ? arena_printf(d->sending->arena, "%d %s", finding.code, finding.text)
                                 : "delivered");
    bool stale = d->ignored || d->epoch != life->epoch || call_status_over(life->call->status);
    if (stale)
        return;
    if (answer->body && !failure_of(answer) && utf8_valid(answer->body, answer->body_size))
        call_document(life->call, answer->body);
    if (finding.fatal) {
        document_failed(life, d, finding.code, finding.text);
        return;
    }
    if (finding.code)
        life_note(life, finding.code, "%s", finding.text);
    if (speakable(answer) && utf8_valid(answer->body, answer->body_size))
        call_says(life->call, answer->body);
    twiml_run(life, root, d->document);
}

static void done(struct sending *sending)
{
    struct delivery *d = sending->data;
    if (sending_stale(sending)) {
        sender_drop(sending);
        return;
    }
    if (retry(d))
        return;
    if (d->event) {
        callback_over(d);
        return;
    }
    document_here(d);
    sender_drop(sending);
}

void deliver_dropped(struct life *life)
{
    for (struct delivery *d = life->queue, *next; d; d = next) {
        next = d->next;
        sender_drop(d->sending);
    }
    if (life->held) {
        evtimer_del(&life->held_timer);
        sender_drop(life->held->sending);
    }
}

void deliver_fetch(struct life *life, struct hook hook, const struct pairs *extra)
{
    life->epoch++;
    if (!world_callbacks()) {
        life_document_over(life);
        return;
    }
    if (!hook.url || !hook_url_valid(hook.url)) {
        life_note(life, 11100, "the address of the next document is not valid");
        life_hang_up(life);
        return;
    }
    fetch(life, hook, extra, false, false);
}

void deliver_tell(struct life *life, struct hook hook, const struct pairs *extra)
{
    if (hook.url && hook_url_valid(hook.url) && world_callbacks())
        fetch(life, hook, extra, false, true);
}
