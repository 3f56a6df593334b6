/* A client and a relay joined by a link, under one clock: what the tests of hop play with. */
#ifndef HOP_PAIR_H
#define HOP_PAIR_H

#include "hop/hop.h"
#include "support/link.h"

enum { PAIR_COUNTERS = 8192 };

struct pair_end {
    struct hop *hop;
    struct hop_identity *identity;
    struct hop_credentials credentials;
    struct address at; /* where its datagrams come from, and where it hears */
    uint64_t due_us;
    unsigned rtp, rtcp;             /* packets opened */
    unsigned results[RESULT_COUNT]; /* of hop_take */
    uint8_t heard[PAIR_COUNTERS];   /* how often each of pair_speak's counters came */
    unsigned datagrams;             /* put into the outbox */
    size_t longest;
};

enum pair_side { CLIENT, RELAY };

struct pair {
    struct seeded seeded;
    struct link link;
    uint64_t now_us;
    struct pair_end ends[2];
    /* Where each opened RTP packet goes besides; NULL is fine. */
    void (*took)(void *context, enum pair_side, struct bytes_mut packet);
    void *context;
    struct outbox outbox;
    uint8_t room[HOP_OUTBOX_SIZE];
};

/* Two identities and two hops that know each other's fingerprints and credentials; a lossless link of 10 ms.
 */
void pair_start(struct pair *, uint64_t seed);
void pair_end(struct pair *);
/* Frees a side's hop and makes a new one with the settings of before, but for what the caller changes. */
struct hop_settings pair_settings(struct pair *, enum pair_side);

/* Plays until the time has come. */
void pair_run(struct pair *, uint64_t until_us);
/* Plays until both are open, or the time has come; says whether they are. */
bool pair_open(struct pair *, uint64_t until_us);

/* Sends one RTP packet with the counter as payload: OK, or what sealing gave. */
enum result pair_speak(struct pair *, enum pair_side, uint32_t ssrc, uint16_t sequence, uint32_t counter);
/* Seals one RTP packet at the beginning of `room`, which has HOP_RTP_OVERHEAD bytes more, and sends it. */
enum result pair_send(struct pair *, enum pair_side, struct bytes_mut room, size_t len);
enum result pair_report(struct pair *, enum pair_side, uint32_t ssrc);
/* Gives bytes to one side as if they came from that address; its answers go over the link. */
enum result pair_give(struct pair *, enum pair_side, const struct address *from, struct bytes);

/* A request as a peer of our choice would send it. */
struct pair_request {
    struct bytes first, second, password;
    bool use_candidate, controlled, unknown, no_integrity, no_fingerprint;
};
/* Written into the room. */
struct bytes pair_request(struct pair *, uint8_t room[static 512], const struct pair_request *);

#endif
