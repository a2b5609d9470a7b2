/*
 * web/api_scripts.c - what a campaign says, per language and part.
 */
#include "model/script.h"
#include "service/campaigns.h"
#include "web/api.h"

static void write_texts(struct json_out *out, const char *locale, const char *const *own)
{
    json_name(out, locale);
    json_open_object(out);
    for (int part = 0; part < SCRIPT_PART_COUNT; part++) {
        json_name(out, script_part_names[part]);
        json_put_string(out, own[part] ? own[part] : script_default(locale, (enum script_part)part));
    }
    json_close_object(out);
}

/* GET .../campaigns/:id/scripts: where nothing is set, the default text. */
fallible api_scripts_get(struct req *r)
{
    struct campaign_texts texts;

    TRY(campaigns_texts(r->ctx, r->id, &texts));
    struct json_out *out = reply_object(r);
    write_texts(out, "en", texts.en);
    write_texts(out, "tr", texts.tr);
    return reply_object_end(r, 200);
}

/* PUT .../campaigns/:id/scripts: parts that are not named stay; null goes back to the default text. */
fallible api_scripts_put(struct req *r)
{
    const struct json *body;

    TRY(req_object(r, &body));
    TRY(svc_campaign_put_texts(r->ctx, r->id, body));
    return api_scripts_get(r);
}
