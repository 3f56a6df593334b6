/* The door of core: one room as one member sits in it. Groups, keys, roster and policy are behind it;
 * sockets, clocks and randomness are handed in. What the house says is taken as messages and compared with
 * what the members' own messages prove; docs/protocol.md, "Rooms", has the rules, docs/threat-model.md the
 * reasons.
 *
 * The way of a seat:
 *
 *     core_room_new      a fresh leaf key and a KeyPackage, for ENTER
 *     core_room_found    on FOUND_TABLE: a group of one      (core_room_unfound when somebody else was first)
 *     core_room_join     on SEATED with a Welcome
 *     core_room_commit   on WAITING, as the doorkeeper: who waits comes in, lost seats go
 *     core_room_take     on HANDSHAKE: the next epoch, our own commit too
 *     core_room_say      for SAY: chat, hands, mutes, the steward's plan   (core_room_hear on SAID)
 *     core_room_keyring  seals each 20 ms of an open microphone, opens each frame that comes in
 *     core_room_due      whenever its last answer says so
 *     core_room_free     wipes every key
 *
 * One thread at a time for one room. A function that does not return OK has changed nothing, unless it says
 * so. */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include "base/random.h"
#include "core/keyring.h"
#include "wire/charter.h"
#include "wire/statement.h"
#include "wire/talk.h"

/* Both from the caller's clocks: the first only ever counts up, from any start; the second is Unix time, for
 * the lifetimes of KeyPackages. */
struct core_now {
    uint64_t ms, unix_s;
};

/* --- Charters --- */

/* Writes and signs a charter as its maker, whose public key must be in it; gives the room's id.
 * *out borrows from `to`, which has CHARTER_BYTES. OK | E_MALFORMED (a charter that nobody would read, or of
 * another maker) | E_TOO_LARGE | E_CRYPTO */
MUST_USE enum result core_charter_sign(const struct charter *, const uint8_t maker_seed[static 32],
                                       struct bytes_mut to, struct bytes *out, uint8_t signature[static 64],
                                       uint8_t room[static 32]);
/* A charter that came from a house: is it the room's, and its maker's own (F2)?
 * OK | E_MALFORMED | E_UNSUPPORTED | E_REFUSED (another room's) | E_FORGED | E_CRYPTO */
MUST_USE enum result core_charter_check(struct bytes charter, const uint8_t signature[static 64],
                                        const uint8_t room[static 32], struct charter *out);

/* The secret in a private room's link: who has it may sit down. Its key is for the charter, and for
 * STATEMENT_LINK where a new link is to hold. OK | E_CRYPTO */
enum { CORE_SECRET_BYTES = 16 };
MUST_USE enum result core_link_key(const uint8_t secret[static CORE_SECRET_BYTES], uint8_t key[static 32]);

/* --- A seat --- */

struct core_room;

/* How far the moderators' words went when they were last seen to hold: a group with fewer is an older one. Of
 * zeros it says nothing. */
struct core_mark {
    size_t len;
    uint8_t hash[32];
};

/* Who sits down, and where. Nothing of it is kept but the public keys. */
struct core_self {
    const uint8_t *account_seed; /* 32 bytes: signs the binding, here and now; NULL for a pseudonym */
    const uint8_t *house;        /* 32 bytes: the key that was pinned at sign-up */
    const uint8_t *room;         /* 32 bytes: the id from the link */
    bool stage;                  /* wants to be on stage as soon as the room's roles let it */
    const uint8_t *secret; /* CORE_SECRET_BYTES, of a private room's link: vouches here and now; else NULL */
    const struct core_mark *mark; /* copied: words that were seen to hold in this room; NULL for none */
};

/* A fresh leaf and its KeyPackage, good for one seat. The randomness is borrowed for the room's life.
 * OK | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result core_room_new(const struct random *, const struct core_self *, struct core_now,
                                   struct core_room **out);
void core_room_free(struct core_room *); /* NULL is fine; wipes */

