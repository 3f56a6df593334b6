/* One set of outcomes for the whole house. The reason travels up as a value; only the edge logs it. */
#ifndef BASE_RESULT_H
#define BASE_RESULT_H

#define MUST_USE __attribute__((warn_unused_result))

enum result {
    OK = 0,
    E_MALFORMED,   /* bytes that are not what they should be */
    E_TOO_LARGE,   /* over a stated limit */
    E_NO_MEMORY,   /* the system, an arena or a fixed table is full */
    E_NO_KEY,      /* epoch or sender unknown, or its key erased */
    E_FORGED,      /* a tag, a signature or a MAC does not verify */
    E_REPLAY,      /* seen before, or older than the window */
    E_STALE,       /* belongs to an epoch or a version that has passed */
    E_EXPIRED,     /* its time is over, or has not come */
    E_REFUSED,     /* well formed and authentic, but not allowed */
    E_STATE,       /* not possible now */
    E_NOT_FOUND,   /* no such thing */
    E_EXISTS,      /* already there */
    E_UNSUPPORTED, /* a version, suite or kind that we do not have */
    E_AGAIN,       /* nothing yet; try when more has come */
    E_CLOSED,      /* the other side is gone */
    E_IO,          /* the system refused: errno says why */
    E_CRYPTO,      /* the crypto library failed for a reason of its own */
    RESULT_COUNT
};

/* A short English phrase without a full stop, for one-line messages. Never NULL. */
const char *result_text(enum result);

#endif
