#include "base/crowd.h"

#include "base/table.h"

#include <string.h>

enum { V6_CUSTOMER = 8 }; /* bytes of a /64 */

int crowd_of(const struct address *a, const uint8_t seed[static 16], unsigned crowds)
{
    static const uint8_t nowhere[16];
    size_t len = address_is_v4(a) ? sizeof a->ip : V6_CUSTOMER;

    if (address_is_loopback(a) || memcmp(a->ip, nowhere, sizeof nowhere) == 0)
        return CROWD_NONE;
    return (int)(table_hash(seed, bytes(a->ip, len)) % crowds);
}