/* The KeyPackage's MLSMessage, for ENTER. Borrowed from the room. */
struct bytes core_room_key_package(const struct core_room *);

/* Founds the table. *group_id, for FOUNDED, borrows from the room. The room is seated from here on; when the
 * house refuses because somebody else was first, core_room_unfound makes it wait for its Welcome again.
 * OK | E_STATE (seated) | as core_charter_check | E_REFUSED (a pseudonym, where the charter wants none; a
 * private room without its link's secret; a house that is not the charter's) | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result core_room_found(struct core_room *, struct core_now, struct bytes charter,
                                     const uint8_t signature[static 64], struct bytes *group_id);
/* The same for a room that had a group before: the moderators' words of then, from FOUND_TABLE, hold on.
 * Those that no member would have taken are left out. E_REFUSED as well for an account that is blocked;
 * E_EXPIRED for a link that was closed, E_REPLAY as core_room_join. */
MUST_USE enum result core_room_found_again(struct core_room *, struct core_now, struct bytes charter,
                                           const uint8_t signature[static 64], struct bytes words,
                                           struct bytes *group_id);
void core_room_unfound(struct core_room *);

/* Takes a Welcome. Refused where the group's charter is not the link's (F2, F25), or any leaf has no right
 * binding: the KeyPackage is spent then. After other errors another Welcome may be tried.
 * OK | E_STATE (seated) | E_NOT_FOUND (for another KeyPackage) | E_MALFORMED | E_FORGED | E_REFUSED |
 * E_UNSUPPORTED | E_TOO_LARGE (more than TABLE_LEAVES) | E_REPLAY (words are missing that the mark has) |
 * E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result core_room_join(struct core_room *, struct core_now, struct bytes welcome,
                                    struct bytes tree);

/* --- Who is there: the roster is the set of key holders --- */

struct core_member {
    uint32_t leaf;
    bool bound;          /* to an account; else a pseudonym, and `account` is zeros */
    bool stage;          /* its own word: it is, or wants to be, on stage */
    bool may_speak;      /* the charter's and the moderators' word */
    bool speaker;        /* on stage, by both (F31): its frames are played */
    bool moderator;      /* the charter's maker among them */
    bool self;           /* our own leaf */
    uint8_t account[32]; /* who that is by name is the house's to tell */
    uint8_t key[32];     /* the leaf's signature key: what a pseudonym is known by */
};

/* Ascending by leaf. Borrowed until the room's next epoch. */
size_t core_room_members(const struct core_room *, const struct core_member **out);
/* NULL where nobody sits. Borrowed as above. */
const struct core_member *core_room_member(const struct core_room *, uint32_t leaf);

/* Does the house's list of seats (of struct signal_seat, as signal_read accepts it: SEATED.seats) say the
 * same as the tree? No: an alarm. */
bool core_room_agrees(const struct core_room *, struct bytes seats);

/* --- Epochs --- */

/* A moderator's word on somebody, to be numbered and signed: wire/statement.h. A block removes the account's
 * seats as well. */
struct core_word {
    enum statement_verb verb;
    enum statement_subject kind;
    uint8_t subject[32];
};

/* On this member: by its account, or by its leaf key where it is a pseudonym. */
struct core_word core_word_on(const struct core_member *, enum statement_verb);

/* The own word on being on stage. */
enum core_stage { CORE_STAGE_KEEP, CORE_STAGE_COME, CORE_STAGE_LEAVE };

/* What a doorkeeper is given and what it does besides. Lists as signal_read accepts them in WAITING. */
struct core_order {
    uint64_t epoch;        /* that the commit would end */
    struct bytes group_id; /* must be ours */
    struct bytes joiners;  /* of struct signal_joiner */
    struct bytes lost;     /* of struct signal_lost */
    const uint32_t *kicks; /* leaves to remove by a moderator's right */
    size_t kick_count;
    const struct core_word *words; /* in this order */
    size_t word_count;
    const uint8_t *account_seed; /* 32 bytes: signs words, here and now; NULL where there are none */
    enum core_stage stage;
};

