/* The signalling messages between a client and its house, inside the WebSocket. docs/protocol.md,
 * "Signalling", has the same table in words; signal.c has it once, and reads and writes by it.
 *
 * On the wire: uint8 type; uint32 request; then the type's fields in order, padded by `envelope_pad`. A
 * client numbers its requests from 1; the house answers with the same number; what the house sends unasked
 * has 0.
 *
 * Every `struct bytes` borrows: from the message when read, from the caller when written. */
#ifndef WIRE_SIGNAL_H
#define WIRE_SIGNAL_H

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "wire/limits.h"

/* Direction in brackets: C = by the client, H = by the house. */
enum signal_type {
    /* Who is there. */
    SIGNAL_CHALLENGE = 1, /* [H] first message of every link */
    SIGNAL_SIGN_UP = 2,   /* [C] -> SIGNED_IN or REFUSED */
    SIGNAL_SIGN_IN = 3,   /* [C] -> SIGNED_IN or REFUSED */
    SIGNAL_SIGNED_IN = 4, /* [H] */

    /* Whom one follows: social rooms let in whom a speaker follows. */
    SIGNAL_FOLLOW = 5,   /* [C] -> DONE or REFUSED */
    SIGNAL_UNFOLLOW = 6, /* [C] -> DONE or REFUSED */

    /* Answers that many requests share. */
    SIGNAL_DONE = 8,    /* [H] */
    SIGNAL_REFUSED = 9, /* [H] */

    /* Rooms. */
    SIGNAL_ROOM_NEW = 16,   /* [C] -> ROOM_IS or REFUSED */
    SIGNAL_ROOM_LIST = 17,  /* [C] -> ROOMS */
    SIGNAL_ROOMS = 18,      /* [H] */
    SIGNAL_ROOM_SHOW = 19,  /* [C] -> ROOM_IS or REFUSED */
    SIGNAL_ROOM_IS = 20,    /* [H] */
    SIGNAL_ROOM_END = 21,   /* [C] -> DONE or REFUSED */
    SIGNAL_ROOM_ENDED = 22, /* [H] unasked, to everybody in the room */

    /* A seat. */
    SIGNAL_ENTER = 32,       /* [C] -> FOUND_TABLE, SEATED (when a commit has seated it) or REFUSED */
    SIGNAL_FOUND_TABLE = 33, /* [H] the table is empty: found it */
    SIGNAL_FOUNDED = 34, /* [C] -> SEATED, or REFUSED (stale): somebody else did; then SEATED will follow */
    SIGNAL_SEATED = 35,  /* [H] answers ENTER or FOUNDED */
    SIGNAL_TICKET_NEW = 36, /* [C] -> TICKET or REFUSED */
    SIGNAL_TICKET = 37,     /* [H] */
    SIGNAL_LEAVE = 38,      /* [C] -> DONE */
    SIGNAL_ADMIT = 39,      /* [C] a moderator lets somebody in -> ADMITTED or REFUSED */
    SIGNAL_SEAT_ENDED = 40, /* [H] unasked: the seat is gone, and why */
    SIGNAL_CATCH_UP = 41,   /* [C] after a broken link -> HANDSHAKEs, then DONE; or REFUSED (stale) */
    SIGNAL_ADMITTED = 42,   /* [H] */

    /* The order of MLS messages. */
    SIGNAL_WAITING = 48,   /* [H] unasked, to the doorkeeper: who waits, and whose seats are lost */
    SIGNAL_COMMIT = 49,    /* [C] -> DONE (accepted) or REFUSED (stale) */
    SIGNAL_HANDSHAKE = 50, /* [H] unasked, to everybody seated, the committer too */
    SIGNAL_ANSWER = 51,    /* [C] unanswered: we follow this epoch, and what it exports */
    SIGNAL_SAY = 52,       /* [C] -> DONE or REFUSED (stale: seal it again) */
    SIGNAL_SAID = 53,      /* [H] unasked, to everybody else seated */
};

/* Reasons of SIGNAL_REFUSED. Numbers are fixed; the text beside them is English for people. */
enum signal_reason {
    REASON_MALFORMED = 1,  /* the message, or something in it */
    REASON_NOT_NOW = 2,    /* not in this state: not signed in, not seated ... */
    REASON_FORGED = 3,     /* a signature does not verify */
    REASON_NAME_TAKEN = 4, /* or one that looks the same */
    REASON_NAME_BAD = 5,   /* handle or title breaks the rule; the text says which */
    REASON_UNKNOWN = 6,    /* no such account or room */
    REASON_NOT_YOURS = 7,  /* only the maker may */
    REASON_STALE = 8,      /* another commit or founder was first */
    REASON_FULL = 9,       /* room, table or stage */
    REASON_TOO_MANY = 10,  /* requests in too short a time */
    REASON_NOT_HERE = 11,  /* a charter that names another house */
    REASON_TROUBLE = 12,   /* the house itself is at fault; nothing was changed */
};

