#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "sandbox/journal.h"
#include "sandbox/scripts.h"

enum { BUCKETS = 16384 };

/* How often a script's fault has struck a destination. */
struct strike { const char *to; const struct script *script; int64_t count; struct strike *next; };

static struct script *buckets[BUCKETS], *everybody;
static struct strike *strikes[BUCKETS];
static const struct script a_person = {
    .to = "*", .outcome = OUTCOME_HUMAN, .ring_secs = 2, .talk_secs = 5, .digits = "", .times = 1
};

static const char *const outcome_names[] = { "human",     "machine", "screening", "busy",
                                             "no-answer", "failed",  "reject" };
const char *const create_fault_names[] = { "", "lost-answer", "late-answer", "429", "500", "drop" };

static unsigned bucket_of(const char *to)
{
    uint64_t hash = 14695981039346656037u;
    for (; *to; to++)
        hash = (hash ^ (unsigned char)*to) * 1099511628211u;
    return hash % BUCKETS;
}

static struct script *find_exact(const char *to)
{
    for (struct script *s = buckets[bucket_of(to)]; s; s = s->next)
        if (str_equal(s->to, to))
            return s;
    return NULL;
}

const struct script *script_for(const char *to)
{
    const struct script *s = find_exact(to);
    return s ? s : everybody ? everybody : &a_person;
}

void scripts_forget(void)
{
    memset(buckets, 0, sizeof buckets);
    memset(strikes, 0, sizeof strikes);
    everybody = NULL;
}

enum create_fault script_strike(const char *to)
{
    struct script *s = find_exact(to);
    if (!s)
        s = everybody;
    if (!s || !s->create_fault)
        return FAULT_NONE;
    struct strike **bucket = &strikes[bucket_of(to)], *strike = *bucket;
    while (strike && !(strike->script == s && str_equal(strike->to, to)))
        strike = strike->next;
    if (!strike) {
        strike = ARENA_NEW(world_arena(), struct strike);
        *strike = (struct strike){ .to = arena_text(world_arena(), to), .script = s, .next = *bucket };
        *bucket = strike;
    }
    if (strike->count >= s->times)
        return FAULT_NONE;
    strike->count++;
    struct json_out *out = journal_begin("strike");
    json_name(out, "to"), json_put_string(out, to);
    journal_end();
    return s->create_fault;
}

/* ---- reading ---- */

static int index_of(const char *const *names, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (str_equal(names[i], name))
            return i;
    return -1;
}

static struct err *read_number(struct arena *arena, const struct json *value, const char *field,
                               double lowest, double highest, double *out)
{
    if (json_type_of(value) == JSON_NULL)
        return NULL;
    double number;
    if (!json_number(value, &number) || number < lowest || number > highest)
        return err_field(arena, NULL, field, "out_of_range", "%s is a number from %g to %g", field, lowest,
                         highest);
    *out = number;
    return NULL;
}

#define READ(...) do { struct err *read_err_ = (__VA_ARGS__); if (read_err_) return read_err_; } while (0)

struct known { struct arena *arena; const char *within; const char *const *names; };

static struct err *one_known(void *data, const char *name, const struct json *value)
{
    (void)value;
    const struct known *known = data;
    for (const char *const *n = known->names; *n; n++)
        if (str_equal(*n, name))
            return NULL;
    return err_field(known->arena, NULL, arena_printf(known->arena, "%s%s", known->within, name),
                     "unknown_field", "%s%s is not known here", known->within, name);
}

static struct err *all_known(struct arena *arena, const struct json *object, const char *within,
                             const char *const *names)
{
    if (json_type_of(object) != JSON_OBJECT)
        return err_field(arena, NULL, *within ? within : "body", "not_an_object", "an object is expected");
    return json_each(object, one_known, &(struct known){ arena, within, names });
}

static struct err *read_callbacks(struct arena *arena, const struct json *callbacks, struct script *s)
{
    static const char *const names[] = { "duplicate", "drop", "reorder", "delay_ms", NULL };
    if (json_type_of(callbacks) == JSON_NULL)
        return NULL;
    READ(all_known(arena, callbacks, "faults.callbacks.", names));
    READ(read_number(arena, json_get(callbacks, "duplicate"), "faults.callbacks.duplicate", 0, 1,
                     &s->duplicate));
    READ(read_number(arena, json_get(callbacks, "drop"), "faults.callbacks.drop", 0, 1, &s->drop));
    double delay_ms = 0;
    READ(read_number(arena, json_get(callbacks, "delay_ms"), "faults.callbacks.delay_ms", 0, 3600000,
                     &delay_ms));
    s->delay_ms = (int64_t)delay_ms;
    if (json_type_of(json_get(callbacks, "reorder")) != JSON_NULL &&
        !json_flag(json_get(callbacks, "reorder"), &s->reorder))
        return err_field(arena, NULL, "faults.callbacks.reorder", "not_a_flag", "reorder is true or false");
    return NULL;
}

