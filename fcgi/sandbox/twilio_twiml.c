#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "sandbox/twilio.h"

enum { LETTERS_PER_SEC = 15 };
static const double FIRST_KEY_AT = 1, BETWEEN_KEYS = 0.25, SOUND_SECS = 3, ENDLESS = 3600, SPEECH_SECS = 5;

/* ---- the published vocabulary ---- */

static bool say(struct life *, const struct xml_node *);
static bool play(struct life *, const struct xml_node *);
static bool rest(struct life *, const struct xml_node *);
static bool gather(struct life *, const struct xml_node *);
static bool hang_up(struct life *, const struct xml_node *);
static bool redirect(struct life *, const struct xml_node *);
static bool reject(struct life *, const struct xml_node *);
static bool record(struct life *, const struct xml_node *);
static bool aside(struct life *, const struct xml_node *);

struct element {
    const char *name, *within, *attributes;
    bool      (*run)(struct life *, const struct xml_node *);   /* true: go on with the next verb */
};

static const struct element elements[] = {
    { "Say", "Response Gather", "voice language loop", say },
    { "Play", "Response Gather", "loop digits", play },
    { "Pause", "Response Gather", "length", rest },
    { "Gather", "Response",
      "action method input numDigits finishOnKey timeout speechTimeout speechModel language hints enhanced "
      "profanityFilter actionOnEmptyResult partialResultCallback partialResultCallbackMethod bargeIn "
      "maxSpeechTime debug",
      gather },
    { "Dial", "Response",
      "action method timeout timeLimit callerId callReason answerOnBridge hangupOnStar record "
      "recordingStatusCallback recordingStatusCallbackMethod recordingStatusCallbackEvent recordingTrack "
      "trim ringTone sequential referUrl referMethod events",
      dial_run },
    { "Number", "Dial",
      "url method sendDigits byoc statusCallback statusCallbackMethod statusCallbackEvent machineDetection "
      "machineDetectionTimeout machineDetectionSpeechThreshold machineDetectionSpeechEndThreshold "
      "machineDetectionSilenceTimeout amdStatusCallback amdStatusCallbackMethod",
      NULL },
    { "Client", "Dial",
      "url method statusCallback statusCallbackMethod statusCallbackEvent clientNotificationUrl", NULL },
    { "Identity", "Client", "", NULL },
    { "Parameter", "Client Stream", "name value", NULL },
    { "Conference", "Dial",
      "muted beep startConferenceOnEnter endConferenceOnExit participantLabel coach waitUrl waitMethod "
      "maxParticipants record trim region jitterBufferSize statusCallback statusCallbackMethod "
      "statusCallbackEvent "
      "recordingStatusCallback recordingStatusCallbackMethod recordingStatusCallbackEvent",
      NULL },
    { "Sip", "Dial", "username password url method statusCallback statusCallbackMethod statusCallbackEvent",
      NULL },
    { "Queue", "Dial", "url method reservationSid postWorkActivitySid", NULL },
    { "Record", "Response",
      "action method timeout finishOnKey maxLength playBeep trim recordingStatusCallback "
      "recordingStatusCallbackMethod recordingStatusCallbackEvent transcribe transcribeCallback",
      record },
    { "Redirect", "Response", "method", redirect },
    { "Reject", "Response", "reason", reject },
    { "Hangup", "Response", "", hang_up },
    { "Leave", "Response", "", hang_up },
    { "Start", "Response", "action method", aside },
    { "Stop", "Response", "", aside },
    { "Stream", "Start Stop Connect", "url name track statusCallback statusCallbackMethod", NULL },
};

static const struct element *element_of(const char *name)
{
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
        if (str_equal(elements[i].name, name))
            return &elements[i];
    return NULL;
}

static bool in_list(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = list; (at = strstr(at, word)); at += length)
        if ((at == list || at[-1] == ' ') && (!at[length] || at[length] == ' '))
            return true;
    return false;
}

