/* What a session tells, as a host takes it: one JSON object each, whose keys are listed in web/src/core.ts.
 */
#ifndef WASM_NEWS_H
#define WASM_NEWS_H

#include "client/session.h"

enum { NEWS_ROOM = 128 * 1024 }; /* a roster of a whole table */

/* *out borrows from `to`. OK | E_TOO_LARGE */
MUST_USE enum result news_write(const struct client *, const struct client_news *, struct bytes_mut to,
                                struct bytes *out);

#endif
