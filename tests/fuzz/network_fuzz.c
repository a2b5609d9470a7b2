/* Addresses, networks and URLs of tenants: what is read and written again is the same, and what a URL's host is said to be is
 * what a client would connect to. */
#include "fuzz.h"

#include "base/http.h"
#include "base/network.h"

FUZZ
{
    struct address address, same;
    if (address_parse(bytes, &address)) {
        MUST(address_parse(address_text(arena, address), &same) && memcmp(&address, &same, sizeof same) == 0);
        address_is_public(address);
    }
    struct network network, again;
    if (network_parse(bytes, &network)) {
        MUST(network.bits <= 128 && network_contains(&network, network.address));
        MUST(network_parse(network_text(arena, &network), &again) && again.bits == network.bits && memcmp(&again.address, &network.address, sizeof again.address) == 0);
    }
    struct networks networks;
    const char *wrong;
    if (networks_parse(arena, bytes, &networks, &wrong)) {
        for (size_t i = 0; i < networks.count; i++)
            MUST(networks_contain(&networks, networks.item[i].address));
    }
    struct http_url url;
    if (http_url_parse(arena, bytes, &url)) {
        MUST(url.host && *url.host && url.port >= 0 && url.port <= 65535);
        MUST(strncasecmp(bytes, "http", 4) == 0);
    }
    (void)size, (void)ctx;
}
