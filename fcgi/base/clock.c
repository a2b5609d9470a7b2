#include "base/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

struct utc utc_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (struct utc){ t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000 };
}

int64_t boot_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

double boot_now_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct utc utc_from_seconds(int64_t seconds)
{
    return (struct utc){ seconds * 1000000 };
}

/* Rounded down, before 1970 too. */
static int64_t whole(int64_t us, int64_t unit)
{
    return us / unit - (us % unit < 0);
}

int64_t utc_seconds(struct utc at)
{
    return whole(at.us, 1000000);
}

/*
 * The Gregorian calendar in UTC, here and in day_of(): libc's takes a lock that all threads share.  Counted in years that begin in March,
 * whose leap day is the last: 146097 days are 400 years, 153 days any five months.
 */
static struct tm civil(struct utc at)
{
    int64_t seconds = utc_seconds(at), day = whole(seconds, 86400);
    int second = (int)(seconds - day * 86400);
    int64_t since = day + 719468;                               /* days since 0000-03-01 */
    int64_t era = whole(since, 146097);
    int in_era = (int)(since - era * 146097);
    int year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int in_year = in_era - (365 * year + year / 4 - year / 100);
    int month = (5 * in_year + 2) / 153;                        /* from March */
    return (struct tm){ .tm_year = (int)(year + era * 400) + (month >= 10) - 1900, .tm_mon = (month + 2) % 12,
                        .tm_mday = in_year - (153 * month + 2) / 5 + 1, .tm_wday = (int)(day + 4 - whole(day + 4, 7) * 7),
                        .tm_hour = second / 3600, .tm_min = second / 60 % 60, .tm_sec = second % 60 };
}

/* Days since 1970-01-01. */
static int64_t day_of(int year, int month, int day)
{
    int from_march = (month + 9) % 12;
    int64_t shifted = year - (month <= 2), era = whole(shifted, 400);
    int64_t in_era = shifted - era * 400;
    return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + (153 * from_march + 2) / 5 + day - 1 - 719468;
}

static void put_digits(char *to, int value, int count)
{
    for (int i = count - 1; i >= 0; i--, value /= 10)
        to[i] = (char)('0' + value % 10);
}

