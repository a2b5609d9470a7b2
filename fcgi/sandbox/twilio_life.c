#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/journal.h"
#include "sandbox/twilio.h"

/* The provider's own waiting, in seconds. */
static const double DIALING = 0.05, TO_RINGING = 0.3, TO_FAILED = 0.5, HUMAN_KNOWN = 1, MACHINE_KNOWN = 1.5,
                    BEEP_HEARD = 2, NOBODY_KNOWN = 2, SPEED_DEFAULT_RING_LIMIT = 60, AFTER_RESTART = 1;

struct life *life_of(const struct call *call)
{
    return call->live;
}

/* ---- timers ---- */

static void timer_due(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    struct life *life = data;
    life->after(life);
}

static void limit_due(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    life_hang_up(data);
}

static void detection_due(evutil_socket_t fd, short what, void *data);

static void start_timer(struct event *timer, double provider_secs)
{
    double us = provider_secs / world_speed() * 1e6;
    struct timeval wait = { .tv_sec = (time_t)(us / 1e6), .tv_usec = (suseconds_t)us % 1000000 };
    evtimer_add(timer, &wait);
}

void life_wait(struct life *life, double provider_secs, void (*after)(struct life *))
{
    life->after = after;
    start_timer(&life->timer, provider_secs);
}

struct life *life_make(struct call *call)
{
    struct life *life = ARENA_NEW(world_arena(), struct life);
    life->call = call;
    life->events = EVENT_COMPLETED;
    life->ring_limit = SPEED_DEFAULT_RING_LIMIT;
    life->detection_limit = 30;
    life->notes_end = &life->notes;
    life->sip_code = 200;
    evtimer_assign(&life->timer, serve_events(), timer_due, life);
    evtimer_assign(&life->limit, serve_events(), limit_due, life);
    evtimer_assign(&life->detection_timer, serve_events(), detection_due, life);
    call->live = life;
    return life;
}

void life_note(struct life *life, int code, const char *format, ...)
{
    struct note *note = ARENA_NEW(world_arena(), struct note);
    va_list list;
    va_start(list, format);
    *note =
        (struct note){ .code = code, .text = arena_vprintf(world_arena(), format, list), .at = utc_now() };
    va_end(list);
    *life->notes_end = note;
    life->notes_end = &note->next;
}

/* ---- the end ---- */

void life_finish(struct life *life, enum call_status status, int sip_code)
{
    struct call *call = life->call;
    if (call_status_over(call->status))
        return;
    evtimer_del(&life->timer);
    evtimer_del(&life->limit);
    evtimer_del(&life->detection_timer);
    life->epoch++;
    life->sip_code = sip_code;
    bool never_dialed = call->status == CALL_QUEUED && status == CALL_CANCELED;
    call_mark(call, status);
    if (life->dial)
        dial_caller_gone(life);
    if (!never_dialed)
        deliver_event(life, EVENT_COMPLETED);
    if (life->dialer)
        dial_leg_over(life);
}

void life_hang_up(struct life *life)
{
    if (life->call->status == CALL_IN_PROGRESS || life->call->direction == CALL_INBOUND)
        life_finish(life, CALL_COMPLETED, 200);
    else
        life_finish(life, CALL_CANCELED, 487);
}

void life_document_over(struct life *life)
{
    struct call *call = life->call;
    if (!world_callbacks()) /* nobody was asked what to say: the two just talk */
        life_wait(life, call->script->talk_secs, life_hang_up);
    else if (life->whispering)
        dial_bridge(life);
    else
        life_hang_up(life);
}

/* ---- machine detection ---- */

static double detection_secs(const struct life *life)
{
    enum outcome outcome = life->call->script->outcome;
    double secs = outcome == OUTCOME_HUMAN ? HUMAN_KNOWN : outcome == OUTCOME_SCREENING ? NOBODY_KNOWN :
                  life->detection == DETECTION_MESSAGE_END ? BEEP_HEARD : MACHINE_KNOWN;
    return secs < life->detection_limit ? secs : life->detection_limit;
}

static const char *detection_result(const struct life *life)
{
    switch (life->call->script->outcome) {
    case OUTCOME_HUMAN:   return "human";
    case OUTCOME_MACHINE:
        return life->detection == DETECTION_MESSAGE_END ? "machine_end_beep" : "machine_start";
    default:              return "unknown";
    }
}

static void first_document(struct life *life)
{
    if (life->url.url && *life->url.url) {
        deliver_fetch(life, life->url, NULL);
        return;
    }
    life->epoch++;
    if (!life->twiml || !world_callbacks()) {
        life_document_over(life);
        return;
    }
    struct xml_node *root;
    call_document(life->call, life->twiml);
    struct finding finding = twiml_read(life->twiml, strlen(life->twiml), "text/xml", &root);
    if (finding.code)
        life_note(life, finding.code, "%s", finding.text);
    if (finding.fatal)
        life_hang_up(life);
    else
        twiml_run(life, root, (struct hook){ NULL, "POST" });
}

