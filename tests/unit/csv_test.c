/* CSV as people have it: every row is read or refused with its line, and none is lost. */
#include "test.h"

#include "base/ctx.h"
#include "base/str.h"
#include "model/csv.h"
#include "model/phone.h"

static struct ctx ctx;

static struct err *open_text(const char *text, struct csv_head *head)
{
    ctx = (struct ctx){ .arena = arena };
    phone_init();
    return csv_open(&ctx, text, strlen(text), NULL, head);
}

/* The rows behind the heading as "line:cell|cell" or "line!problem", one per line. */
static const char *rows_of(const char *bytes, size_t size)
{
    struct csv_head head;
    struct csv_row row;
    struct str out = str_make(arena, 8 << 20);

    ctx = (struct ctx){ .arena = arena };
    phone_init();
    struct err *err = csv_open(&ctx, bytes, size, NULL, &head);
    if (err)
        return err->code;
    struct csv_reader *r = csv_reader_make(bytes, size, head.delimiter, head.first_row, head.first_line);
    size_t before = head.first_row;
    while (csv_reader_next(r, arena, &row)) {
        OK(row.end > row.start && row.start >= before && row.end <= size);
        before = row.end;
        str_addf(&out, "%s%zu%s", out.length ? "\n" : "", row.line, row.problem ? "!" : ":");
        if (row.problem)
            str_add(&out, row.problem);
        for (size_t i = 0; i < row.count; i++)
            str_addf(&out, "%s%s", i ? "|" : "", row.cell[i]);
    }
    csv_reader_destroy(r);
    return out.text;
}

#define ROWS(text) rows_of("" text, sizeof text - 1)

TEST("commas, semicolons, tabs, bars: whichever the heading has most of; sep= names one")
{
    EQUAL_TEXT(ROWS("name,phone\nA,1\nB,2\n"), "2:A|1\n3:B|2");
    EQUAL_TEXT(ROWS("name;phone\nA,a;1\n"), "2:A,a|1");
    EQUAL_TEXT(ROWS("name\tphone\nA\t1"), "2:A|1");
    EQUAL_TEXT(ROWS("name|phone\nA|1"), "2:A|1");
    EQUAL_TEXT(ROWS("sep=;\r\nname;phone;a,b,c,d\r\nA;1\r\n"), "3:A|1");
}

TEST("byte order marks, CRLF, CR alone, empty lines and a last line without an end")
{
    EQUAL_TEXT(ROWS("\xef\xbb\xbfname,phone\r\nA,1\r\n\r\n,\r\nB,2"), "2:A|1\n5:B|2");
    EQUAL_TEXT(ROWS("name,phone\rA,1\rB,2\r"), "2:A|1\n3:B|2");
}

TEST("quotes hold separators, quotes and line breaks; the line is where the row begins")
{
    EQUAL_TEXT(ROWS("name,phone\n\"A, \"\"the\"\" first\",1\n\"two\nlines\",2\nC,3\n"), "2:A, \"the\" first|1\n3:two\nlines|2\n5:C|3");
    EQUAL_TEXT(ROWS("name,phone\n12\" pizza,1\n"), "2:12\" pizza|1");
}

TEST("a quote that is never closed costs its own line only")
{
    EQUAL_TEXT(ROWS("name,phone\n\"A,1\nB,2\nC,3\n"), "2!unclosed_quote\n3:B|2\n4:C|3");
    EQUAL_TEXT(ROWS("name,phone\nA,1\n\"B,2"), "2:A|1\n3!unclosed_quote");
}

TEST("a quote that is never closed in a large file does not swallow it")
{
    struct str s = str_make(arena, 8 << 20);
    str_add(&s, "name,phone\n\"open,1\n");
    for (int i = 0; i < 100000; i++)
        str_addf(&s, "N,%d\n", i);
    const char *rows = rows_of(s.text, s.length);
    OK(str_starts(rows, "2!unclosed_quote\n3:N|0\n4:N|1\n"));
    EQUAL_TEXT(strrchr(rows, '\n') + 1, "100002:N|99999");
}

TEST("many open quotes end the reading, with a reason")
{
    struct str s = str_make(arena, 8 << 20);
    str_add(&s, "name,phone\n");
    for (int i = 0; i < 2000; i++)
        str_addf(&s, "\"x%d,1\n", i);
    const char *rows = rows_of(s.text, s.length);
    EQUAL_TEXT(strrchr(rows, '!'), "!too_many_open_quotes");
}

