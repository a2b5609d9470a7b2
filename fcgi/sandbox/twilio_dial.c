#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/twilio.h"

enum { MOST_MEMBERS = 250 };
static const double ALONE_SECS = 30, LEFT_ALONE_SECS = 1;

struct room {
    const struct account *account;
    const char           *name;
    struct life          *member[MOST_MEMBERS];
    int                   members;
    struct room          *next;
};

static struct room *rooms;

void dial_forget_rooms(void)
{
    rooms = NULL;
}

/* ---- the end of a Dial, seen by the caller ---- */

static void dial_over(struct life *caller, const char *status, struct life *leg, bool gone)
{
    struct dial *dial = caller->dial;
    caller->dial = NULL;
    char duration[16];
    struct pair pair[4] = { { "DialCallStatus", status } };
    struct pairs extra = { pair, 1 };
    if (leg) {
        bool bridged = dial->bridged == leg;
        snprintf(duration, sizeof duration, "%d", leg->call->duration);
        pair[extra.count++] = (struct pair){ "DialCallSid", leg->call->sid };
        pair[extra.count++] = (struct pair){ "DialBridged", bridged ? "true" : "false" };
        if (bridged)
            pair[extra.count++] = (struct pair){ "DialCallDuration", duration };
    }
    if (gone)
        deliver_tell(caller, dial->action, &extra);
    else if (dial->action.url && *dial->action.url)
        deliver_fetch(caller, dial->action, &extra);
    else
        twiml_next(caller);
}

static void hang_up_legs(struct dial *dial, const struct life *except)
{
    for (int i = 0; i < dial->legs; i++)
        if (dial->leg[i] != except && !call_status_over(dial->leg[i]->call->status)) {
            dial->leg[i]->dialer = NULL;
            life_hang_up(dial->leg[i]);
        }
}

static bool refuse(struct life *caller, int code, const char *text)
{
    life_note(caller, code, "%s", text);
    hang_up_legs(caller->dial, NULL);
    dial_over(caller, "failed", NULL, false);
    return false;
}

/* ---- dialed legs ---- */

void dial_leg_answered(struct life *leg)
{
    struct dial *dial = leg->dialer->dial;
    dial->bridged = leg;
    dial->waiting = 0;
    hang_up_legs(dial, leg);
    if (leg->url.url && *leg->url.url) {
        leg->whispering = true;
        deliver_fetch(leg, leg->url, NULL);
    } else {
        dial_bridge(leg);
    }
}

void dial_bridge(struct life *leg)
{
    struct life *caller = leg->dialer;
    leg->whispering = false;
    if (!caller)
        return;
    const struct script *here = caller->call->script, *there = leg->call->script;
    double limit = caller->dial->time_limit;
    double talk = limit > 0 && limit < there->talk_secs ? limit : there->talk_secs;
    if (here->talk_scripted && here->talk_secs < talk)
        life_wait(caller, here->talk_secs, life_hang_up);
    else
        life_wait(leg, talk, life_hang_up);
}

void dial_leg_over(struct life *leg)
{
    struct life *caller = leg->dialer;
    leg->dialer = NULL;
    struct dial *dial = caller->dial;
    if (!dial)
        return;
    dial->status = call_status_names[leg->call->status];
    if (dial->bridged != leg && --dial->waiting > 0)
        return;
    if (dial->bridged && dial->bridged != leg)
        return;
    evtimer_del(&caller->timer);
    dial_over(caller, dial->status, leg, false);
}

static struct hook number_hook(struct life *caller, const struct xml_node *noun, const char *url,
                               const char *method)
{
    return noun->name && xml_get(noun, url) ? twiml_hook(caller, noun, url, method)
                                            : (struct hook){ NULL, "POST" };
}

static unsigned events_of(const struct xml_node *noun)
{
    const char *list = xml_get(noun, "statusCallbackEvent");
    if (!list)
        return EVENT_COMPLETED;
    return (strstr(list, "initiated") ? EVENT_INITIATED : 0u) |
           (strstr(list, "ringing") ? EVENT_RINGING : 0u) | (strstr(list, "answered") ? EVENT_ANSWERED : 0u) |
           (strstr(list, "completed") ? EVENT_COMPLETED : 0u);
}

static void add_leg(struct life *caller, const struct xml_node *noun, const char *to, const char *from,
                    double ring_limit)
{
    struct dial *dial = caller->dial;
    struct call *call =
        call_place(&provider_twilio, caller->call->account, CALL_OUTBOUND_DIAL, to, from, caller->call, "");
    life_start(call);
    struct life *leg = life_of(call);
    leg->dialer = caller;
    leg->ring_limit = ring_limit;
    if (noun) {
        struct hook hook = number_hook(caller, noun, "statusCallback", "statusCallbackMethod");
        if (hook.url)
            call_status_callback(call, hook.url, hook.method);
        leg->events = events_of(noun);
        leg->url = number_hook(caller, noun, "url", "method");
    }
    dial->leg[dial->legs++] = leg;
    dial->waiting++;
}

/* ---- conferences ---- */

static struct room *room_of(const struct account *account, const char *name)
{
    struct room *room = rooms;
    while (room && !(room->account == account && str_equal(room->name, name)))
        room = room->next;
    if (!room) {
        room = ARENA_NEW(world_arena(), struct room);
        *room = (struct room){ .account = account, .name = arena_text(world_arena(), name), .next = rooms };
        rooms = room;
    }
    return room;
}

