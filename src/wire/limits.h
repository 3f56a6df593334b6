/* Numbers that two pieces share. Each is part of the protocol: docs/protocol.md says what it is for. */
#ifndef WIRE_LIMITS_H
#define WIRE_LIMITS_H

/* Sound. One frame is one packet, 20 ms at 48 kHz. */
enum {
    SAMPLE_RATE = 48000,
    FRAME_SAMPLES = 960,
    FRAME_US = 20000,
    OPUS_PAYLOAD_TYPE = 111, /* what our own clients offer; browsers may choose another */
};

/* The sealed frame (RFC 9605 with fields of one fixed width). */
enum {
    FRAME_HEADER_LEN = 9, /* config 1, key id 4, counter 4 */
    FRAME_TAG_LEN = 16,
    FRAME_PROOF_LEN = 20,
    FRAME_PLAIN_SPEECH = 128, /* kind 1, Opus length 1, proof 20, Opus and zeros 106 */
    FRAME_PLAIN_MUSIC = 384,
    FRAME_PLAIN_MAX = FRAME_PLAIN_MUSIC,
    FRAME_SEALED_SPEECH = FRAME_HEADER_LEN + FRAME_PLAIN_SPEECH + FRAME_TAG_LEN, /* 153 */
    FRAME_SEALED_MUSIC = FRAME_HEADER_LEN + FRAME_PLAIN_MUSIC + FRAME_TAG_LEN,
    FRAME_SEALED_MAX = FRAME_SEALED_MUSIC,
    FRAME_COUNTER_FIRST_MIN = 1 << 24, /* a sender's first counter is random between these two */
    FRAME_COUNTER_FIRST_MAX = 0x7fffffff,
};

/* Rooms and tables. */
enum {
    SLOTS = 16,               /* receive streams of one client, and open microphones of one room */
    TABLE_LEAVES = 150,       /* leaves of one MLS group */
    STAGE_LEAVES = 16,        /* of the first table, kept free for who comes on stage */
    ROOM_MODERATORS_MAX = 16, /* that a charter may name beside its maker */
};

/* Keys and their times. */
enum {
    OLD_KEY_MS = 5000,       /* keys of a past epoch open late frames for so long */
    ADD_SWITCH_MS = 150,     /* a sender's delay before the new key, after a commit that only adds */
    EARLY_HOLD_MS = 200,     /* a receiver holds frames of an epoch it does not have yet */
    EPOCH_MS = 120000,       /* an epoch's longest life */
    TICKET_S = 60,           /* a relay ticket's longest life */
    TICKET_RENEW_S = 30,     /* a client asks for the next one when so much is left */
    KEY_PACKAGE_S = 600,     /* a KeyPackage lives so long at least, and ends at the full hour (F37) */
    DOORKEEPER_MS = 1000,    /* then the next awake leaf is asked */
    COMMITS_KEPT = 64,       /* by the house, for those who missed some ... */
    COMMITS_KEPT_MS = 60000, /* ... and no longer than this */
    SEAT_LOST_MS = 5000,     /* from a broken link to the house's word that the seat is lost */
};

/* Names: one rule, in code points and in bytes of UTF-8, whichever is reached first. */
enum {
    HANDLE_POINTS = 32,
    HANDLE_BYTES = 96,
    TITLE_POINTS = 120,
    TITLE_BYTES = 480,
};

/* Messages. */
enum {
    SIGNAL_BYTES = 256 * 1024, /* of one padded signalling message */
    KEY_PACKAGE_BYTES = 2048,
    COMMIT_BYTES = 64 * 1024 - 1, /* a room's statements, all of them, and a path to a whole table */
    WELCOME_BYTES = 64 * 1024,
    TREE_BYTES = 128 * 1024,
    SAY_BYTES = 16 * 1024, /* of one sealed message among members */
    TICKET_BYTES = 1024,
    URL_BYTES = 512,
    REASON_BYTES = 200,
    TAG_BYTES = 16, /* a relay's, a room's or a seat's random tag in tickets and control */
};

/* MLS extensions of private use (RFC 9420, section 13.5): types 0xf000 to 0xffff. */
enum {
    EXTENSION_CHARTER = 0xf7ea, /* of the GroupContext: the charter and its signature */
    EXTENSION_SEAT = 0xf7eb,    /* of a leaf: the room's id, the account's binding, the link's voucher */
    EXTENSION_ROLES = 0xf7ec,   /* of the GroupContext: the moderators' statements */
};

#endif
