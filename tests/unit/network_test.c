#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/network.h"

static bool public(const char *text)
{
    struct address a;
    OK(address_parse(text, &a));
    return address_is_public(a);
}

static bool within(const char *network, const char *address)
{
    struct network n;
    struct address a;
    OK(network_parse(network, &n));
    OK(address_parse(address, &a));
    return network_contains(&n, a);
}

TEST("addresses of the open internet are public")
{
    static const char *const yes[] = {
        "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
        "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255", "192.169.0.0",
        "198.17.255.255", "198.20.0.0", "223.255.255.255", "168.63.129.15", "::ffff:8.8.8.8",
        "2606:4700:4700::1111", "2001:4860:4860::8888", "2a00:1450::1", "3ffe::1",
    };
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (!public(yes[i]))
            fail_msg("%s is public", yes[i]);
}

TEST("everything else is not, however it is written")
{
    static const char *const no[] = {
        "0.0.0.0", "0.255.255.255", "10.0.0.1", "10.255.255.255", "100.64.0.0", "100.100.100.200", "100.127.255.255",
        "127.0.0.1", "127.255.255.255", "169.254.0.1", "169.254.169.254", "169.254.170.2", "172.16.0.0", "172.31.255.255",
        "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "192.168.255.255", "198.18.0.1", "198.19.255.255",
        "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "168.63.129.16",
        "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1", "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b::8.8.8.8", "64:ff9b:1::1", "100::1", "2001::1", "2001:1ff::1", "2001:db8::1",
        "2002:7f00:1::", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1",
    };
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (public(no[i]))
            fail_msg("%s is not public", no[i]);
}

TEST("a network is an address and a length, and nothing sloppier")
{
    static const char *const good[] = { "10.0.0.0/8", "0.0.0.0/0", "192.0.2.7", "192.0.2.7/32", "::/0", "::1", "2001:db8::/32",
                                        "fe80::/10", "::ffff:10.0.0.0/104" };
    static const char *const bad[] = { "", " ", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08x", "10.0.0.1/8",
                                       "10.0.0/8", "10.1", "0x7f.0.0.1", "::1/129", "2001:db8::1/32", "[::1]", "fe80::1%lo", "host/8",
                                       "10.0.0.0/8/8", "1111:2222:3333:4444:5555:6666:123.123.123.123/1281234567890123456789" };
    struct network n;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!network_parse(good[i], &n))
            fail_msg("%s is a network", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (network_parse(bad[i], &n))
            fail_msg("%s is not a network", bad[i]);
    OK(!network_parse(NULL, &n));
}

TEST("a network holds what agrees in its first bits, within its own family")
{
    OK(within("10.0.0.0/8", "10.255.0.1") && !within("10.0.0.0/8", "11.0.0.0"));
    OK(within("100.64.0.0/10", "100.127.255.255") && !within("100.64.0.0/10", "100.128.0.0"));
    OK(within("192.0.2.7", "192.0.2.7") && !within("192.0.2.7", "192.0.2.6"));
    OK(within("0.0.0.0/0", "203.0.113.1") && !within("0.0.0.0/0", "2001:db8::1"));
    OK(within("::/0", "2001:db8::1") && !within("::/0", "203.0.113.1"));
    OK(within("127.0.0.0/8", "::ffff:127.0.0.1") && within("::ffff:127.0.0.0/104", "127.0.0.1"));
    OK(within("2001:db8::/33", "2001:db8:7fff::1") && !within("2001:db8::/33", "2001:db8:8000::"));
}

TEST("a list names its first mistake")
{
    struct networks list;
    struct address a;
    const char *wrong = NULL;
    OK(networks_parse(arena, " 127.0.0.0/8,::1,\n10.0.0.0/8 ", &list, &wrong));
    EQUAL_INT(list.count, 3);
    OK(address_parse("::1", &a) && networks_contain(&list, a));
    OK(address_parse("192.168.0.1", &a) && !networks_contain(&list, a));
    OK(networks_parse(arena, "", &list, &wrong) && list.count == 0 && !networks_contain(&list, a));
    OK(networks_parse(arena, NULL, &list, &wrong) && list.count == 0);
    OK(!networks_parse(arena, "10.0.0.0/8, 10.0.0.1/8, x", &list, &wrong));
    EQUAL_TEXT(wrong, "10.0.0.1/8");
}

TEST("a socket's address is the one that is written, IPv4 without its mapping")
{
    struct sockaddr_in four = { .sin_family = AF_INET };
    struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
    struct sockaddr other = { .sa_family = AF_UNIX };
    struct address a;
    inet_pton(AF_INET, "192.0.2.7", &four.sin_addr);
    inet_pton(AF_INET6, "2001:db8::7", &six.sin6_addr);
    OK(address_of_socket((struct sockaddr *)&four, &a));
    EQUAL_TEXT(address_text(arena, a), "192.0.2.7");
    OK(address_of_socket((struct sockaddr *)&six, &a));
    EQUAL_TEXT(address_text(arena, a), "2001:db8::7");
    inet_pton(AF_INET6, "::ffff:10.1.2.3", &six.sin6_addr);
    OK(address_of_socket((struct sockaddr *)&six, &a) && !address_is_public(a));
    EQUAL_TEXT(address_text(arena, a), "10.1.2.3");
    OK(!address_of_socket(&other, &a));
}

TEST("a network is written in one way")
{
    static const char *const ways[][2] = {
        { "192.0.2.0/24", "192.0.2.0/24" }, { "192.0.2.7/32", "192.0.2.7" }, { "0.0.0.0/0", "0.0.0.0/0" }, { "2001:DB8:0:0::/32", "2001:db8::/32" },
        { "::/0", "::/0" }, { "::1", "::1" }, { "::ffff:192.0.2.7", "192.0.2.7" }, { "::ffff:192.0.2.0/120", "192.0.2.0/24" } };
    struct network n;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        OK(network_parse(ways[i][0], &n));
        EQUAL_TEXT(network_text(arena, &n), ways[i][1]);
    }
}
