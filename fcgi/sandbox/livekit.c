#include "sandbox/serve.h"

static void handle(struct request *request)
{
    request->verdict = "refused 501";
    reply_problem(request, 501, "not_implemented", "this sandbox does not play LiveKit");
}

static void resume(struct call *call)
{
    (void)call;
}

static void dropped(void)
{
}

static struct err *inbound(struct arena *arena, struct account *account, struct number *number,
                           const char *from, struct call **out)
{
    (void)account, (void)number, (void)from, (void)out;
    return err_make(arena, __FILE__, __LINE__, ERR_UNAVAILABLE, NULL, NULL,
                    "this sandbox does not play LiveKit");
}

const struct provider provider_livekit = { "livekit", "/livekit", handle, resume, dropped, inbound };
