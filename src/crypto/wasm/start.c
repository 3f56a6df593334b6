#include "base/host.h"
#include "crypto/crypto.h"

#include <sodium/utils.h>

/* The one thing that a module cannot do by itself. It fills or it throws. */
HOST(random) void host_random(uint8_t *to, size_t len);

enum result crypto_start(void)
{
    return OK;
}

static void fill(void *self, uint8_t *to, size_t len)
{
    (void)self;
    host_random(to, len);
}

const struct random *crypto_random(void)
{
    static const struct random system_random = {fill, NULL};

    return &system_random;
}

/* libsodium's own utilities ask for signals and pages, which a module has not. Its curves need these three.
 */

void sodium_memzero(void *const at, const size_t len)
{
    wipe(at, len);
}

int sodium_memcmp(const void *const a, const void *const b, size_t len)
{
    return equal_secret(a, b, len) ? 0 : -1;
}

int sodium_is_zero(const unsigned char *at, const size_t len)
{
    unsigned char any = 0;

    for (size_t i = 0; i < len; i++)
        any |= at[i];
    return any == 0;
}
