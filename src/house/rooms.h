/* Rooms: a charter that its maker signed for good, and a title, which is the house's word. */
#ifndef HOUSE_ROOMS_H
#define HOUSE_ROOMS_H

#include "house/inside.h"
#include "wire/charter.h"

/* What is stored of a room. Its bytes lie in the struct. */
struct room {
    uint8_t id[32];
    uint8_t charter_bytes[CHARTER_BYTES];
    size_t charter_len;
    uint8_t signature[64];
    uint8_t title_bytes[TITLE_BYTES];
    size_t title_len;
    bool is_listed; /* of rooms_new alone */
};

/* OK | E_NOT_FOUND | E_MALFORMED | E_IO | E_NO_MEMORY */
MUST_USE enum result rooms_get(struct house *, const uint8_t id[static 32], struct room *out);
/* The charter alone, read. Results as above. */
MUST_USE enum result rooms_charter(struct house *, const uint8_t id[static 32], struct charter *out);

static inline struct bytes room_charter(const struct room *r)
{
    return bytes(r->charter_bytes, r->charter_len);
}

static inline struct bytes room_title(const struct room *r)
{
    return bytes(r->title_bytes, r->title_len);
}

/* Whether the charter names this account as a moderator; the maker is one. */
bool charter_moderator(const struct charter *, const uint8_t account[static 32]);

/* Inside a transaction: somebody sits in it, or nobody does any more. OK | E_IO | E_NO_MEMORY */
MUST_USE enum result rooms_mark(struct house *, const uint8_t id[static 32], bool is_empty);

struct answer rooms_new(struct session *, const struct signal *);
struct answer rooms_list(struct session *, const struct signal *);
struct answer rooms_show(struct session *, const struct signal *);
struct answer rooms_end(struct session *, const struct signal *);

/* Ends the rooms that stood empty for too long. OK | E_IO | E_NO_MEMORY | E_MALFORMED */
MUST_USE enum result rooms_sweep(struct house *);

#endif