struct signal_challenge {
    uint8_t house[32]; /* the house's public key: its name in every signature */
    uint8_t nonce[32];
};
struct signal_sign_up {
    uint8_t account[32];
    struct bytes handle;
    uint8_t signature[64]; /* ENVELOPE_SIGN_UP over nonce | handle */
};
struct signal_sign_in {
    uint8_t account[32];
    uint8_t signature[64]; /* ENVELOPE_SIGN_IN over nonce */
};
struct signal_signed_in {
    struct bytes handle;
};
struct signal_refused {
    uint16_t reason; /* enum signal_reason */
    struct bytes text;
};
struct signal_room_new {
    struct bytes charter;  /* wire/charter.h */
    uint8_t signature[64]; /* ENVELOPE_CHARTER over the charter */
    struct bytes title;
};
struct signal_room_list {
    uint8_t after[32]; /* the last room of the page before; zeros for the first */
};
struct signal_rooms {
    struct bytes rooms; /* of struct signal_room */
};
struct signal_room_show {
    uint8_t room[32];
};
struct signal_room_is {
    uint8_t room[32];
    struct bytes charter;
    uint8_t signature[64];
    struct bytes title;
    struct bytes seats; /* of struct signal_seat */
};
struct signal_room_end {
    uint8_t room[32];
    uint8_t signature[64]; /* ENVELOPE_END_ROOM by the maker, over nothing */
};
struct signal_room_ended {
    uint8_t room[32];
};
struct signal_enter {
    uint8_t room[32];
    uint8_t role; /* enum signal_role that is asked for */
    struct bytes key_package;
    uint8_t fingerprint[32];        /* SHA-256 of the certificate that the media session will use */
    struct bytes pseudonym;         /* the name of a seat without an account; else empty */
    uint32_t replaces;              /* the leaf that this one takes the place of, or SIGNAL_NO_LEAF */
    uint8_t replaces_signature[64]; /* that leaf's key says so: struct permit; else zeros */
};
struct signal_found_table {
    uint8_t room[32];
    uint16_t table;
    uint32_t founding; /* counts the table's foundings; FOUNDED must name it */
    struct bytes charter;
    uint8_t signature[64];
    struct bytes words; /* wire/statement.h: what the room's moderators have said until now, in their order */
};
struct signal_founded {
    uint8_t room[32];
    uint16_t table;
    uint32_t founding;
    struct bytes group_id;
};
struct signal_seated {
    uint8_t room[32];
    uint16_t table;
    uint64_t epoch; /* the first that the new leaf is in */
    uint32_t leaf;
    struct bytes title;
    struct bytes welcome; /* MLSMessage; empty for the founder */
    struct bytes tree;    /* ratchet_tree extension's content; empty for the founder */
    struct bytes seats;   /* of struct signal_seat: all, the new one too */
    struct bytes media_url;
    struct bytes ticket;
};
struct signal_ticket_new {
    uint8_t room[32];
};
struct signal_ticket {
    uint8_t room[32];
    struct bytes ticket;
};
struct signal_leave {
    uint8_t room[32];
};
struct signal_follow {
    struct bytes handle;
};
struct signal_admit {
    uint8_t room[32];
    struct bytes handle;
};
struct signal_admitted {
    uint8_t room[32];
    uint8_t account[32]; /* whose handle it was: a block is of an account */
};
struct signal_seat_ended {
    uint8_t room[32];
    uint8_t why; /* enum signal_why */
};
struct signal_catch_up {
    uint8_t room[32];
    uint16_t table;
    uint32_t leaf;  /* whose seat it is; the account must be that seat's */
    uint64_t epoch; /* that we are in */
};
struct signal_answer {
    uint8_t room[32];
    uint16_t table;
    uint64_t epoch;    /* that we have entered */
    uint8_t value[16]; /* MLS-Exporter("Teahouse answer", "", 16) of it */
};
struct signal_say {
    uint8_t room[32];
    uint16_t table;
    uint64_t epoch;
    struct bytes message; /* MLSMessage holding a PrivateMessage: wire/talk.h, or a proposal */
};
struct signal_waiting {
    uint8_t room[32];
    uint16_t table;
    uint64_t epoch;
    struct bytes group_id;
    struct bytes joiners; /* of struct signal_joiner */
    struct bytes lost;    /* of struct signal_lost */
};
struct signal_commit {
    uint8_t room[32];
    uint16_t table;
    uint64_t epoch;       /* that the commit ends */
    struct bytes commit;  /* MLSMessage holding a PrivateMessage */
    struct bytes welcome; /* MLSMessage; empty where nobody joins */
    struct bytes tree;    /* of the new epoch; empty where nobody joins */
    struct bytes seated;  /* of struct signal_placed */
    struct bytes removed; /* of struct signal_gone */
    struct bytes roles;   /* of struct signal_moved: who comes on or off stage by it */
    struct bytes words;   /* wire/statement.h: the statements that it adds */
};
struct signal_handshake {
    uint8_t room[32];
    uint16_t table;
    uint64_t epoch; /* that the commit ends */
    struct bytes commit;
    struct bytes seated;  /* of struct signal_seat: who came */
    struct bytes removed; /* of struct signal_gone */
    struct bytes roles;   /* of struct signal_moved */
};

