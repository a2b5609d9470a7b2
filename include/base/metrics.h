/*
 * base/metrics.h - counters, gauges and histograms that all programs of one machine share, and that /metrics shows.
 *
 * A metric is a family of series: the same thing counted under a fixed, small set of labels.  Families are declared before the
 * threads start, as constants next to what they count:
 *
 *     static struct metric requests = METRIC(COUNTER, "outdial_http_requests_total", "Requests answered.", label_of, 500);
 *     metrics_declare(&requests);
 *     metrics_open("outdial-api", settings.metrics);
 *     ...
 *     metric_add(&requests, series, 1);
 *
 * The cells of all processes of one program lie in one file that each maps, so a sum needs no message and a process that is
 * killed takes nothing with it; its successor goes on counting where it stopped.  A file whose families differ, after an
 * upgrade, is replaced.  metrics_write() reads the files of all programs in the folder and adds up what has the same name
 * and labels, in Prometheus' text format (version 0.0.4).
 *
 * Adding is one relaxed atomic addition and never fails: before metrics_open(), or when the folder cannot be written, cells are
 * the process's own.  Labels never hold tenants, numbers or names.
 */
#pragma once

#include <stdint.h>

#include "base/str.h"

enum metric_kind { COUNTER, GAUGE, HISTOGRAM };

/* Upper bounds of a histogram's buckets, in seconds; a last one without bound is added. */
#define METRIC_BOUNDS { 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10 }
#define METRIC_BUCKETS 14

struct metric {
    enum metric_kind  kind;
    const char       *name, *help;
    void            (*labels)(unsigned series, struct str *out);    /* appends e.g. outcome="busy"; NULL = one series without labels */
    unsigned          series;
    _Atomic uint64_t *cell;                                     /* set by metrics_open(); a histogram has METRIC_BUCKETS and a sum per series */
};
#define METRIC(kind_, name_, help_, labels_, series_) { .kind = kind_, .name = name_, .help = help_, .labels = labels_, .series = series_ }

/* Before metrics_open(), at most 64 families. */
void metrics_declare(struct metric *);
/* Once, before threads.  folder: NULL or "" keeps the cells in this process. */
void metrics_open(const char *program, const char *folder);

void metric_add(struct metric *, unsigned series, uint64_t amount);     /* counters */
void metric_set(struct metric *, unsigned series, uint64_t value);      /* gauges: whole numbers */
void metric_observe(struct metric *, unsigned series, double seconds);  /* histograms; the sum is kept in microseconds */

/* Everything that is counted here and in the folder. */
void metrics_write(struct arena *, struct str *out);