char *utc_text(struct arena *arena, struct utc at)
{
    if (!at.us)
        return NULL;
    struct tm tm = civil(at);
    int ms = (int)(whole(at.us, 1000) - utc_seconds(at) * 1000), year = tm.tm_year + 1900;
    if (year < 0 || year > 9999)
        return arena_printf(arena, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", year, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, ms);
    static const char pattern[] = "0000-00-00T00:00:00.000Z";
    char *text = arena_copy(arena, pattern, sizeof pattern - 1);
    put_digits(text, year, 4);
    put_digits(text + 5, tm.tm_mon + 1, 2);
    put_digits(text + 8, tm.tm_mday, 2);
    put_digits(text + 11, tm.tm_hour, 2);
    put_digits(text + 14, tm.tm_min, 2);
    put_digits(text + 17, tm.tm_sec, 2);
    put_digits(text + 20, ms, 3);
    return text;
}

char *utc_text_rfc2822(struct arena *arena, struct utc at)
{
    if (!at.us)
        return NULL;
    struct tm tm = civil(at);
    return arena_printf(arena, "%s, %02d %s %04d %02d:%02d:%02d +0000", days[tm.tm_wday], tm.tm_mday,
                        months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* Exactly count digits at *text, moving past them. */
static bool digits(const char **text, int count, int *out)
{
    int value = 0;
    for (int i = 0; i < count; i++, (*text)++) {
        if (!isdigit((unsigned char)**text))
            return false;
        value = value * 10 + (**text - '0');
    }
    *out = value;
    return true;
}

static bool skip(const char **text, char c)
{
    if (**text != c)
        return false;
    (*text)++;
    return true;
}

static bool instant_of(int year, int month, int day, int hour, int minute, int second, int64_t *seconds)
{
    static const int longest[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (month < 1 || month > 12 || day < 1 || day > longest[month - 1] + (month == 2 && leap) || hour > 23
        || minute > 59 || second > 60)
        return false;
    *seconds = day_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    return true;
}

/* ".123456": microseconds, further digits dropped. */
static bool fraction(const char **text, int64_t *us)
{
    *us = 0;
    if (!skip(text, '.'))
        return true;
    if (!isdigit((unsigned char)**text))
        return false;
    for (int64_t unit = 100000; isdigit((unsigned char)**text); unit /= 10, (*text)++)
        *us += unit * (**text - '0');
    return true;
}

/* "+05:30" with the minutes optional when brief, or "+0530" without a colon; in seconds. */
static bool offset(const char **text, bool colon, bool brief, int64_t *seconds)
{
    int sign = **text == '-' ? -1 : 1, hours, minutes = 0;
    if (!(skip(text, '+') || skip(text, '-')) || !digits(text, 2, &hours))
        return false;
    if (!brief || **text) {
        if ((colon && !skip(text, ':')) || !digits(text, 2, &minutes))
            return false;
    }
    if (hours > 23 || minutes > 59)
        return false;
    *seconds = sign * (hours * 3600 + minutes * 60);
    return true;
}

static bool parse_iso(const char *text, bool row, struct utc *out)
{
    int year, month, day, hour, minute, second;
    int64_t us, seconds, east = 0;
    if (!text || !digits(&text, 4, &year) || !skip(&text, '-') || !digits(&text, 2, &month)
        || !skip(&text, '-') || !digits(&text, 2, &day))
        return false;
    if (!(row ? skip(&text, ' ') : skip(&text, 'T') || skip(&text, 't') || skip(&text, ' ')))
        return false;
    if (!digits(&text, 2, &hour) || !skip(&text, ':') || !digits(&text, 2, &minute) || !skip(&text, ':')
        || !digits(&text, 2, &second) || !fraction(&text, &us))
        return false;
    if (!skip(&text, 'Z') && !skip(&text, 'z') && !offset(&text, true, row, &east))
        return false;
    if (*text || !instant_of(year, month, day, hour, minute, second, &seconds))
        return false;
    out->us = (seconds - east) * 1000000 + us;
    return true;
}

bool utc_parse(const char *rfc3339, struct utc *out)
{
    return parse_iso(rfc3339, false, out);
}

bool utc_parse_row(const char *text, struct utc *out)
{
    return parse_iso(text, true, out);
}

static int index_of(const char *text, const char *const *names, int count)
{
    for (int i = 0; i < count; i++)
        if (strncmp(text, names[i], 3) == 0)
            return i;
    return -1;
}

bool utc_parse_rfc2822(const char *text, struct utc *out)
{
    int day, year, hour, minute, second, month;
    int64_t seconds, east = 0;
    if (!text)
        return false;
    if (isalpha((unsigned char)*text)) {
        if (index_of(text, days, 7) < 0 || text[3] != ',' || text[4] != ' ')
            return false;
        text += 5;
    }
    bool two = isdigit((unsigned char)text[0]) && isdigit((unsigned char)text[1]);
    if (!digits(&text, two ? 2 : 1, &day) || !skip(&text, ' ') || (month = index_of(text, months, 12)) < 0)
        return false;
    text += 3;
    if (!skip(&text, ' ') || !digits(&text, 4, &year) || !skip(&text, ' ') || !digits(&text, 2, &hour)
        || !skip(&text, ':') || !digits(&text, 2, &minute) || !skip(&text, ':') || !digits(&text, 2, &second)
        || !skip(&text, ' '))
        return false;
    if (strcmp(text, "GMT") == 0 || strcmp(text, "UT") == 0)
        text += strlen(text);
    else if (!offset(&text, false, false, &east))
        return false;
    if (*text || !instant_of(year, month + 1, day, hour, minute, second, &seconds))
        return false;
    *out = utc_from_seconds(seconds - east);
    return true;
}
