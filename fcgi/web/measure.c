/*
 * web/measure.c - the families that workers count in.  See web/measure.h.
 */
#include "web/measure.h"

#include <string.h>

#include "base/metrics.h"
#include "model/call.h"
#include "web/route.h"

#define STATUS_CLASSES 4                                        /* 2xx..5xx */

static const char *const refusals[] = { "unsigned", "signature", "foreign", NULL };
static const char *const verdicts[] = { "stored", "repeated", "stray", NULL };

static void label_route(unsigned series, struct str *out)
{
    if (series == route_count)
        str_add(out, "route=\"none\",method=\"any\"");
    else
        str_addf(out, "route=\"%s\",method=\"%s\"", routes[series].pattern, method_name(routes[series].method));
}

static void label_answer(unsigned series, struct str *out)
{
    label_route(series / STATUS_CLASSES, out);
    str_addf(out, ",status=\"%uxx\"", series % STATUS_CLASSES + 2);
}

static void label_refusal(unsigned series, struct str *out)
{
    str_addf(out, "provider=\"twilio\",reason=\"%s\"", refusals[series]);
}

static void label_verdict(unsigned series, struct str *out)
{
    str_addf(out, "provider=\"twilio\",verdict=\"%s\"", verdicts[series]);
}

static void label_status(unsigned series, struct str *out)
{
    str_addf(out, "provider=\"twilio\",status=\"%s\"", call_status_names[series]);
}

static struct metric answers = METRIC(COUNTER, "outdial_http_requests_total", "Requests answered, by route and class of status.", label_answer, 0);
static struct metric seconds_taken = METRIC(HISTOGRAM, "outdial_http_request_duration_seconds", "Time from reading a request to its answer.", label_route, 0);
static struct metric round_trips = METRIC(COUNTER, "outdial_database_round_trips_total", "Times that requests waited for the database.", NULL, 1);
static struct metric refused = METRIC(COUNTER, "outdial_webhooks_rejected_total", "Webhooks that are not genuine.", label_refusal, 3);
static struct metric genuine = METRIC(COUNTER, "outdial_webhooks_total", "Genuine webhooks about a line.", label_verdict, 3);
static struct metric statuses = METRIC(COUNTER, "outdial_line_news_total", "News of lines that was new, by what it said.", label_status, 0);

static unsigned place_of(const char *const *names, const char *name)
{
    unsigned i = 0;
    while (names[i] && !str_equal(names[i], name))
        i++;
    return i;
}

void measure_open(const struct settings *s)
{
    answers.series = (route_count + 1) * STATUS_CLASSES;
    seconds_taken.series = route_count + 1;
    statuses.series = place_of(call_status_names, NULL);
    metrics_declare(&answers);
    metrics_declare(&seconds_taken);
    metrics_declare(&round_trips);
    metrics_declare(&refused);
    metrics_declare(&genuine);
    metrics_declare(&statuses);
    metrics_open("outdial-api", s->metrics);
}

void measure_request(const struct req *r, double seconds)
{
    unsigned route = r->route ? (unsigned)(r->route - routes) : route_count;
    unsigned class = r->reply.status >= 200 && r->reply.status < 600 ? (unsigned)r->reply.status / 100 - 2 : STATUS_CLASSES - 1;

    metric_add(&answers, route * STATUS_CLASSES + class, 1);
    metric_observe(&seconds_taken, route, seconds);
    metric_add(&round_trips, 0, (uint64_t)r->ctx->round_trips);
}

void measure_webhook_refused(const char *why)
{
    metric_add(&refused, place_of(refusals, why), 1);
}

void measure_webhook(const char *verdict, const char *status)
{
    metric_add(&genuine, place_of(verdicts, verdict), 1);
    if (status && str_equal(verdict, "stored"))
        metric_add(&statuses, place_of(call_status_names, status), 1);
}