static void leave_room(struct life *life)
{
    struct dial *dial = life->dial;
    struct room *room = dial->room;
    int left = 0;
    for (int i = 0; i < room->members; i++)
        if (room->member[i] != life)
            room->member[left++] = room->member[i];
    room->members = left;
    if (dial->end_on_exit || left == 1)
        for (int i = 0; i < left; i++)
            life_wait(room->member[i], LEFT_ALONE_SECS, life_hang_up);
}

static bool join_room(struct life *life, const struct xml_node *noun)
{
    struct room *room = room_of(life->call->account, xml_inner_text(world_arena(), noun));
    if (room->members == MOST_MEMBERS)
        return refuse(life, 13237, "the conference is full");
    life->dial->room = room;
    life->dial->end_on_exit = str_equal(xml_get(noun, "endConferenceOnExit"), "true");
    room->member[room->members++] = life;
    if (room->members == 1) {
        life_wait(life, life->call->script->talk_scripted ? life->call->script->talk_secs : ALONE_SECS,
                  life_hang_up);
        return false;
    }
    for (int i = room->members == 2 ? 0 : room->members - 1; i < room->members; i++)
        life_wait(room->member[i], room->member[i]->call->script->talk_secs, life_hang_up);
    return false;
}

/* ---- the caller goes ---- */

void dial_caller_gone(struct life *caller)
{
    struct dial *dial = caller->dial;
    struct life *leg = dial->bridged ? dial->bridged : dial->legs == 1 ? dial->leg[0] : NULL;
    if (dial->room)
        leave_room(caller);
    hang_up_legs(dial, NULL);
    dial_over(caller, dial->room ? "answered" : dial->bridged ? "completed" : "canceled", leg, true);
}

void dial_leave(struct life *caller)
{
    struct dial *dial = caller->dial;
    if (dial->room)
        leave_room(caller);
    hang_up_legs(dial, NULL);
    caller->dial = NULL;
}

/* ---- starting ---- */

static const char *tidy_number(const char *text)
{
    char *out = arena_text(world_arena(), text), *to = out;
    for (const char *from = out; *from; from++)
        if (!strchr(" \t\r\n()-.", *from))
            *to++ = *from;
    *to = '\0';
    return out;
}

static const char *caller_id(const struct life *caller, const struct xml_node *dial)
{
    const char *given = xml_get(dial, "callerId");
    return given && *given ? tidy_number(given) : caller->call->from;
}

/* One's own number, or one end of the call that is being connected. */
static bool may_show(const struct life *caller, const char *phone)
{
    const struct call *call = caller->call;
    if (account_number(call->account, phone))
        return true;
    return call->direction == CALL_INBOUND && call->from[0] == '+' &&
           (str_equal(phone, call->from) || str_equal(phone, call->to));
}

static bool dial_noun(struct life *caller, const struct xml_node *verb, const struct xml_node *noun,
                      double ring_limit)
{
    const char *text = xml_inner_text(world_arena(), noun), *from = caller_id(caller, verb);
    if (caller->dial->legs == MOST_LEGS)
        return refuse(caller, 13215, "more than ten nouns");
    if (str_equal(noun->name, "Client") || str_equal(noun->name, "Sip")) {
        const struct xml_node *inner = noun->first;
        while (inner && !str_equal(inner->name, "Identity"))
            inner = inner->next;
        const char *name = str_trim(world_arena(), inner ? xml_inner_text(world_arena(), inner) : text);
        const char *to = noun->name[0] == 'C' ? arena_printf(world_arena(), "client:%s", name) : name;
        add_leg(caller, noun, to, from, ring_limit);
        return true;
    }
    const char *phone = tidy_number(text);
    if (phone[0] != '+')
        return refuse(caller, 13223, "Dial: the number is not in E.164 form");
    if (!phone_is_e164(phone))
        return refuse(caller, 13224, "Dial: the number is not valid");
    if (!may_show(caller, from))
        return refuse(caller, 13214, "Dial: callerId is not a number of this account");
    add_leg(caller, noun->name && str_equal(noun->name, "Number") ? noun : NULL, phone, from, ring_limit);
    return true;
}

static bool dial_nouns(struct life *caller, const struct xml_node *verb, double ring_limit)
{
    bool any = false;
    for (const struct xml_node *n = verb->first; n; n = n->next) {
        if (!n->name)
            continue;
        any = true;
        if (str_equal(n->name, "Conference"))
            return join_room(caller, n);
        if (!str_equal(n->name, "Number") && !str_equal(n->name, "Client") && !str_equal(n->name, "Sip"))
            return refuse(caller, 13224, "Dial: this sandbox does not connect to that");
        if (!dial_noun(caller, verb, n, ring_limit))
            return false;
    }
    return any || dial_noun(caller, verb, verb, ring_limit);
}

bool dial_run(struct life *caller, const struct xml_node *verb)
{
    caller->dial = ARENA_NEW(world_arena(), struct dial);
    caller->dial->time_limit = twiml_seconds(verb, "timeLimit", 14400);
    if (xml_get(verb, "action"))
        caller->dial->action = twiml_hook(caller, verb, "action", "method");
    if (caller->call->direction == CALL_OUTBOUND_DIAL)
        refuse(caller, 13201, "Dial from a dialed leg");
    else
        dial_nouns(caller, verb, twiml_seconds(verb, "timeout", 30));
    return false;
}
