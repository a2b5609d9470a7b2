/* What is said on the phone. */
#include "test.h"

#include "base/str.h"
#include "model/script.h"

TEST("persona and company are filled in, wherever and however often they stand")
{
    EQUAL_TEXT(script_fill(arena, "I am {persona} from {company}. {persona}!", "Rachel", "Acme"), "I am Rachel from Acme. Rachel!");
    EQUAL_TEXT(script_fill(arena, "{company}", "", "{persona}"), "{persona}");
    EQUAL_TEXT(script_fill(arena, "{other} { {persona", "R", "A"), "{other} { {persona");
    EQUAL_TEXT(script_fill(arena, "{persona}{company}", NULL, NULL), "");
}

TEST("the default greeting is the one that was promised")
{
    EQUAL_TEXT(script_fill(arena, script_default("en", SCRIPT_GREETING), "Rachel", "Acme"),
               "Hello! This is Rachel from Acme. We help businesses like yours grow with automated calling solutions. "
               "Press 1 to speak with an agent, or press 2 to be added to our do not call list.");
    EQUAL_TEXT(script_default("en", SCRIPT_CONNECTING), "Connecting you to an agent now.");
    EQUAL_TEXT(script_default("en", SCRIPT_OPTED_OUT), "You have been added to our do not call list. Goodbye.");
    EQUAL_TEXT(script_default(NULL, SCRIPT_NO_INPUT), "We did not receive any input. Goodbye.");
    EQUAL_TEXT(script_fill(arena, script_default("en", SCRIPT_VOICEMAIL), "Rachel", "Acme"),
               "Hello, this is a message from Acme. We wanted to reach out regarding your business. "
               "Please call us back at your convenience. Thank you.");
}

TEST("every text exists in both languages, differs, and can be spoken")
{
    for (int part = 0; part < SCRIPT_COUNT; part++) {
        const char *en = script_default("en", (enum script_part)part), *tr = script_default("tr", (enum script_part)part);
        OK(!str_blank(en) && !str_blank(tr) && !str_equal(en, tr));
        OK(utf8_valid_xml(en, strlen(en)) && utf8_valid_xml(tr, strlen(tr)));
        OK((strstr(en, "{company}") != NULL) == (strstr(tr, "{company}") != NULL));
    }
    EQUAL_TEXT(script_part_names[SCRIPT_VOICEMAIL], "voicemail");
    OK(!script_part_names[SCRIPT_PART_COUNT]);
}