/* For COMMIT. Owned by the room, until the next core_room_commit or core_room_take. The lists are ready to be
 * sent. A joiner whose KeyPackage is not in order, or whose claim to replace a leaf is not that leaf's, is
 * left out, for the house to send away; so are the last ones where a message's limit leaves no room for all.
 */
struct core_commit {
    uint64_t epoch; /* that it ends */
    struct bytes commit, welcome, tree;
    struct bytes seated;  /* of struct signal_placed */
    struct bytes removed; /* of struct signal_gone, with the reasons */
    struct bytes roles;   /* of struct signal_moved: the words on roles that it says */
    struct bytes words;   /* those words, and all others, as statements */
};

/* Commits Adds for who waits, Removes for lost and replaced seats, kicks and blocks, the words, and the own
 * word on the stage; with none of them, a fresh epoch and nothing else. A kick or a block in a private room
 * closes the link with a word more, unless the words have a new link: whoever left has its secret (F15). Only
 * where a room holds no more statements it stays open. We stay in our epoch until core_room_take brings the
 * commit back; a new commit replaces one that lost. OK | E_STATE (not seated) | E_STALE (another epoch) |
 * E_NOT_FOUND (another group; nobody at such a leaf) | E_FORGED (the house's word for a lost seat) |
 * E_REFUSED (a kick or a word that is not ours to make) | E_TOO_LARGE (a room holds no more statements) |
 * E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result core_room_commit(struct core_room *, struct core_now, const struct core_order *,
                                      const struct core_commit **out);

/* A commit as the house passes it on, and what the house says of it: HANDSHAKE. */
struct core_handshake {
    struct bytes commit;
    struct bytes seated;  /* of struct signal_seat: who came */
    struct bytes removed; /* of struct signal_gone */
    struct bytes roles;   /* of struct signal_moved */
};

/* What an epoch changed. Owned by the room, until the next core_room_take. */
struct core_change {
    uint64_t epoch;
    uint32_t committer; /* its leaf, in the epoch before */
    bool own;           /* it was our commit */
    bool out;           /* we were removed: every key is wiped, and there is no next epoch */
    bool kicked;        /* ... by a moderator's right, whatever the house says of it */
    bool alarm;         /* the house's lists say something else than the commit does */
    const struct core_member *came, *went;
    const struct core_member *moved; /* who stays, but with another role, on stage or off it: as it is now */
    size_t came_count, went_count, moved_count;
};

/* Judges a commit and makes its epoch the current one: keys, roster, stage. What a member may not do is
 * refused by every member alike, and the epoch stays: a Remove without right (F4), a change of the charter,
 * or of the roles other than by moderators' valid statements (F1), a leaf without its binding or of another
 * room (F7, F25), a blocked account's, outsiders (G38). OK | E_STATE (not seated, or out) | E_STALE (an epoch
 * that is over) | E_NO_KEY (we missed commits: take a new seat) | E_MALFORMED | E_FORGED | E_REFUSED |
 * E_EXPIRED | E_NOT_FOUND (another group) | E_UNSUPPORTED | E_TOO_LARGE | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result core_room_take(struct core_room *, struct core_now, const struct core_handshake *,
                                    const struct core_change **out);

/* For ENTER after commits that were missed: the old seat's word that the new one, from core_room_new, takes
 * its place, and the old seat's leaf. OK | E_STATE (the old one is not seated) | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result core_room_replaces(const struct core_room *old, const struct core_room *with,
                                        uint32_t *leaf, uint8_t signature[static 64]);

bool core_room_is_seated(const struct core_room *);
/* All of these for a seated room alone. */
uint64_t core_room_epoch(const struct core_room *);
uint32_t core_room_leaf(const struct core_room *);
struct bytes core_room_group_id(const struct core_room *);
/* What members compare, by eight words or by machine: equal where, and only where, they share an epoch.
 * 32 bytes, borrowed until the next epoch. */
