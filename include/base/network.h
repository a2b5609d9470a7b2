/*
 * base/network.h - addresses, ranges of addresses, and which of them are the open internet.
 *
 * An address is the 16 bytes of IPv6; IPv4 is kept in its mapped form (::ffff:a.b.c.d), however it was written, so that
 * nothing is one address on paper and another one on the wire.  A network is an address and a length in bits (RFC 4632,
 * RFC 4291): "192.0.2.0/24", "2001:db8::/32"; an address alone is a network of one.  The bits behind the length are zero:
 * "192.0.2.7/24" is a mistake, and is told, because nobody knows which of the two was meant.  A network of IPv6 holds no
 * address of IPv4, so "::/0" is not everybody.
 *
 *     struct networks allowed;
 *     if (!networks_parse(arena, "10.0.0.0/8, ::1", &allowed, &wrong)) ...
 *     if (address_parse(text, &who) && networks_contain(&allowed, who)) ...
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

struct sockaddr;

struct address { unsigned char byte[16]; };

bool  address_parse(const char *text, struct address *out);     /* no brackets, no zone, no short forms; NULL is none */
bool  address_of_socket(const struct sockaddr *, struct address *out);  /* false unless IPv4 or IPv6 */
char *address_text(struct arena *, struct address);             /* as people write it: IPv4 without the mapping */
/* Globally reachable unicast.  Not: private, loopback, link-local (169.254.169.254 is there), carrier-grade NAT, documentation, multicast,
 * 0/8, 240/4, addresses that carry an IPv4 one inside (NAT64, 6to4, Teredo), all else outside 2000::/3, and the addresses at which
 * clouds keep secrets of their machines.  IANA's special-purpose registries, RFC 6890. */
bool  address_is_public(struct address);

struct network { struct address address; unsigned bits; };      /* bits of 128: an IPv4 /8 is 104 */
struct networks { struct network *item; size_t count; };

bool network_parse(const char *text, struct network *out);
char *network_text(struct arena *, const struct network *);      /* "192.0.2.0/24"; an address alone without the length */
bool network_contains(const struct network *, struct address);
/* Separated by commas or white space; none is fine.  *wrong is the first that is not a network. */
bool networks_parse(struct arena *, const char *text, struct networks *out, const char **wrong);
bool networks_contain(const struct networks *, struct address);
