/* Documents: any sentence either comes back from the XML word for word, or the document is refused.  And the reader takes
 * any bytes.  Lines: a sentence, another, an address. */
#include "fuzz.h"

#include "base/xml.h"
#include "provider/twiml.h"

static struct xml_node *document(struct arena *arena, const char *text)
{
    struct xml_node *root;
    MUST(xml_read(arena, text, strlen(text), &root) == NULL);
    MUST(strcmp(root->name, "Response") == 0);
    return root;
}

/* XML reads CR LF and CR as LF; our writer spells them out, so nothing is lost. */
FUZZ
{
    struct xml_node *any;
    struct err *ignored = xml_read(arena, bytes, size, &any);
    (void)ignored;

    const char *at = bytes, *sentence = next_part(arena, &at, bytes + size);
    const char *second = next_part(arena, &at, bytes + size), *address = next_part(arena, &at, bytes + size), *text;
    if (!sentence)
        return;
    bool fits = utf8_valid_xml(sentence, strlen(sentence)) && strlen(sentence) < 8192;
    if (twiml_say(arena, "tr", sentence, &text))
        MUST(!fits);
    else {
        MUST(utf8_valid_xml(sentence, strlen(sentence)));
        MUST(strcmp(xml_inner_text(arena, document(arena, text)), sentence) == 0);
    }
    if (!second || !address || twiml_menu(arena, "en", sentence, second, address, &text))
        return;
    struct xml_node *root = document(arena, text);
    MUST(strcmp(root->first->name, "Gather") == 0 && strcmp(xml_get(root->first, "action"), address) == 0);
    MUST(strcmp(xml_inner_text(arena, root->first), sentence) == 0);
    MUST(strcmp(xml_inner_text(arena, root->first->next), second) == 0);
    (void)ctx;
}
