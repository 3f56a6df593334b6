#include "base/result.h"

static const char *const texts[RESULT_COUNT] = {
    [OK] = "done",
    [E_MALFORMED] = "malformed",
    [E_TOO_LARGE] = "too large",
    [E_NO_MEMORY] = "out of memory",
    [E_NO_KEY] = "no key",
    [E_FORGED] = "not authentic",
    [E_REPLAY] = "seen before",
    [E_STALE] = "out of date",
    [E_EXPIRED] = "expired",
    [E_REFUSED] = "refused",
    [E_STATE] = "not possible now",
    [E_NOT_FOUND] = "not found",
    [E_EXISTS] = "already there",
    [E_UNSUPPORTED] = "not supported",
    [E_AGAIN] = "not yet",
    [E_CLOSED] = "closed",
    [E_IO] = "input or output failed",
    [E_CRYPTO] = "the crypto library failed",
};

const char *result_text(enum result res)
{
    if ((unsigned)res >= RESULT_COUNT)
        return "unknown";
    return texts[res];
}
