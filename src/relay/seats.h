/* All sessions of one worker and the rooms that they sit in. Belongs to the worker's thread as a whole;
 * nothing in here is shared. Sessions come and go by the entrance's word and by time; what happens per packet
 * (receive.h, route.h, send.h) neither allocates nor moves anything. */
#ifndef RELAY_SEATS_H
#define RELAY_SEATS_H

#include "base/address.h"
#include "base/table.h"
#include "hop/hop.h"
#include "relay/departures.h"
#include "relay/report.h"
#include "ticket/read.h"
#include "wire/limits.h"

enum {
    RELAY_ID_LEN = 16,
    RELAY_OPEN_US = 15 * 1000 * 1000, /* from the entrance to an open hop, or it ends */
    /* Who was heard of in this time keeps its address; checks come each 6 s. */
    RELAY_KEEP_US = 7 * 1000 * 1000,
};

/* One receive stream of a listener. It is continuous whoever speaks on it: its sequence and time follow the
 * microphone's at constant distances. */
struct relay_slot {
    uint32_t ssrc;
    uint8_t payload_type;
    bool started;
    uint32_t first;        /* the microphone's sequence at our first packet: what is older is not for us */
    uint16_t sequence_add; /* ours less the microphone's */
    uint32_t time_add;
    uint32_t time; /* of the newest packet, and when it went out */
    uint64_t sent_us;
    uint32_t packets, octets;
};

/* What a session may send. */
struct relay_mouth {
    bool offered; /* the offer has an m-line that sends */
    uint8_t payload_type;
    size_t frame_len;   /* of all its payloads; 0 before the first */
    uint32_t allowance; /* packets that it may send now, and since when they count */
    uint64_t since_us;
    struct relay_reception reception;
};

struct relay_room;

struct relay_session {
    struct hop *hop;
    struct hop_identity *identity;
    uint8_t id[RELAY_ID_LEN];
    uint8_t room_tag[TAG_BYTES];
    char ufrag[HOP_UFRAG_LEN + 1]; /* ours */
    char cname[HOP_UFRAG_LEN + 1];
    enum ticket_role role;
    uint64_t expires_us; /* the ticket's end, on the worker's clock */
    uint64_t open_by_us;
    bool settled;       /* its handshake is over, well or not */
    uint64_t due_us;    /* when the hop wants to be asked again */
    uint64_t report_us; /* of the next RTCP */
    bool placed;        /* the address below is in the table */
    struct address peer;
    bool proving; /* the transaction below is in the table */
    uint8_t proof[HOP_TRANSACTION_LEN];
    size_t index; /* in the list of sessions */
    struct relay_room *room;
    size_t member;  /* in the room's list */
    int microphone; /* -1 for none */
    struct relay_mouth mouth;
    uint32_t ssrc; /* our own, in reports on the mouth */
    size_t slot_count;
    struct relay_slot slots[SLOTS];
};

/* Frees a session with its hop and identity. NULL is fine. */
void relay_session_free(struct relay_session *);

/* One open microphone of a room. Whoever takes it over goes on with its sequence and its time. */
struct relay_microphone {
    struct relay_session *speaker; /* NULL: free */
    uint32_t ssrc;                 /* of the packets that come in */
    uint16_t in_sequence;          /* the highest so far, and its time */
    uint32_t in_time;
    uint32_t sequence; /* what those two became */
    uint32_t time;
    uint32_t talk_first; /* `sequence` where the present run began: what is older belongs to another */
    uint64_t heard_us;
    unsigned strange; /* packets in a row that did not fit */
};

struct relay_room {
    uint8_t tag[TAG_BYTES];
    uint64_t origin_us; /* when the microphones' time was 0 */
    struct relay_session **members;
    size_t count, capacity;
    struct relay_microphone microphones[SLOTS];
};

struct relay_seats {
    const struct random *random;
    struct relay_session **sessions;
    size_t count, limit;
    struct table by_id, by_ufrag, by_address, by_proof, rooms;
    uint64_t next_us;    /* the earliest thing to do, as far as known */
    uint64_t settled;    /* sessions so far whose handshake is over, well or not */
    uint64_t packets_in; /* media that was taken for forwarding */
    uint64_t refused;    /* datagrams that were dropped, of all kinds */
};

/* `random` is borrowed. OK | E_NO_MEMORY */
MUST_USE enum result relay_seats_new(size_t limit, const struct random *, struct relay_seats **out);
void relay_seats_free(struct relay_seats *); /* with all its sessions; NULL is fine */

/* Takes the session on OK, which has hop, identity, id, room_tag, ufrag, role, times and slots.
 * OK | E_NO_MEMORY (the limit as well) | E_EXISTS */
MUST_USE enum result relay_seats_add(struct relay_seats *, struct relay_session *, uint64_t now_us);
/* NULL where there is none. */
struct relay_session *relay_seats_find(const struct relay_seats *, const uint8_t id[static RELAY_ID_LEN]);
struct relay_room *relay_seats_room(const struct relay_seats *, const uint8_t tag[static TAG_BYTES]);
/* A listener's ticket takes the microphone away at once. */
void relay_seats_renew(struct relay_seats *, struct relay_session *, enum ticket_role, uint64_t expires_us);
/* Says goodbye on the wire and frees. */
void relay_seats_end(struct relay_seats *, struct relay_session *, struct relay_departures *);

/* Takes the room's microphone from the session, if it has one; the stream goes on with the next speaker. */
void relay_microphone_leave(struct relay_session *);

/* Ids of sessions that ended by themselves. */
struct relay_ended {
    size_t count, capacity;
    uint8_t (*ids)[RELAY_ID_LEN];
};

/* Does what time asks for: the hops' own deadlines, lapsed tickets, handshakes that take too long. Stops
 * early when `ended` is full. Gives the next time to call. */
uint64_t relay_seats_due(struct relay_seats *, uint64_t now_us, struct relay_departures *,
                         struct relay_ended *ended);
/* After a hop has taken something that was no media: where its peer is now, and its next deadline. */
void relay_seats_settle(struct relay_seats *, struct relay_session *, uint64_t now_us,
                        struct relay_departures *);

#endif