/* SSML inside Say is spoken, not judged. */
static struct finding judge(const struct xml_node *node, const char *within)
{
    struct arena *arena = world_arena();
    struct finding worst = { 0 };
    for (; node; node = node->next) {
        if (!node->name || str_equal(within, "Say"))
            continue;
        const struct element *element = element_of(node->name);
        if (!element)
            return (struct finding){ 12100, true,
                                     arena_printf(arena, "%s is no TwiML this sandbox plays", node->name) };
        if (!in_list(element->within, within))
            return (struct finding){ 12200, true,
                                     arena_printf(arena, "%s may not stand in %s", node->name, within) };
        for (size_t i = 0; i < node->attribute_count; i++)
            if (!in_list(element->attributes, node->attribute[i].name))
                worst = (struct finding){ 12200, false,
                                          arena_printf(arena, "%s does not know the attribute %s", node->name,
                                                       node->attribute[i].name) };
        struct finding inner = judge(node->first, node->name);
        if (inner.fatal)
            return inner;
        if (inner.code)
            worst = inner;
    }
    return worst;
}

struct finding twiml_read(const char *bytes, size_t size, const char *content_type, struct xml_node **root)
{
    *root = NULL;
    if (!content_type || !*content_type)
        return (struct finding){ 12300, true, "the document has no Content-Type" };
    if (str_starts(content_type, "audio/"))
        return (struct finding){ 0 };                           /* played, then the call is over */
    if (!str_starts(content_type, "text/xml") && !str_starts(content_type, "application/xml") &&
        !str_starts(content_type, "text/html"))
        return (struct finding){ 12300, true, "the document's Content-Type is not one for TwiML" };
    if (!size)
        return (struct finding){ 11770, true, "the document is empty" };
    struct arena *arena = world_arena();
    struct err *e = xml_read(arena, bytes, size, root);
    if (e)
        return (struct finding){ 12100, true, arena_printf(arena, "%s", e->message) };
    if (!str_equal((*root)->name, "Response"))
        return (struct finding){ 12100, true, "the root element is not Response" };
    return judge((*root)->first, "Response");
}

/* ---- addresses and attributes ---- */

const char *twiml_resolve(struct arena *arena, const char *base, const char *reference)
{
    if (str_starts(reference, "http://") || str_starts(reference, "https://") || !base)
        return reference;
    const char *scheme_end = strstr(base, "://"), *host = scheme_end ? scheme_end + 3 : base;
    size_t origin = (size_t)(host - base) + strcspn(host, "/?#");
    if (!*reference)
        return base;
    if (str_starts(reference, "//"))
        return arena_printf(arena, "%.*s%s", (int)(scheme_end - base + 1), base, reference);
    if (*reference == '/')
        return arena_printf(arena, "%.*s%s", (int)origin, base, reference);
    size_t path = strcspn(base, "?#");
    if (*reference == '?')
        return arena_printf(arena, "%.*s%s", (int)path, base, reference);
    while (path > origin && base[path - 1] != '/')
        path--;
    const char *slash = path == origin ? "/" : "";
    while (str_starts(reference, "./") || (str_starts(reference, "../") && path > origin)) {
        if (reference[1] == '.')
            for (path--; path > origin && base[path - 1] != '/'; path--)
                ;
        reference += reference[1] == '.' ? 3 : 2;
    }
    return arena_printf(arena, "%.*s%s%s", (int)path, base, slash, reference);
}

static struct hook hook_to(struct life *life, const char *reference, const char *method)
{
    char *trimmed = str_trim(world_arena(), reference);
    return (struct hook){ twiml_resolve(world_arena(), life->document.url, trimmed),
                          str_equal(method, "GET") ? "GET" : "POST" };
}

struct hook twiml_hook(struct life *life, const struct xml_node *node, const char *url_name,
                       const char *method_name)
{
    const char *url = xml_get(node, url_name);
    return hook_to(life, url ? url : "", xml_get(node, method_name));
}

double twiml_seconds(const struct xml_node *node, const char *name, double otherwise)
{
    int64_t number;
    const char *text = xml_get(node, name);
    return text && str_to_long(text, 0, 86400, &number) ? (double)number : otherwise;
}

static double times_of(const struct xml_node *node)
{
    double loop = twiml_seconds(node, "loop", 1);
    return loop > 0 ? loop : ENDLESS;
}

