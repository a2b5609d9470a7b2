/*
 * model/encoding.h - which characters the bytes of a file are, and those characters in UTF-8.
 *
 *     enum encoding found = encoding_of(bytes, size);          the whole file is evidence
 *     if (found != ENCODING_UTF_8)
 *         encoding_decode(found, bytes, size, write_piece, file);
 *
 * A byte order mark settles it.  Without one: UTF-16 shows by zero bytes on one side of every pair; UTF-8 by sequences that are
 * hardly ever right by chance, so a file with many right ones and a few wrong bytes is UTF-8 with a few bad rows; all else is one
 * of the two code pages that spreadsheets in Turkey and western Europe write.  Those differ in six letters: windows-1254 has the
 * Turkish ones where windows-1252 has the Icelandic ones, and Icelandic text also has letters that Turkish never uses.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define ENCODINGS(X)  /* encoding       name, other names          as iconv calls it */ \
    X(UTF_8,        "utf-8",        " utf8 ",                      "UTF-8") \
    X(UTF_16LE,     "utf-16le",     " utf-16 utf16 utf16le ",      "UTF-16LE") \
    X(UTF_16BE,     "utf-16be",     " utf16be ",                   "UTF-16BE") \
    X(WINDOWS_1254, "windows-1254", " cp1254 iso-8859-9 latin5 ",  "WINDOWS-1254") \
    X(WINDOWS_1252, "windows-1252", " cp1252 iso-8859-1 latin1 ",  "WINDOWS-1252")

enum encoding {
#define X(encoding, name, others, iconv) ENCODING_##encoding,
    ENCODINGS(X)
#undef X
    ENCODING_COUNT
};

const char *encoding_name(enum encoding);
/* By name or other name, in either case; false when unknown. */
bool encoding_find(const char *name, enum encoding *out);
/* One of windows-125x for anything that is neither; a file of other things than text is refused by whoever reads it. */
enum encoding encoding_of(const char *bytes, size_t size);

/* Takes a piece of UTF-8; false ends the decoding. */
typedef bool encoding_sink(void *data, const char *bytes, size_t size);
/* Piece by piece, without a byte order mark; bytes that stand for nothing become one byte that UTF-8 never has, so that their row is
 * refused and no other.  False when the sink said so. */
bool encoding_decode(enum encoding, const char *bytes, size_t size, encoding_sink *, void *data);
