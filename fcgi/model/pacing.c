/*
 * model/pacing.c - see model/pacing.h.
 */
#include "model/pacing.h"

#include <string.h>

#include "base/json.h"
#include "base/str.h"

#define MOST_RETRIES       10
#define LONGEST_RETRY_MINS 43200                                /* thirty days */
#define HIGHEST_AMOUNT     100000000000.0

const char pacing_retries[] =
    "{\"busy\":{\"times\":2,\"after_minutes\":60},\"no_answer\":{\"times\":2,\"after_minutes\":240},"
    "\"failed\":{\"times\":1,\"after_minutes\":240},\"machine\":{\"times\":1,\"after_minutes\":1440}}";
const char pacing_breaker[] =
    "{\"attempts\":20,\"failurePercent\":75,\"cooldownSeconds\":30,\"goodProbes\":3,\"pauseAfter\":5}";

static const char *const outcomes[] = { "answered", "machine", "busy", "no_answer", "failed", "canceled", NULL };
static const char *const goals[] = { "answered", "human", "pressed_1", NULL };

/* A member is a number between two others, whole or not, or a word. */
struct member {
    const char        *name;
    bool               required, whole;
    double             lowest, highest;
    const char *const *among;                                   /* words; a member without numbers or words is a currency */
    double             preset;
};

static const struct member retry_members[] = {
    { .name = "times", .required = true, .whole = true, .lowest = 0, .highest = MOST_RETRIES },
    { .name = "after_minutes", .required = true, .lowest = 0.001, .highest = LONGEST_RETRY_MINS },
    { .name = "factor", .lowest = 1, .highest = 10 },
    { .name = "max_minutes", .lowest = 0.001, .highest = LONGEST_RETRY_MINS },
    { 0 },
};
static const struct member breaker_members[] = {
    { .name = "attempts", .whole = true, .lowest = 2, .highest = 1000, .preset = 20 },
    { .name = "failurePercent", .lowest = 1, .highest = 100, .preset = 75 },
    { .name = "cooldownSeconds", .lowest = 0.1, .highest = 3600, .preset = 30 },
    { .name = "goodProbes", .whole = true, .lowest = 1, .highest = 100, .preset = 3 },
    { .name = "pauseAfter", .whole = true, .lowest = 1, .highest = 1000, .preset = 5 },
    { 0 },
};
static const struct member budget_members[] = {
    { .name = "amount", .required = true, .whole = true, .lowest = 0, .highest = HIGHEST_AMOUNT },
    { .name = "currency", .required = true },
    { 0 },
};
static const struct member goal_members[] = {
    { .name = "outcome", .required = true, .among = goals },
    { .name = "count", .required = true, .whole = true, .lowest = 1, .highest = 10000000 },
    { 0 },
};

struct checking {
    struct ctx          *ctx;
    const char          *path;
    const struct member *members;
    struct err         **found;
};

#define WRONG(k, field, ...) (*(k)->found = err_field((k)->ctx->arena, *(k)->found, (field), __VA_ARGS__))

static const char *path_of(const struct checking *k, const char *name)
{
    return arena_printf(k->ctx->arena, "%s.%.40s", k->path, name);
}

static bool is_among(const char *const *words, const char *word)
{
    for (; *words; words++)
        if (str_equal(*words, word))
            return true;
    return false;
}

static const char *listed(struct arena *arena, const char *const *words)
{
    const char *all = *words;

    while (*++words)
        all = arena_printf(arena, "%s%s%s", all, words[1] ? ", " : " and ", *words);
    return all;
}

static bool is_currency(const char *word)
{
    return word && strlen(word) == 3 && strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3;
}

static fallible check_known(void *data, const char *name, const struct json *value)
{
    const struct checking *k = data;
    const struct member *m = k->members;
    double number;
    int64_t whole;

    while (m->name && !str_equal(m->name, name))
        m++;
    const char *field = path_of(k, name);
    if (!m->name)
        WRONG(k, field, "unknown_field", "%s is not known here", field);
    else if (m->among) {
        if (!json_string(value) || !is_among(m->among, json_string(value)))
            WRONG(k, field, "not_one_of", "%s is one of %s", field, listed(k->ctx->arena, m->among));
    } else if (m->highest == 0) {
        if (!is_currency(json_string(value)))
            WRONG(k, field, "malformed", "%s is a currency in three capital letters, e.g. USD", field);
    } else if (m->whole ? !json_integer(value, &whole) : !json_number(value, &number))
        WRONG(k, field, "wrong_type", "%s must be a %s", field, m->whole ? "whole number" : "number");
    else if (json_number(value, &number) && (number < m->lowest || number > m->highest))
        WRONG(k, field, "out_of_range", "%s is %.15g to %.15g", field, m->lowest, m->highest);
    return NULL;
}

static fallible check_members(const struct checking *k, const struct json *object)
{
    TRY(json_each(object, check_known, (void *)k));
    for (const struct member *m = k->members; m->name; m++)
        if (m->required && !json_get(object, m->name))
            WRONG(k, path_of(k, m->name), "required", "%s.%s is needed", k->path, m->name);
    return NULL;
}

static fallible check_text(struct ctx *ctx, const char *path, const char *text, const struct member *members, struct err **found, const struct json **out)
{
    TRY(json_read(ctx->arena, text, strlen(text), out));
    return check_members(&(struct checking){ ctx, path, members, found }, *out);
}

static fallible check_rule(void *data, const char *name, const struct json *rule)
{
    struct checking *k = data;
    struct checking inner = { k->ctx, path_of(k, name), retry_members, k->found };

    if (!is_among(outcomes, name))
        WRONG(k, "retries", "not_one_of", "retries knows the outcomes %s", listed(k->ctx->arena, outcomes));
    else if (json_type_of(rule) != JSON_OBJECT)
        WRONG(k, inner.path, "malformed", "%s must be {\"times\": a whole number, \"after_minutes\": a number}", inner.path);
    else
        TRY(check_members(&inner, rule));
    return NULL;
}

fallible pacing_check_retries(struct ctx *ctx, const char *text, struct err **found)
{
    struct checking k = { ctx, "retries", NULL, found };
    const struct json *rules;

    if (!text)
        return NULL;
    TRY(json_read(ctx->arena, text, strlen(text), &rules));
    return json_each(rules, check_rule, &k);
}

fallible pacing_check_breaker(struct ctx *ctx, const char **text, struct err **found)
{
    const struct json *given;
    const char *whole = "";
    double number;

    if (!*text)
        return NULL;
    TRY(check_text(ctx, "breaker", *text, breaker_members, found, &given));
    for (const struct member *m = breaker_members; m->name; m++)
        whole = arena_printf(ctx->arena, "%s%s\"%s\":%.15g", whole, *whole ? "," : "", m->name,
                             json_number(json_get(given, m->name), &number) ? number : m->preset);
    *text = arena_printf(ctx->arena, "{%s}", whole);
    return NULL;
}

fallible pacing_check_budget(struct ctx *ctx, const char *text, struct err **found)
{
    const struct json *given;

    return text ? check_text(ctx, "budget", text, budget_members, found, &given) : NULL;
}

fallible pacing_check_goal(struct ctx *ctx, const char *text, struct err **found)
{
    const struct json *given;

    return text ? check_text(ctx, "goal", text, goal_members, found, &given) : NULL;
}