TEST("a row that is too long, not UTF-8 or holds NUL is refused alone")
{
    struct str s = str_make(arena, 8 << 20);
    str_add(&s, "name,phone\nA,1\n");
    for (int i = 0; i < 300000; i++)
        str_add_char(&s, 'x');
    str_add(&s, ",2\nB,3\n");
    EQUAL_TEXT(rows_of(s.text, s.length), "2:A|1\n3!too_long\n4:B|3");
    EQUAL_TEXT(ROWS("name,phone\ncaf\xe9,1\nB,2\n"), "2!not_utf8\n3:B|2");
    s = str_make(arena, 1 << 20);
    str_add(&s, "name,phone\n");
    for (int i = 0; i < 300; i++)
        str_add(&s, "A,1\n");
    str_add_bytes(&s, "B\0B,2\nC,3\n", 10);
    EQUAL_TEXT(strstr(rows_of(s.text, s.length), "302"), "302!control_character\n303:C|3");
}

TEST("files that cannot be read at all say so")
{
    struct csv_head head;
    EQUAL_TEXT(open_text("", &head)->code, "empty_file");
    EQUAL_TEXT(open_text("\n\n\n", &head)->code, "empty_file");
    EQUAL_TEXT(ROWS("n\0a\0m\0e\0"), "unsupported_encoding");
    EQUAL_TEXT(open_text("name,city\nA,B\n", &head)->code, "no_phone_column");
    EQUAL_TEXT(open_text("n\xe9,phone\nA,B\n", &head)->code, "not_utf8");
}

TEST("headings are known in two languages, whatever their case and punctuation")
{
    OK(csv_column_of("Phone Number") == CSV_PHONE);
    OK(csv_column_of("CEP TELEFONU") == CSV_PHONE);
    OK(csv_column_of("Telefon No.") == CSV_PHONE);
    OK(csv_column_of("business_name") == CSV_NAME);
    OK(csv_column_of("İsim") == CSV_NAME);
    OK(csv_column_of("ŞİRKET ADI") == CSV_NAME);
    OK(csv_column_of("Kategori") == CSV_CATEGORY);
    OK(csv_column_of("external-id") == CSV_EXTERNAL_ID);
    OK(csv_column_of("Müşteri No") == CSV_EXTERNAL_ID);
    OK(csv_column_of("Şehir") == CSV_CUSTOM);
    OK(csv_column_of("") == CSV_CUSTOM);
}

/* What every column is, as a map would say it. */
static const char *fields_of(const char *text, const char *map)
{
    struct csv_head head;
    struct str out = str_make(arena, 4096);

    ctx = (struct ctx){ .arena = arena };
    phone_init();
    struct err *err = csv_open(&ctx, text, strlen(text), &(struct csv_wishes){ .map = map }, &head);
    if (err)
        return err->fields ? err->fields->code : err->code;
    for (size_t i = 0; i < head.count; i++)
        str_addf(&out, "%s%s", i ? " " : "", csv_field_of(arena, &head, i));
    return out.text;
}

TEST("of two columns with one meaning the second is a further number, or a custom value; a column without a heading is none")
{
    EQUAL_TEXT(fields_of("name,phone,mobile,,city\n", NULL), "name phone phone2 ignore custom.city");
    EQUAL_TEXT(fields_of("name,firma,phone 3,phone,Cep Tel 2\n", NULL), "name custom.firma phone3 phone phone2");
    EQUAL_TEXT(fields_of("name,phone2,tel\n", NULL), "name phone2 phone");
    EQUAL_TEXT(fields_of("name,phone2\n", NULL), "name phone");
}

TEST("a map names columns by heading or place, and says what is wrong with it")
{
    EQUAL_TEXT(fields_of("a,\"b,c\",d,e\n", "phone:d,name:\"b,c\",custom.x:#1"), "custom.x name phone custom.e");
    EQUAL_TEXT(fields_of("Ad Soyad;Telefon;Cep\n", "phone:cep,ignore:Telefon"), "name ignore phone");
    EQUAL_TEXT(fields_of("a,b\n", "phone:c"), "no_such_column");
    EQUAL_TEXT(fields_of("a,b\n", "phone:a,phone:b"), "twice");
    EQUAL_TEXT(fields_of("a,b\n", "phone:a,name:a"), "twice");
    EQUAL_TEXT(fields_of("a,b\n", "fax:a"), "malformed");
    EQUAL_TEXT(fields_of("a,b\n", "phone"), "malformed");
    EQUAL_TEXT(fields_of("a,b\n", "phone:\"a"), "malformed");
    EQUAL_TEXT(fields_of("a,b\n", "name:a"), "no_phone_column");
}

