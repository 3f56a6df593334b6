/* Who is what in a room: the charter, and on top of it the moderators' statements in the order in which they
 * were made. A pure function of both, so that every member comes to the same answer. docs/protocol.md,
 * "Roles". */
#ifndef CORE_STANDING_H
#define CORE_STANDING_H

#include "base/bytes.h"
#include "base/result.h"
#include "wire/charter.h"
#include "wire/statement.h"

enum { STANDING_ENTRIES = STATEMENTS_MAX + ROOM_MODERATORS_MAX };

struct standing_entry {
    bool leaf; /* the key is a pseudonym's leaf key, not an account */
    uint8_t key[32];
    bool moderator, speaker, blocked;
    bool speaker_told; /* a statement has named it a speaker or not; else the charter's rule holds */
    bool moderator_by_maker, speaker_by_maker, blocked_by_maker; /* whose word it was; the maker's outranks */
};

struct standing {
    const struct charter *charter; /* borrowed */
    uint8_t room[32];
    uint8_t link_key[32]; /* private rooms: what vouches now */
    size_t entry_count, signer_count, statement_count;
    struct standing_entry entries[STANDING_ENTRIES];
    struct {
        uint8_t key[32];
        uint32_t last;
    } signers[STATEMENTS_MAX]; /* the highest number of each */
};

/* What the charter alone says. It and the room's id are borrowed, the id copied. */
void standing_start(struct standing *, const struct charter *, const uint8_t room[static 32]);

/* Adds one statement. Refused are: a signer who is no moderator by what holds so far, a number that is not
 * above its last, a word against the maker, one that would overrule the maker's, and another's than the
 * maker's in the places that are kept for it (F30). OK | E_FORGED | E_REPLAY (the number) | E_REFUSED |
 * E_NO_MEMORY (STATEMENTS_MAX) | E_CRYPTO */
MUST_USE enum result standing_add(struct standing *, const struct statement *);

/* A whole extension, from the charter on. OK | E_MALFORMED | E_UNSUPPORTED | as standing_add. */
MUST_USE enum result standing_read(struct standing *, const struct charter *, const uint8_t room[static 32],
                                   struct bytes statements);

/* May the list `after` take the place of `before`? Only by adding at its end, so that nothing is forgotten
 * unseen. OK | E_REFUSED */
MUST_USE enum result standing_follows(struct bytes before, struct bytes after);

/* `leaf` says that the key is a leaf's, of a pseudonym. */
bool standing_is_moderator(const struct standing *, const uint8_t key[static 32], bool leaf);
/* Let on stage for its own sake, be it a moderator or not; and whether it may speak for either reason. */
bool standing_is_invited(const struct standing *, const uint8_t key[static 32], bool leaf);
bool standing_may_speak(const struct standing *, const uint8_t key[static 32], bool leaf);
bool standing_is_blocked(const struct standing *, const uint8_t account[static 32]);
/* No statement of this signer's finds a place any more. */
bool standing_is_full(const struct standing *, const uint8_t signer[static 32]);
/* The number that this signer's next statement takes. */
uint32_t standing_next_number(const struct standing *, const uint8_t signer[static 32]);

#endif
