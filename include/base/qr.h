/*
 * base/qr.h - text as a QR code (ISO 18004), drawn as SVG.  The only caller of libqrencode.
 */
#pragma once

#include "base/arena.h"

/* Black on white whatever surrounds it, with the quiet zone that readers need.  NULL when the text is longer than a QR code can be. */
char *qr_svg(struct arena *, const char *text);