/* ---- running ---- */

void twiml_run(struct life *life, struct xml_node *root, struct hook document)
{
    life->document = document;
    life->verb = root ? root->first : NULL;
    life->first_verb = true;
    if (++life->documents > MOST_DOCUMENTS) {
        life_note(life, 11215, "more than %d documents", MOST_DOCUMENTS);
        life_hang_up(life);
        return;
    }
    twiml_next(life);
}

void twiml_next(struct life *life)
{
    unsigned epoch = life->epoch;
    while (life->verb && !call_status_over(life->call->status) && life->epoch == epoch) {
        const struct xml_node *verb = life->verb;
        life->verb = verb->next;
        if (!verb->name)
            continue;
        if (!str_equal(verb->name, "Reject"))
            life_answer(life);
        bool go_on = element_of(verb->name)->run(life, verb);
        life->first_verb = false;
        if (!go_on)
            return;
    }
    if (!call_status_over(life->call->status) && life->epoch == epoch) {
        life_answer(life);
        life_document_over(life);
    }
}

static double speak(struct life *life, const struct xml_node *node)
{
    const char *text = str_trim(world_arena(), xml_inner_text(world_arena(), node));
    if (*text)
        call_says(life->call, text);
    return (double)utf8_count(text) / LETTERS_PER_SEC * times_of(node);
}

static double sound(const struct xml_node *node)
{
    const char *digits = xml_get(node, "digits");
    return (digits ? 0.5 * (double)strlen(digits) : SOUND_SECS) * times_of(node);
}

/* A person hangs up on endless noise, and on silence when the script says how long they stay. */
static void hear(struct life *life, double secs, bool silence)
{
    const struct script *script = life->call->script;
    if (script->talk_scripted && silence && script->talk_secs < secs)
        life_wait(life, script->talk_secs, life_hang_up);
    else
        life_wait(life, secs, secs >= ENDLESS ? life_hang_up : twiml_next);
}

static bool say(struct life *life, const struct xml_node *node)
{
    hear(life, speak(life, node), false);
    return false;
}

static bool play(struct life *life, const struct xml_node *node)
{
    hear(life, sound(node), true);
    return false;
}

static bool rest(struct life *life, const struct xml_node *node)
{
    hear(life, twiml_seconds(node, "length", 1), true);
    return false;
}

static bool hang_up(struct life *life, const struct xml_node *node)
{
    (void)node;
    if (life->call->direction == CALL_OUTBOUND_DIAL)
        life_finish(life, CALL_COMPLETED, 200);
    else
        life_hang_up(life);
    return false;
}

static bool redirect(struct life *life, const struct xml_node *node)
{
    deliver_fetch(life, hook_to(life, xml_inner_text(world_arena(), node), xml_get(node, "method")), NULL);
    return false;
}

static bool reject(struct life *life, const struct xml_node *node)
{
    if (life->call->direction != CALL_INBOUND || !life->first_verb) {
        life_note(life, 12200, "Reject only as the first verb of an inbound call");
        life_hang_up(life);
        return false;
    }
    bool busy = str_equal(xml_get(node, "reason"), "busy");
    life_finish(life, busy ? CALL_BUSY : CALL_NO_ANSWER, busy ? 486 : 603);
    return false;
}

/* Media streams go nowhere here; the call goes on. */
static bool aside(struct life *life, const struct xml_node *node)
{
    life_note(life, 0, "%s is not played", node->name);
    return true;
}

/* ---- Gather ---- */

static void submit(struct life *life)
{
    struct pair pair = { "Digits", life->gather.digits };
    deliver_fetch(life, life->gather.action, &(struct pairs){ &pair, 1 });
}

static void no_input(struct life *life)
{
    life->gather.digits[0] = '\0';
    if (life->gather.empty_result)
        submit(life);
    else
        twiml_next(life);
}