/* The last two stand in a commit's roles alone, where a moderator says so. */
enum signal_role { SIGNAL_LISTENER = 0, SIGNAL_SPEAKER = 1, SIGNAL_MODERATOR = 2, SIGNAL_NO_MODERATOR = 3 };

/* Why a seat is no more. */
enum signal_why {
    SIGNAL_LOST = 0,
    SIGNAL_LEFT = 1,
    SIGNAL_KICKED = 2,
    SIGNAL_BLOCKED = 3,
    SIGNAL_REPLACED = 4,
    SIGNAL_SUSPENDED = 5, /* its commit was one that nobody could follow */
};

/* No leaf has this number. */
#define SIGNAL_NO_LEAF UINT32_MAX

/* Items of the lists above. */
struct signal_room {
    uint8_t room[32];
    struct bytes title;
    uint16_t speakers, listeners;
};
struct signal_seat {
    uint32_t leaf;
    uint8_t role; /* enum signal_role */
    uint8_t account[32];
    struct bytes handle; /* empty for a pseudonym, and the account is zeros then */
};
struct signal_joiner {
    uint32_t waiting; /* the house's number for who waits */
    struct bytes key_package;
    uint32_t replaces; /* as in ENTER */
    uint8_t replaces_signature[64];
};
struct signal_lost {
    uint32_t leaf;
    uint8_t signature[64]; /* ENVELOPE_SEAT_LOST by the house, over seat_lost_write */
};
struct signal_placed {
    uint32_t waiting, leaf;
};
struct signal_gone {
    uint32_t leaf;
    uint8_t why; /* enum signal_why */
};
struct signal_moved {
    uint32_t leaf;
    uint8_t role; /* enum signal_role: what a moderator lets it do, or what it wants to do itself */
};

struct signal {
    enum signal_type type;
    uint32_t request;
    union {
        struct signal_challenge challenge;
        struct signal_sign_up sign_up;
        struct signal_sign_in sign_in;
        struct signal_signed_in signed_in;
        struct signal_refused refused;
        struct signal_room_new room_new;
        struct signal_room_list room_list;
        struct signal_rooms rooms;
        struct signal_room_show room_show;
        struct signal_room_is room_is;
        struct signal_room_end room_end;
        struct signal_room_ended room_ended;
        struct signal_enter enter;
        struct signal_found_table found_table;
        struct signal_founded founded;
        struct signal_seated seated;
        struct signal_ticket_new ticket_new;
        struct signal_ticket ticket;
        struct signal_leave leave;
        struct signal_waiting waiting;
        struct signal_commit commit;
        struct signal_handshake handshake;
        struct signal_follow follow, unfollow;
        struct signal_admit admit;
        struct signal_admitted admitted;
        struct signal_seat_ended seat_ended;
        struct signal_catch_up catch_up;
        struct signal_answer answer;
        struct signal_say say, said;
    };
};

/* One message without its padding. Lists are checked item by item; afterwards the `_next` functions below
 * cannot fail on them. OK | E_MALFORMED | E_UNSUPPORTED (a type that we do not know) */
MUST_USE enum result signal_read(struct bytes message, struct signal *out);
/* OK | E_TOO_LARGE */
MUST_USE enum result signal_write(const struct signal *, struct bytes_mut to, struct bytes *out);

/* Takes one item from the front of a list that signal_read has accepted; false at its end. */
bool signal_room_next(struct bytes *list, struct signal_room *out);
bool signal_seat_next(struct bytes *list, struct signal_seat *out);
bool signal_joiner_next(struct bytes *list, struct signal_joiner *out);
bool signal_lost_next(struct bytes *list, struct signal_lost *out);
bool signal_placed_next(struct bytes *list, struct signal_placed *out);
bool signal_gone_next(struct bytes *list, struct signal_gone *out);
bool signal_moved_next(struct bytes *list, struct signal_moved *out);

/* Appends one item to a list under construction; the writer fails where it does not fit. */
void signal_room_put(struct writer *, const struct signal_room *);
void signal_seat_put(struct writer *, const struct signal_seat *);
void signal_joiner_put(struct writer *, const struct signal_joiner *);
void signal_lost_put(struct writer *, const struct signal_lost *);
void signal_placed_put(struct writer *, const struct signal_placed *);
void signal_gone_put(struct writer *, const struct signal_gone *);
void signal_moved_put(struct writer *, const struct signal_moved *);

#endif
