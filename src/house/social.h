/* Social rooms: whom the maker or a moderator follows or lets in may sit down. */
#ifndef HOUSE_SOCIAL_H
#define HOUSE_SOCIAL_H

#include "house/inside.h"
#include "wire/charter.h"

/* Once followed, twice followed: it is the same; so is unfollowing whom one does not follow. */
struct answer social_follow(struct session *, const struct signal *);
struct answer social_unfollow(struct session *, const struct signal *);
/* A moderator lets an account in, for good: into a social room, and past a block in any. */
struct answer social_admit(struct session *, const struct signal *);

/* OK | E_REFUSED | E_IO | E_NO_MEMORY | E_MALFORMED */
MUST_USE enum result social_admits(struct house *, const uint8_t room[static 32], const struct charter *,
                                   const uint8_t account[static 32]);

#endif
