#include "test.h"

#include "base/str.h"
#include "base/xml.h"

static const char *why(const char *bytes, size_t length)
{
    struct xml_node *root;
    struct err *e = xml_read(arena, bytes, length, &root);
    if (e)
        EQUAL_INT(e->kind, ERR_INVALID);
    return e ? e->message : NULL;
}

static bool refused(const char *text)
{
    return why(text, strlen(text)) != NULL;
}

static struct xml_node *must_read(const char *text)
{
    struct xml_node *root = NULL;
    struct err *e = xml_read(arena, text, strlen(text), &root);
    if (e)
        fail_msg("%s", e->message);
    return root;
}

TEST("a document is written with its declaration, escaped, and what is open is closed")
{
    const char *text;
    struct xml_out *out = xml_start(arena);
    xml_open(out, "Response");
    xml_open(out, "Dial");
    xml_attribute(out, "action", "https://a/?x=1&y=\"2\"");
    xml_attribute(out, "record", NULL);
    xml_leaf(out, "Number", "<+15550100>");
    OK(!xml_finish(arena, out, &text));
    EQUAL_TEXT(text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Dial action=\""
                     "https://a/?x=1&amp;y=&quot;2&quot;\">"
                     "<Number>&lt;+15550100&gt;</Number></Dial></Response>\n");
}

TEST("whatever XML can carry comes back as it was, in text and in attributes")
{
    for (int i = 0; i < 2000; i++) {
        char *said = test_text(1 + test_chance() % 60), *value = test_text(test_chance() % 30);
        if (i % 5 == 0)
            said[0] = '\r';
        if (!utf8_valid_xml(said, strlen(said)))
            continue;
        const char *text;
        struct xml_out *out = xml_start(arena);
        xml_open(out, "Say");
        xml_attribute(out, "voice", value);
        xml_text(out, said);
        OK(!xml_finish(arena, out, &text));
        struct xml_node *root = must_read(text);
        EQUAL_TEXT(root->name, "Say");
        EQUAL_TEXT(xml_get(root, "voice"), value);
        EQUAL_TEXT(xml_inner_text(arena, root), said);
        if (i % 100 == 0)
            arena_reset(arena);
    }
}

TEST("what XML cannot carry marks the writer")
{
    static const char *const bad[] = { "\x01", "a\x0b", "\xff", "\xef\xbf\xbe", "\xed\xa0\x80", "\x1f" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *text;
        for (int where = 0; where < 3; where++) {
            struct xml_out *out = xml_start(arena);
            xml_open(out, where == 2 ? bad[i] : "Say");
            if (where == 1)
                xml_attribute(out, "voice", bad[i]);
            xml_text(out, where ? "" : bad[i]);
            struct err *e = xml_finish(arena, out, &text);
            OK(e && e->kind == ERR_INTERNAL);
        }
    }
}

TEST("a document is read as a tree")
{
    struct xml_node *root = must_read("<?xml version='1.0'?><!-- hello --><Response>\n <Say "
                                      "voice='Polly.Ada' loop=\"2\">Hi <b>all</b>&amp;&#33;"
                                      "<![CDATA[<x>]]></Say><Hangup/><?pi x?></Response>");
    EQUAL_TEXT(root->name, "Response");
    EQUAL_TEXT(root->first->text, "\n ");
    struct xml_node *say = root->first->next;
    EQUAL_TEXT(say->name, "Say");
    EQUAL_INT(say->attribute_count, 2);
    EQUAL_TEXT(xml_get(say, "loop"), "2");
    EQUAL_TEXT(xml_get(say, "none"), NULL);
    EQUAL_TEXT(xml_inner_text(arena, say), "Hi all&!<x>");
    EQUAL_TEXT(say->next->name, "Hangup");
    OK(!say->next->first && !say->next->next && !root->next);
}

TEST("document types and entities are refused, so nothing is fetched and nothing grows")
{
    OK(refused("<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>"));
    OK(refused("<!DOCTYPE a SYSTEM 'http://127.0.0.1:1/a.dtd'><a/>"));
    OK(refused("<?xml version='1.0'?>\n<!DOCTYPE a><a/>"));
    OK(refused("<a>&x;</a>") && refused("<a b='&x;'/>"));
    OK(!refused("<a>&lt;&gt;&amp;&apos;&quot;</a>"));
}

TEST("what is not well-formed is refused")
{
    static const char *const bad[] = { "", " ", "x", "<a>", "<a></b>", "<a/><b/>", "<a b=1/>",
    "<a b='1' b='2'/>", "<a>&#1;</a>", "<a>&#0;</a>",
                                       "<a>\x01</a>", "<a>\xff</a>", "<a", "<a/>x", "<1/>",
                                       "<a><![CDATA[x</a>", "<a b='<'/>" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (!refused(bad[i]))
            fail_msg("accepted: %s", bad[i]);
    OK(why("<a/>\0", 5) && why("\xff\xfe<\0a\0/\0>\0", 10));
}

TEST("sixteen levels and 64 KiB are read, more is not")
{
    struct str s = str_make(arena, 1 << 20);
    for (int i = 0; i < 17; i++)
        str_add(&s, "<a>");
    for (int i = 0; i < 17; i++)
        str_add(&s, "</a>");
    OK(refused(s.text));
    OK(!refused(arena_copy(arena, s.text + 3, s.length - 7)));
    char *big = memset(arena_alloc(arena, 70000), ' ', 65536);
    memcpy(big, "<a/>", 4);
    OK(!why(big, 65536) && why(big, 65537));
}

TEST("random documents never crash the reader")
{
    static const char *const part[] = { "<a>", "</a>", "<b c='d'>", "</b>", "&amp;", "&x;", "<!--", "-->",
    "<![CDATA[", "]]>", "<?p ?>", "text",
                                        "<a/>", "é", "<", ">", "'", "<!DOCTYPE", "xmlns:x='y'", "<x:y/>",
                                        " " };
    int read = 0;
    for (int i = 0; i < 20000; i++) {
        struct str s = str_make(arena, 1000);
        for (int k = (int)(test_chance() % 6); k >= 0; k--)
            str_add(&s, part[test_chance() % (sizeof part / sizeof *part)]);
        read += !refused(s.text);
        if (i % 1000 == 0)
            arena_reset(arena);
    }
    OK(read > 50);
}
