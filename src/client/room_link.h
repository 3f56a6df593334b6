/* How a room is named to people and programs: `URL/r/ROOM`, or ROOM alone, which is the room's id in
 * base64url. docs/protocol.md, section 1. */
#ifndef CLIENT_ROOM_LINK_H
#define CLIENT_ROOM_LINK_H

#include "base/bytes.h"
#include "base/result.h"
#include "client/identity.h"

enum { ROOM_NAME_SIZE = 44, ROOM_LINK_SIZE = IDENTITY_URL_SIZE + ROOM_NAME_SIZE + 8 };

struct room_link {
    uint8_t room[32];
    char house_url[IDENTITY_URL_SIZE]; /* empty where the id stood alone */
};

/* OK | E_MALFORMED */
MUST_USE enum result room_link_read(struct bytes text, struct room_link *out);

void room_name_write(const uint8_t room[static 32], char out[static ROOM_NAME_SIZE]);
void room_link_write(const char *house_url, const uint8_t room[static 32], char out[static ROOM_LINK_SIZE]);

/* A house's address as people give it: http or https, a host, no path but `/`, which is taken off; no user,
 * query or fragment. OK | E_MALFORMED */
MUST_USE enum result house_url_read(struct bytes text, char out[static IDENTITY_URL_SIZE]);

#endif
