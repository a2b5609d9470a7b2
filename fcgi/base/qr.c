#include "base/qr.h"

#include <qrencode.h>

#include "base/str.h"

enum { QUIET = 4, LONGEST_SVG = 256 << 10 };

/* One rectangle for each run of dark modules in a row. */
static void draw_row(struct str *svg, const unsigned char *row, int width, int y)
{
    for (int x = 0; x < width; x++) {
        int from = x;
        while (x < width && row[x] & 1)
            x++;
        if (x > from)
            str_addf(svg, "M%d %dh%dv1h-%dz", from + QUIET, y + QUIET, x - from, x - from);
    }
}

char *qr_svg(struct arena *arena, const char *text)
{
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
    if (!code)
        return NULL;
    struct str svg = str_make(arena, LONGEST_SVG);
    int side = code->width + 2 * QUIET;
    str_addf(&svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">"
                   "<path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/><path d=\"", side, side, side, side);
    for (int y = 0; y < code->width; y++)
        draw_row(&svg, code->data + y * code->width, code->width, y);
    str_add(&svg, "\"/></svg>");
    QRcode_free(code);
    return str_broken(&svg) ? NULL : svg.text;
}
