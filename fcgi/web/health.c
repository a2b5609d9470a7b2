/*
 * web/health.c - whether a load balancer should send people here.
 */
#include "base/metrics.h"
#include "db/migrate.h"
#include "web/api.h"

static fallible say_ok(struct req *r)
{
    struct json_out *out = reply_object(r);
    json_name(out, "status");
    json_put_string(out, "ok");
    return reply_object_end(r, 200);
}

/* GET /healthz */
fallible api_healthz(struct req *r)
{
    return say_ok(r);
}

/* GET /readyz */
fallible api_readyz(struct req *r)
{
    TRY(migrate_check(r->ctx));
    return say_ok(r);
}

/* GET /metrics; nginx lets only this machine ask. */
fallible api_metrics(struct req *r)
{
    struct str text = str_make(r->ctx->arena, (size_t)4 << 20);
    metrics_write(r->ctx->arena, &text);
    if (str_broken(&text))
        FAIL(r->ctx, INTERNAL, "the metrics are larger than expected");
    return reply_text(r, 200, "text/plain; version=0.0.4; charset=utf-8", text.text, text.length);
}