struct bytes core_room_authenticator(const struct core_room *);
const struct charter *core_room_charter(const struct core_room *);
/* How far the words of this epoch go. To be kept once others are known to share the epoch: its commit could
 * still be undone before. OK | E_CRYPTO */
MUST_USE enum result core_room_mark(const struct core_room *, struct core_mark *out);
/* A moderator's word keeps this account out. */
bool core_room_is_blocked(const struct core_room *, const uint8_t account[static 32]);

/* 16 bytes for ANSWER: equal where, and only where, two members share the epoch. Borrowed as above. */
struct bytes core_room_answer(const struct core_room *);

/* --- Talk: docs/protocol.md, "Talk" and "Plan" --- */

/* Seals what we say, for SAY: signed by our leaf, padded, for this epoch. What it does to the room it does
 * here at once: a moderator's mute, our own unmute. *message borrows from the room until the next
 * core_room_say. OK | E_STATE (not seated) | E_REFUSED (a mute or a plan, and we are no moderator) |
 * E_NOT_FOUND (a mute of nobody) | E_TOO_LARGE | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result core_room_say(struct core_room *, const struct talk *, struct bytes *message);

/* What a plan says of the table where we sit. */
enum core_plan {
    CORE_PLAN_NONE, /* it is no plan */
    CORE_PLAN_AGREES,
    CORE_PLAN_DIFFERS, /* an alarm: not all are in one room, or not by the same roles, or by another key */
    CORE_PLAN_LATE,    /* held back: counts as none (F17) */
};

struct core_said {
    uint32_t leaf; /* whose, by its signature */
    struct talk talk;
    enum core_plan plan;
};

/* Opens what another says, from SAID. *out is the room's, until the next core_room_hear. After an error
 * nothing has happened, and nobody is to be told but a log. OK | E_STATE (not seated) | E_STALE (of an epoch
 * that is over) | E_NO_KEY (of one to come) | E_REPLAY | E_REFUSED (its sender may not say that, or a mute of
 * nobody; or it is no talk) | E_NOT_FOUND (another group: the room is split) | E_UNSUPPORTED (talk of a later
 * version) | E_MALFORMED | E_FORGED | E_TOO_LARGE | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result core_room_hear(struct core_room *, struct core_now, struct bytes message,
                                    const struct core_said **out);

/* A moderator has muted this leaf, and it has not unmuted itself since: its frames are not played. Where it
 * is our own, the microphone is to be closed. */
bool core_room_is_muted(const struct core_room *, uint32_t leaf);

/* Who says the plan: the moderator of the lowest leaf. NULL where there is none. Borrowed until the next
 * epoch. */
const struct core_member *core_room_steward(const struct core_room *);
/* The plan, to be said at each change and every PLAN_MS: by the steward, and by another moderator in its
 * stead where the steward says none. It borrows from the room until the next core_room_plan. OK | E_STATE
 * (not seated) | E_REFUSED (we are no moderator) | E_CRYPTO */
MUST_USE enum result core_room_plan(struct core_room *, struct core_now, struct talk *out);

/* --- Voice --- */

/* The room's keys, for mouth and ear: core/keyring.h. Its epochs are the room's to enter. Borrowed from
 * core_room_found or core_room_join until core_room_free; NULL before. It outlives the seat, with its
 * statistics but without any key. */
struct keyring *core_room_keyring(struct core_room *);

/* Whose voice it is that comes in a slot (below SLOTS) under a leaf's name: any member could seal as any
 * other, so speakers prove what they sent (docs/protocol.md, "Proof of the speaker"). Sealing and opening see
 * to it; what is forged, or comes after its second was judged, keyring_open does not give. To be asked while
 * the voice is heard: it changes with time alone, too. A microphone that closes must seal
 * keyring_owes frames of silence more, for its last second to be proven. */
enum proof_verdict core_room_verdict(struct core_room *, struct core_now, unsigned slot, uint32_t leaf);

/* Erases what is due and changes keys when it is time; gives the next deadline in ms, or KEYRING_NEVER. */
uint64_t core_room_due(struct core_room *, struct core_now);

#endif
