/*
 * model/script.h - what is said on the phone, in two languages.
 *
 * Five parts can be set per campaign and language; a part that is not set has the default text of this table.  {persona} and
 * {company} in any text are the tenant's.  The other sentences are the installation's own.
 */
#pragma once

#include "base/arena.h"

/* The parts that a campaign can set: the enum, the word in paths, rows and JSON, English, Turkish. */
#define SCRIPT_PARTS(X)                                                                                                          \
    X(GREETING,   "greeting",                                                                                                    \
      "Hello! This is {persona} from {company}. We help businesses like yours grow with automated calling solutions. "          \
      "Press 1 to speak with an agent, or press 2 to be added to our do not call list.",                                        \
      "Merhaba! Ben {company} şirketinden {persona}. Sizin gibi işletmelerin otomatik arama çözümleriyle büyümesine yardımcı "   \
      "oluyoruz. Bir temsilciyle görüşmek için 1'e, bir daha aranmamak için 2'ye basın.")                                        \
    X(CONNECTING, "connecting", "Connecting you to an agent now.", "Sizi şimdi bir temsilciye bağlıyoruz.")                      \
    X(OPTED_OUT,  "opted_out",  "You have been added to our do not call list. Goodbye.",                                         \
      "Numaranız aranmayacaklar listemize eklendi. Hoşça kalın.")                                                                \
    X(NO_INPUT,   "no_input",   "We did not receive any input. Goodbye.", "Herhangi bir tuşlama almadık. Hoşça kalın.")          \
    X(VOICEMAIL,  "voicemail",                                                                                                   \
      "Hello, this is a message from {company}. We wanted to reach out regarding your business. "                               \
      "Please call us back at your convenience. Thank you.",                                                                    \
      "Merhaba, bu mesaj {company} şirketindendir. İşletmenizle ilgili size ulaşmak istedik. Uygun olduğunuzda lütfen bizi "    \
      "arayın. Teşekkür ederiz.")

/* Sentences that nobody sets. */
#define SCRIPT_SENTENCES(X)                                                                                                      \
    X(INBOUND,    "inbound",    "Thank you for calling {company}. Nobody is available to take your call. Goodbye.",              \
      "{company} şirketini aradığınız için teşekkür ederiz. Şu anda çağrınızı alabilecek kimse yok. Hoşça kalın.")               \
    X(NO_AGENT,   "no_agent",   "We are sorry, no agent can be reached right now. Goodbye.",                                     \
      "Üzgünüz, şu anda bir temsilciye ulaşılamıyor. Hoşça kalın.")

enum script_part {
#define X(name, word, en, tr) SCRIPT_##name,
    SCRIPT_PARTS(X)
    SCRIPT_PART_COUNT,
    SCRIPT_BEFORE_SENTENCES = SCRIPT_PART_COUNT - 1,
    SCRIPT_SENTENCES(X)
#undef X
    SCRIPT_COUNT
};

extern const char *const script_part_names[];                   /* words of the settable parts, NULL-terminated */

/* Default text; locale "tr", or anything else for English. */
const char *script_default(const char *locale, enum script_part);
/* {persona} and {company} replaced; NULL names are empty. At most 8 KiB. */
const char *script_fill(struct arena *, const char *text, const char *persona, const char *company);
