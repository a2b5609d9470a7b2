/*
 * web/health.c - whether a load balancer should send people here.
 */
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
