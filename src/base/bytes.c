#define _DEFAULT_SOURCE
#include "base/bytes.h"

#include <string.h>

struct bytes bytes_string(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

int bytes_compare(struct bytes a, struct bytes b)
{
    size_t shared = a.len < b.len ? a.len : b.len;
    int order = shared == 0 ? 0 : memcmp(a.at, b.at, shared);

    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

bool equal_secret(const void *a, const void *b, size_t len)
{
    const volatile uint8_t *x = a, *y = b;
    uint8_t difference = 0;

    for (size_t i = 0; i < len; i++)
        difference |= (uint8_t)(x[i] ^ y[i]);
    return difference == 0;
}

void wipe(void *at, size_t len)
{
    if (len != 0)
        explicit_bzero(at, len);
}