static struct err *read_faults(struct arena *arena, const struct json *faults, struct script *s)
{
    static const char *const names[] = { "create", "times", "callbacks", NULL };
    if (json_type_of(faults) == JSON_NULL)
        return NULL;
    READ(all_known(arena, faults, "faults.", names));
    const struct json *create = json_get(faults, "create");
    if (json_type_of(create) != JSON_NULL) {
        int64_t code;
        const char *name =
            json_integer(create, &code) ? arena_printf(arena, "%d", (int)code) : json_string(create);
        int fault = index_of(create_fault_names, 6, name ? name : "");
        if (fault <= 0)
            return err_field(arena, NULL, "faults.create", "unknown_fault",
                             "create is lost-answer, late-answer, 429, 500 or drop");
        s->create_fault = (enum create_fault)fault;
    }
    double times = 0;
    READ(read_number(arena, json_get(faults, "times"), "faults.times", 1, 1e9, &times));
    if (times >= 1)
        s->times = (int64_t)times;
    return read_callbacks(arena, json_get(faults, "callbacks"), s);
}

static struct err *read_to(struct arena *arena, const struct json *value, struct script *s)
{
    const char *to = json_string(value);
    if (!to || strlen(to) > 255 ||
        !(str_equal(to, "*") || phone_is_e164(to) || str_starts(to, "client:") || str_starts(to, "sip:")))
        return err_field(arena, NULL, "to", "invalid_number",
                         "to is an E.164 number, client:..., sip:... or *");
    s->to = arena_text(world_arena(), to);
    return NULL;
}

static struct err *read_script(struct arena *arena, const struct json *body, struct script *s)
{
    static const char *const names[] = { "to",         "outcome", "ring_secs", "talk_secs", "digits",
                                         "error_code", "faults",  "times",     NULL };
    READ(all_known(arena, body, "", names));
    READ(read_to(arena, json_get(body, "to"), s));
    const struct json *outcome = json_get(body, "outcome");
    int which =
        json_type_of(outcome) == JSON_NULL ? OUTCOME_HUMAN : index_of(outcome_names, 7, json_string(outcome));
    if (which < 0)
        return err_field(arena, NULL, "outcome", "unknown_outcome",
                         "outcome is human, machine, screening, busy, no-answer, failed or reject");
    s->outcome = (enum outcome)which;
    s->ring_scripted = json_type_of(json_get(body, "ring_secs")) != JSON_NULL;
    s->talk_scripted = json_type_of(json_get(body, "talk_secs")) != JSON_NULL;
    READ(read_number(arena, json_get(body, "ring_secs"), "ring_secs", 0, 86400, &s->ring_secs));
    READ(read_number(arena, json_get(body, "talk_secs"), "talk_secs", 0, 86400, &s->talk_secs));
    double code = 0, times = 0;
    READ(read_number(arena, json_get(body, "error_code"), "error_code", 1, 99999, &code));
    READ(read_number(arena, json_get(body, "times"), "times", 1, 1e9, &times));
    s->error_code = (int)code;
    const struct json *digits = json_get(body, "digits");
    if (json_type_of(digits) != JSON_NULL) {
        const char *text = json_string(digits);
        if (!text || strlen(text) > 64 || text[strspn(text, "0123456789*#ABCD")])
            return err_field(arena, NULL, "digits", "invalid_digits",
                             "digits is text of 0-9, *, #, A-D, at most 64");
        s->digits = arena_text(world_arena(), text);
    }
    READ(read_faults(arena, json_get(body, "faults"), s));
    if (times >= 1)
        s->times = (int64_t)times;
    return NULL;
}

struct err *scripts_post(struct arena *arena, const struct json *body)
{
    struct script *s = ARENA_NEW(world_arena(), struct script);
    *s = a_person;
    READ(read_script(arena, body, s));
    /* An older script of that destination stays behind the new one: calls under way still follow it. */
    if (str_equal(s->to, "*")) {
        everybody = s;
    } else {
        struct script **bucket = &buckets[bucket_of(s->to)];
        s->next = *bucket;
        *bucket = s;
    }
    struct json_out *out = journal_begin("script");
    json_name(out, "script"), json_put_raw(out, json_text(arena, body));
    journal_end();
    return NULL;
}
