/* How a room is named to people and programs: `URL/r/ROOM`, or ROOM alone, which is the room's id in
 * base64url; a private room's with `#SECRET` behind it. docs/protocol.md, section 1. */
#ifndef CLIENT_ROOM_LINK_H
#define CLIENT_ROOM_LINK_H

#include "base/bytes.h"
#include "base/result.h"
#include "client/identity.h"

enum {
    ROOM_NAME_SIZE = 44,
    ROOM_SECRET_BYTES = 16,
    ROOM_LINK_SIZE = IDENTITY_URL_SIZE + ROOM_NAME_SIZE + 32,
};

struct room_link {
    uint8_t room[32];
    char house_url[IDENTITY_URL_SIZE]; /* empty where the id stood alone */
    bool has_secret;
    uint8_t secret[ROOM_SECRET_BYTES];
};

/* OK | E_MALFORMED */
MUST_USE enum result room_link_read(struct bytes text, struct room_link *out);

void room_name_write(const uint8_t room[static 32], char out[static ROOM_NAME_SIZE]);
/* Whole, with the house's URL and the secret where it has one. */
void room_link_write(const struct room_link *, char out[static ROOM_LINK_SIZE]);

/* A house's address as people give it: http or https, a host, no path but `/`, which is taken off; no user,
 * query or fragment. OK | E_MALFORMED */
MUST_USE enum result house_url_read(struct bytes text, char out[static IDENTITY_URL_SIZE]);

#endif
