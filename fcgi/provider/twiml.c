/*
 * provider/twiml.c - TwiML through the XML writer.  See provider/twiml.h.
 */
#include "provider/twiml.h"

#include "base/str.h"
#include "base/xml.h"

const char twiml_hangup[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Hangup/></Response>\n";
const char twiml_empty[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response/>\n";
const char twiml_apology[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Say language=\"en-US\">"
                             "We are sorry, this call cannot be handled right now. Goodbye.</Say><Hangup/></Response>\n";

static void say(struct xml_out *out, const char *locale, const char *sentence)
{
    xml_open(out, "Say");
    xml_attribute(out, "language", str_equal(locale, "tr") ? "tr-TR" : "en-US");
    xml_text(out, sentence);
    xml_close(out);
}

static void hangup(struct xml_out *out)
{
    xml_open(out, "Hangup");
    xml_close(out);
}

fallible twiml_menu(struct arena *arena, const char *locale, const char *greeting, const char *no_input, const char *gather_url, const char **out)
{
    struct xml_out *xml = xml_start(arena);

    xml_open(xml, "Response");
    xml_open(xml, "Gather");
    xml_attribute(xml, "numDigits", "1");
    xml_attribute(xml, "action", gather_url);
    xml_attribute(xml, "method", "POST");
    xml_attribute(xml, "timeout", "10");
    say(xml, locale, greeting);
    xml_close(xml);
    say(xml, locale, no_input);
    hangup(xml);
    return xml_finish(arena, xml, out);
}

fallible twiml_say(struct arena *arena, const char *locale, const char *sentence, const char **out)
{
    struct xml_out *xml = xml_start(arena);

    xml_open(xml, "Response");
    say(xml, locale, sentence);
    hangup(xml);
    return xml_finish(arena, xml, out);
}

fallible twiml_connect(struct arena *arena, const char *locale, const char *sentence, const char *caller_id, const char *agent_phone,
                       const char *status_url, const char **out)
{
    struct xml_out *xml = xml_start(arena);

    xml_open(xml, "Response");
    say(xml, locale, sentence);
    xml_open(xml, "Dial");
    xml_attribute(xml, "callerId", caller_id);
    xml_attribute(xml, "timeout", "30");
    xml_open(xml, "Number");
    xml_attribute(xml, "statusCallback", status_url);
    xml_attribute(xml, "statusCallbackEvent", "initiated ringing answered completed");
    xml_attribute(xml, "statusCallbackMethod", "POST");
    xml_text(xml, agent_phone);
    xml_close(xml);
    xml_close(xml);
    hangup(xml);
    return xml_finish(arena, xml, out);
}
