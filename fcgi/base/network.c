#include "base/network.h"

#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/str.h"

enum { BITS = 128, MAPPED_BITS = 96, LONGEST = INET6_ADDRSTRLEN + 4 };

static const struct address mapped = { { [10] = 0xff, [11] = 0xff } };

static bool is_ipv4(struct address a)
{
    return memcmp(a.byte, mapped.byte, MAPPED_BITS / 8) == 0;
}

bool address_parse(const char *text, struct address *out)
{
    struct address a = mapped;
    if (!text || (inet_pton(AF_INET, text, a.byte + 12) != 1 && inet_pton(AF_INET6, text, a.byte) != 1))
        return false;
    *out = a;
    return true;
}

bool address_of_socket(const struct sockaddr *socket, struct address *out)
{
    if (socket->sa_family == AF_INET6) {
        memcpy(out->byte, &((const struct sockaddr_in6 *)socket)->sin6_addr, 16);
    } else if (socket->sa_family == AF_INET) {
        *out = mapped;
        memcpy(out->byte + 12, &((const struct sockaddr_in *)socket)->sin_addr, 4);
    } else {
        return false;
    }
    return true;
}

char *address_text(struct arena *arena, struct address a)
{
    char text[INET6_ADDRSTRLEN];
    const char *done = is_ipv4(a) ? inet_ntop(AF_INET, a.byte + 12, text, sizeof text)
                                  : inet_ntop(AF_INET6, a.byte, text, sizeof text);
    return arena_text(arena, done);
}

static bool agree(struct address a, struct address b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    return memcmp(a.byte, b.byte, whole) == 0
           && (rest == 0 || (a.byte[whole] ^ b.byte[whole]) >> (8 - rest) == 0);
}

static bool zero_behind(struct address a, unsigned bits)
{
    for (unsigned i = bits; i < BITS; i++)
        if (a.byte[i / 8] & 0x80 >> i % 8)
            return false;
    return true;
}

bool network_parse(const char *text, struct network *out)
{
    char host[LONGEST] = "";
    int64_t length;
    const char *slash = text ? strchr(text, '/') : NULL;
    if (!text || strlen(text) >= sizeof host)
        return false;
    memcpy(host, text, slash ? (size_t)(slash - text) : strlen(text));

    struct network n = { .bits = BITS };
    if (!address_parse(host, &n.address))
        return false;
    bool dotted = is_ipv4(n.address) && !strchr(host, ':');
    if (slash) {
        if (!str_to_long(slash + 1, 0, dotted ? BITS - MAPPED_BITS : BITS, &length))
            return false;
        n.bits = (unsigned)length + (dotted ? MAPPED_BITS : 0);
    }
    if (!zero_behind(n.address, n.bits))
        return false;
    *out = n;
    return true;
}

char *network_text(struct arena *arena, const struct network *n)
{
    bool dotted = is_ipv4(n->address) && n->bits >= MAPPED_BITS;
    if (n->bits == BITS)
        return address_text(arena, n->address);
    return arena_printf(arena, "%s/%u", address_text(arena, n->address), dotted ? n->bits - MAPPED_BITS : n->bits);
}

bool network_contains(const struct network *n, struct address a)
{
    bool of_ipv4 = is_ipv4(n->address) && n->bits >= MAPPED_BITS;
    return of_ipv4 == is_ipv4(a) && agree(n->address, a, n->bits);
}

bool networks_parse(struct arena *arena, const char *text, struct networks *out, const char **wrong)
{
    static const char between[] = ", \t\r\n";
    char *rest = arena_text(arena, text ? text : "");
    struct networks found = { .item = arena_array(arena, strlen(rest) / 2 + 1, sizeof *found.item) };
    for (char *one; (one = strsep(&rest, between));) {
        if (*one == '\0')
            continue;
        if (!network_parse(one, &found.item[found.count++])) {
            *wrong = one;
            return false;
        }
    }
    *out = found;
    return true;
}

bool networks_contain(const struct networks *networks, struct address a)
{
    for (size_t i = 0; i < networks->count; i++)
        if (network_contains(&networks->item[i], a))
            return true;
    return false;
}

bool address_is_public(struct address a)
{
    static const char *const not_public[] = {
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16",                                        /* Azure's own, behind every virtual machine */
        "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
    };
    static const struct network unicast = { .address = { { 0x20 } }, .bits = 3 };
    struct network n;
    if (!is_ipv4(a) && !network_contains(&unicast, a))
        return false;
    for (size_t i = 0; i < sizeof not_public / sizeof *not_public; i++)
        if (network_parse(not_public[i], &n) && network_contains(&n, a))
            return false;
    return true;
}