/* All the keys of this Gather at once; the waiting between and behind them is one wait. */
static void press(struct life *life)
{
    struct gather *g = &life->gather;
    const char *script = life->call->script->digits;
    char pressed[MOST_DIGITS + 1];
    size_t keys = 0, collected = 0;
    bool complete = false;
    while (script[life->pressed] && keys < MOST_DIGITS && !complete) {
        char key = script[life->pressed++];
        pressed[keys++] = key;
        if (strchr(g->finish, key)) {
            complete = true;
        } else {
            g->digits[collected++] = key;
            complete = g->most && (int)collected == g->most;
        }
    }
    pressed[keys] = g->digits[collected] = '\0';
    call_pressed(life->call, pressed);
    life_wait(life, BETWEEN_KEYS * (double)(keys - 1) + (complete ? 0 : g->timeout),
              collected ? submit : no_input);
}

static bool will_press(const struct life *life)
{
    return life->gather.keys && life->call->script->digits[life->pressed];
}

static void next_prompt(struct life *life)
{
    struct gather *g = &life->gather;
    while (g->prompt && !g->prompt->name)
        g->prompt = g->prompt->next;
    const struct xml_node *prompt = g->prompt;
    double until_press = will_press(life) && g->elapsed <= FIRST_KEY_AT ? FIRST_KEY_AT - g->elapsed : ENDLESS;
    if (!prompt) {
        bool in_time = until_press <= g->timeout;
        life_wait(life, in_time ? until_press : g->timeout, in_time ? press : no_input);
        return;
    }
    g->prompt = prompt->next;
    double secs = str_equal(prompt->name, "Say")    ? speak(life, prompt)
                  : str_equal(prompt->name, "Play") ? sound(prompt)
                                                    : twiml_seconds(prompt, "length", 1);
    if (until_press <= secs) {
        life_wait(life, until_press, press);
        return;
    }
    g->elapsed += secs;
    life_wait(life, secs, secs >= ENDLESS ? life_hang_up : next_prompt);
}

static bool gather(struct life *life, const struct xml_node *node)
{
    struct gather *g = &life->gather;
    const char *input = xml_get(node, "input"), *finish = xml_get(node, "finishOnKey"),
               *most = xml_get(node, "numDigits");
    int64_t digits = 0;
    if (most && !str_to_long(most, 1, MOST_DIGITS, &digits))
        life_note(life, 13313, "Gather: invalid numDigits");
    *g = (struct gather){ .prompt = node->first,
                          .most = (int)digits,
                          .timeout = twiml_seconds(node, "timeout", 5),
                          .keys = !input || strstr(input, "dtmf"),
                          .empty_result = str_equal(xml_get(node, "actionOnEmptyResult"), "true") };
    g->action = twiml_hook(life, node, "action", "method");
    strncpy(g->finish, finish ? finish : "#", sizeof g->finish - 1);
    next_prompt(life);
    return false;
}

/* ---- Record ---- */

static int spoken_secs(const struct life *life, const struct xml_node *node)
{
    const struct script *script = life->call->script;
    double most = twiml_seconds(node, "maxLength", 3600),
           wanted = script->talk_scripted ? script->talk_secs : SPEECH_SECS;
    return (int)(wanted < most ? wanted : most);
}

static void recorded(struct life *life)
{
    const struct xml_node *node = life->gather.prompt;
    char sid[SID_SIZE], duration[16];
    int secs = spoken_secs(life, node);
    world_random_sid(sid, "RE");
    snprintf(duration, sizeof duration, "%d", secs);
    const char *url =
        arena_printf(world_arena(), "https://api.twilio.com/2010-04-01/Accounts/%s/Recordings/%s",
                     life->call->account->sid, sid);
    if (xml_get(node, "recordingStatusCallback"))
        deliver_recording(life,
                          twiml_hook(life, node, "recordingStatusCallback", "recordingStatusCallbackMethod"),
                          sid, secs);
    struct pair pair[] = {
        { "RecordingUrl", url }, { "RecordingSid", sid }, { "RecordingDuration", duration }, { "Digits", "" }
    };
    deliver_fetch(life, twiml_hook(life, node, "action", "method"), &(struct pairs){ pair, 4 });
}

static bool record(struct life *life, const struct xml_node *node)
{
    life->gather.prompt = node;
    life_wait(life, spoken_secs(life, node) + twiml_seconds(node, "timeout", 5), recorded);
    return false;
}