static void detected(struct life *life)
{
    call_answered_by(life->call, detection_result(life));
    first_document(life);
}

static void detection_due(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    struct life *life = data;
    call_answered_by(life->call, detection_result(life));
    deliver_detection(life, (int64_t)(detection_secs(life) * 1000));
}

/* ---- from queued to answered ---- */

static void busy(struct life *life)
{
    life_finish(life, CALL_BUSY, 486);
}

static void nobody(struct life *life)
{
    life_finish(life, CALL_NO_ANSWER, 487);
}

static void failed(struct life *life)
{
    int code = life->call->script->error_code;
    life_finish(life, CALL_FAILED, code >= 400 && code < 700 ? code : 404);
}

static void answered(struct life *life)
{
    call_mark(life->call, CALL_IN_PROGRESS);
    deliver_event(life, EVENT_ANSWERED);
    if (life->time_limit > 0)
        start_timer(&life->limit, life->time_limit);
    if (life->dialer) {
        dial_leg_answered(life);
    } else if (life->detection == DETECTION_OFF) {
        first_document(life);
    } else if (life->detection_apart) {
        start_timer(&life->detection_timer, detection_secs(life));
        first_document(life);
    } else {
        life_wait(life, detection_secs(life), detected);
    }
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

static void ringing(struct life *life)
{
    const struct script *script = life->call->script;
    call_mark(life->call, CALL_RINGING);
    deliver_event(life, EVENT_RINGING);
    if (script->outcome == OUTCOME_BUSY)
        life_wait(life, least(script->ring_secs, life->ring_limit), busy);
    else if (script->outcome == OUTCOME_NO_ANSWER)
        life_wait(life, script->ring_scripted ? least(script->ring_secs, life->ring_limit) : life->ring_limit,
                  nobody);
    else if (script->ring_secs > life->ring_limit)
        life_wait(life, life->ring_limit, nobody);
    else
        life_wait(life, script->ring_secs, answered);
}

/* Browsers and SIP phones never register here. */
static bool reachable(const struct call *call)
{
    return call->to[0] == '+' && call->script->outcome != OUTCOME_FAILED &&
           call->script->outcome != OUTCOME_REJECT;
}

static void dialing(struct life *life)
{
    call_mark(life->call, CALL_INITIATED);
    deliver_event(life, EVENT_INITIATED);
    if (reachable(life->call))
        life_wait(life, TO_RINGING, ringing);
    else
        life_wait(life, TO_FAILED, failed);
}

/* ---- reading the create request ---- */

static unsigned event_bit(const char *name)
{
    return str_equal(name, "initiated") ? EVENT_INITIATED : str_equal(name, "ringing") ? EVENT_RINGING :
           str_equal(name, "answered") ? EVENT_ANSWERED : str_equal(name, "completed") ? EVENT_COMPLETED : 0;
}

static struct hook hook_of(const struct pairs *form, const char *url, const char *method)
{
    const char *value = pairs_find(form, url), *how = pairs_find(form, method);
    return (struct hook){ arena_text(world_arena(), value), how && str_equal(how, "GET") ? "GET" : "POST" };
}

static double seconds_of(const struct pairs *form, const char *name, double otherwise)
{
    int64_t number;
    const char *text = pairs_find(form, name);
    return text && str_to_long(text, 0, 1000000, &number) ? (double)number : otherwise;
}

static void read_detection(struct life *life, const struct pairs *form)
{
    const char *wanted = pairs_find(form, "MachineDetection");
    if (!wanted || pairs_find(form, "SendDigits"))
        return;
    life->detection = str_equal(wanted, "DetectMessageEnd") ? DETECTION_MESSAGE_END : DETECTION_ENABLE;
    life->detection_limit = seconds_of(form, "MachineDetectionTimeout", 30);
    life->detection_apart = str_equal(pairs_find(form, "AsyncAmd"), "true");
    life->detection_hook = hook_of(form, "AsyncAmdStatusCallback", "AsyncAmdStatusCallbackMethod");
    if (life->detection_apart && !life->detection_hook.url)
        life_note(life, 21262, "asynchronous detection without a callback");
}

static void read_create(struct life *life, const struct pairs *form)
{
    unsigned events = 0;
    for (size_t i = 0; i < form->count; i++)
        if (str_equal(form->item[i].name, "StatusCallbackEvent"))
            events |= event_bit(form->item[i].value);
    life->events = events ? events : EVENT_COMPLETED;
    life->url = hook_of(form, "Url", "Method");
    life->fallback = hook_of(form, "FallbackUrl", "FallbackMethod");
    life->twiml = arena_text(world_arena(), pairs_find(form, "Twiml"));
    life->ring_limit = seconds_of(form, "Timeout", SPEED_DEFAULT_RING_LIMIT);
    life->time_limit = seconds_of(form, "TimeLimit", 0);
    read_detection(life, form);
}

static double queue_secs(struct account *account)
{
    if (account->calls_per_second <= 0)
        return DIALING;
    double now = (double)boot_now_ms(), slot = account->next_slot_ms > now ? account->next_slot_ms : now;
    account->next_slot_ms = slot + 1000 / account->calls_per_second / world_speed();
    return DIALING + (slot - now) / 1000 * world_speed();
}

void life_start(struct call *call)
{
    struct life *life = life_make(call);
    struct arena *scratch = arena_create(1 << 20);
    struct pairs form;
    if (form_parse(scratch, call->request, strlen(call->request), &form)) {
        read_create(life, &form);
        const char *method = pairs_find(&form, "StatusCallbackMethod");
        const char *url = pairs_find(&form, "StatusCallback");
        if (url && !*call->status_callback)
            call_status_callback(call, url, str_equal(method, "GET") ? "GET" : "POST");
    }
    arena_destroy(scratch);
    life_wait(life, call->direction == CALL_OUTBOUND_API ? queue_secs(call->account) : DIALING, dialing);
}

/* ---- somebody calls us ---- */

void life_answer(struct life *life)
{
    if (life->call->status == CALL_RINGING)
        call_mark(life->call, CALL_IN_PROGRESS);
}

struct err *life_inbound(struct arena *arena, struct account *account, struct number *number,
                         const char *from, struct call **out)
{
    const char *url = number_setting(number, "VoiceUrl");
    if (number->trunk_sid[0] || !hook_url_valid(url))
        return err_make(arena, __FILE__, __LINE__, ERR_INVALID, "no_voice_url", NULL,
                        "the number is on a trunk or has no VoiceUrl");
    struct call *call = call_place(&provider_twilio, account, CALL_INBOUND, number->phone, from, NULL, "");
    struct life *life = life_make(call);
    struct arena *world = world_arena();
    const char *status_callback = number_setting(number, "StatusCallback");
    if (*status_callback)
        call_status_callback(call, status_callback, number_setting(number, "StatusCallbackMethod"));
    life->fallback = (struct hook){ arena_text(world, number_setting(number, "VoiceFallbackUrl")),
                                    arena_text(world, number_setting(number, "VoiceFallbackMethod")) };
    life->url =
        (struct hook){ arena_text(world, url), arena_text(world, number_setting(number, "VoiceMethod")) };
    call_mark(call, CALL_RINGING);
    *out = call;
    life_wait(life, DIALING, first_document);
    return NULL;
}

/* ---- changes from outside ---- */

void life_redirect(struct life *life, struct hook url, const char *twiml)
{
    evtimer_del(&life->timer);
    life->epoch++;
    if (life->dial)
        dial_leave(life);
    life->url = url;
    life->twiml = arena_text(world_arena(), twiml);
    first_document(life);
}

/* ---- after a restart: what was ringing rings anew, who was talking has hung up ---- */

static unsigned callbacks_made(const struct call *call, const char *event)
{
    unsigned made = 0;
    for (const struct callback_made *m = call->callbacks; m; m = m->next)
        made += !event || str_equal(m->event, event);
    return made;
}

static void resume_over(struct life *life)
{
    static const int sip_codes[] = { [CALL_COMPLETED] = 200,
                                     [CALL_BUSY] = 486,
                                     [CALL_FAILED] = 404,
                                     [CALL_NO_ANSWER] = 487,
                                     [CALL_CANCELED] = 487 };
    life->sip_code = sip_codes[life->call->status];
    deliver_event(life, EVENT_COMPLETED);
}

void life_resume(struct call *call)
{
    bool over = call_status_over(call->status);
    /* The last callback may have died with us: a call that is over is told again unless somebody was told. */
    if (over && (!*call->status_callback || !call->started.us || callbacks_made(call, "completed")))
        return;
    bool anew = call->direction == CALL_OUTBOUND_API && call->status < CALL_IN_PROGRESS;
    if (anew)
        life_start(call);
    struct life *life = anew ? life_of(call) : life_make(call);
    life->sequence = callbacks_made(call, NULL);
    if (anew)
        return;
    struct arena *scratch = arena_create(1 << 20);
    struct pairs form;
    if (form_parse(scratch, call->request, strlen(call->request), &form) && form.count)
        read_create(life, &form);
    arena_destroy(scratch);
    if (over)
        resume_over(life);
    else
        life_wait(life, AFTER_RESTART, life_hang_up);
}

void life_dropped(void)
{
    for (unsigned i = 0; i < calls_count(); i++) {
        struct life *life = calls_at(i)->live;
        if (!life)
            continue;
        evtimer_del(&life->timer);
        evtimer_del(&life->limit);
        evtimer_del(&life->detection_timer);
        deliver_dropped(life);
    }
    dial_forget_rooms();
}