TEST("a file without a heading is known by a number in its first row")
{
    EQUAL_TEXT(ROWS("Ann,(212) 555-1234,Cafe,x\nBob,2125551235,,\n"), "1:Ann|(212) 555-1234|Cafe|x\n2:Bob|2125551235||");
    EQUAL_TEXT(fields_of("Ann,+12125551234,Cafe,x\n", NULL), "name phone category custom.column 4");
    EQUAL_TEXT(fields_of("+12125551234;Ann\n", NULL), "phone name");
    EQUAL_TEXT(fields_of("Ann,+12125551234,x\n", "category:#1"), "category phone name");
}

TEST("the delimiter is the one that cuts the lines alike")
{
    EQUAL_TEXT(ROWS("name, or so;phone\nA;1\nB;2\n"), "2:A|1\n3:B|2");
}

TEST("numbers that a spreadsheet has had: digits that are there are taken, digits that are lost are not made up")
{
    EQUAL_TEXT(csv_phone(arena, "8.134893222E+09"), "8134893222");
    EQUAL_TEXT(csv_phone(arena, "9,03129114094E+11"), "903129114094");
    EQUAL_TEXT(csv_phone(arena, "8.13489322E+09"), NULL);
    EQUAL_TEXT(csv_phone(arena, "8.13E+09"), NULL);
    EQUAL_TEXT(csv_phone(arena, "8E+09"), NULL);
    EQUAL_TEXT(csv_phone(arena, "81.34893222E+08"), NULL);
    EQUAL_TEXT(csv_phone(arena, "0.8134893222E+10"), NULL);
    EQUAL_TEXT(csv_phone(arena, "8134893222.0"), "8134893222");
    EQUAL_TEXT(csv_phone(arena, "813.489.3222"), "813.489.3222");
    EQUAL_TEXT(csv_phone(arena, "'08134893222"), "08134893222");
    EQUAL_TEXT(csv_phone(arena, "+12125551234"), "+12125551234");
}

TEST("a file of nothing but numbers needs no heading")
{
    EQUAL_TEXT(ROWS("+12125551234\n+12125551235\n"), "1:+12125551234\n2:+12125551235");
}

TEST("lines are counted as they are read")
{
    EQUAL_INT(csv_count_lines("a\nb\r\nc\rd\n", 9), 4);
    EQUAL_INT(csv_count_lines("a\nb", 0), 0);
}

static const char *cell(const char *text)
{
    char *buffer = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&buffer, &size);
    csv_write_cell(out, true, text);
    fclose(out);
    const char *written = arena_copy(arena, buffer, size);
    free(buffer);
    return written;
}

TEST("what a spreadsheet would run gets an apostrophe; a number in E.164 does not")
{
    EQUAL_TEXT(cell("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
    EQUAL_TEXT(cell("+12125551234"), "+12125551234");
    EQUAL_TEXT(cell("+1 (212) 555-1234"), "'+1 (212) 555-1234");
    EQUAL_TEXT(cell("-1"), "'-1");
    EQUAL_TEXT(cell("@x"), "'@x");
    EQUAL_TEXT(cell("\tx"), "\"'\tx\"");
    EQUAL_TEXT(cell("a,b"), "\"a,b\"");
    EQUAL_TEXT(cell(" a"), "\" a\"");
    EQUAL_TEXT(cell(NULL), "");
}

TEST("what was written is read back as it was")
{
    static const char *const texts[] = { "=1+1", "+1 (212) 555-1234", "a \"b\" c", "two\nlines", "plain", "@home", "a;b" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *file = arena_printf(arena, "phone,name\r\n1,%s\r\n", cell(texts[i]));
        struct csv_head head;
        struct csv_row row;
        OK(!open_text(file, &head));
        struct csv_reader *r = csv_reader_make(file, strlen(file), head.delimiter, head.first_row, head.first_line);
        OK(csv_reader_next(r, arena, &row));
        EQUAL_TEXT(csv_plain(arena, row.cell[1]), texts[i]);
        csv_reader_destroy(r);
    }
    EQUAL_TEXT(csv_plain(arena, "=\"+12125551234\""), "+12125551234");
    EQUAL_TEXT(csv_plain(arena, "'tis"), "'tis");
}

TEST("no bytes whatever break the reader, and every row lies inside the file")
{
    static const char often[] = ",;\"\n\r\t 'ab1\xc3\xa9";
    for (int i = 0; i < 3000; i++) {
        size_t length = test_chance() % 200;
        char *bytes = arena_alloc(arena, length + 12);
        strcpy(bytes, "name,phone\n");
        for (size_t k = 0; k < length; k++)
            bytes[11 + k] = test_chance() % 20 ? often[test_chance() % (sizeof often - 1)] : (char)test_chance();
        OK(rows_of(bytes, length + 11));
    }
}
