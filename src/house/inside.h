/* What the house's own files share. Machines without I/O: a session takes messages and answers through its
 * line; time comes with each call. */
#ifndef HOUSE_INSIDE_H
#define HOUSE_INSIDE_H

#include "base/crowd.h"
#include "base/log.h"
#include "house/house.h"
#include "house/names.h"
#include "wire/control.h"
#include "wire/signal.h"

#include <stdlib.h>
#include <string.h>

/* The way to one client. `send` copies; it fails where the peer reads too slowly or is gone, and the house
 * then ends the session. `close` may be called once and nothing is sent afterwards; it does not call back. */
struct line {
    enum result (*send)(void *self, struct bytes message);
    void (*close)(void *self, unsigned code);
    void *self;
    int crowd; /* house_crowd of whoever is there */
};

/* Codes of RFC 6455, section 7.4.1, that the house closes with. */
enum { CLOSE_NORMAL = 1000, CLOSE_POLICY = 1008, CLOSE_TRY_LATER = 1013 };

/* api.c: who the link is. */
enum session_state {
    SESSION_ENDED,     /* the line is gone or about to go; a seat may be in its grace */
    SESSION_STRANGER,  /* got its challenge */
    SESSION_SIGNED_IN, /* account and handle are set */
    SESSION_STATES
};

/* delivery.c: where it is in its room. */
enum session_place {
    PLACE_NONE,
    PLACE_FOUNDING, /* was told to found the table */
    PLACE_WAITING,  /* for a doorkeeper's commit */
    PLACE_SEATED,   /* in a committed leaf */
};

enum { CROWDS = 1 << 12 };

/* What may be spent at once, and comes back as time goes by. */
struct allowance {
    uint64_t at_ms;
    unsigned spent;
};

struct session {
    struct house *house;
    struct session *next, **link; /* in house->sessions */
    struct line line;
    struct log_tag log;
    enum session_state state;
    unsigned close_code; /* with SESSION_ENDED: 0 when the line is gone already */

    uint8_t nonce[32];
    uint8_t account[32];
    uint8_t handle[HANDLE_BYTES];
    size_t handle_len;
    uint64_t sign_in_by_ms;

    struct allowance requests, says;
    unsigned faults;

    enum session_place place;
    struct gathering *gathering;
    struct session *beside, **beside_link; /* in gathering->sessions */
    uint32_t enter_request;
    uint8_t alias[HANDLE_BYTES]; /* what a pseudonym's seat is called; none, and it sits under its handle */
    size_t alias_len;
    uint8_t bones[32];     /* of a pseudonym: SHA-256 of the alias's skeleton */
    bool invited;          /* a moderator, or the charter, lets it speak */
    bool wants;            /* ... and it wants to: on stage it is by both (attack F31) */
    bool moderates;        /* this seat may kick, and say who speaks */
    enum signal_role role; /* of its tickets */
    uint32_t replaces;     /* as in ENTER, passed on to the doorkeeper */
    uint8_t replaces_signature[64];
    uint8_t fingerprint[32];
    uint8_t *key_package; /* owned, until seated */
    size_t key_package_len;
    uint8_t reference[32]; /* of the KeyPackage, RFC 9420, section 5.2 */
    uint32_t waiting;      /* number among those who wait */
    bool offered;          /* it is in the list that the doorkeeper was sent last */
    unsigned passed_over;  /* how often a doorkeeper committed and left it out */
    uint32_t leaf;
    uint8_t tag[TAG_BYTES];  /* what the relay knows the seat by; random, drawn when it is committed */
    uint32_t ticket;         /* the number of the newest ticket */
    bool ticket_owed;        /* one was due while no relay was linked, ... */
    uint32_t ticket_request; /* ... asked for by this request, or 0 */
    bool answers;            /* it has said in this seat that it follows */
    uint32_t seated_by;      /* the leaf whose commit brought it here */
    bool shunned;            /* whom it seated could not sit down: others keep the door */
    uint8_t *held;           /* owned: a commit that waits for the end of a trial */
    size_t held_len;
    uint64_t held_number;
    struct allowance commits; /* that nobody asked it for */
    uint64_t lost_at_ms;      /* SESSION_ENDED and seated: when the seat is lost; UINT64_MAX: not known yet */
};

/* One table of a room with anybody at it. */
struct gathering {
    struct house *house;
    struct gathering *next, **link;
    uint8_t room[32];
    uint16_t number;
    struct session *sessions;
    bool has_media; /* the relay knows it by this tag, random for each founding */
    uint8_t tag[TAG_BYTES];
    uint32_t next_waiting;
    bool asked; /* a doorkeeper has been asked and no commit came since */
    uint32_t asked_leaf;
    uint64_t asked_until_ms;
    uint64_t due_ms; /* when to look again whether somebody must be asked; UINT64_MAX for never */
    uint64_t last_commit_ms, epoch_since_ms;
    struct allowance admits; /* commits that let somebody in */
    struct trial *trial;     /* of the newest commit; NULL once somebody has followed it */
    uint64_t next_held;
};

/* relays.c: what ended at the relay, and when by the time of day. */
struct ending {
    uint64_t at_ms;
    struct control message; /* without borrowed bytes */
};

/* relays.c: the relay that tickets are for. */
struct house_relay {
    bool is_linked;
    struct ending *endings; /* RELAYS_ENDINGS, a ring; NULL before the first */
    size_t ending_count;    /* of all that there ever were */
    uint8_t tag[TAG_BYTES]; /* what it said last of itself */
    char media_url[CONTROL_URL_BYTES + 1];
    struct bus_link *link; /* NULL where the relay is in the same process */
};

struct house {
    struct house_settings settings;
    struct house_relay relay;
    struct store *store;
    const struct random *random;
    struct names *names;
    uint8_t key[32];
    uint64_t now_ms;            /* monotonic; as of the call that is running */
    uint64_t due_ms;            /* the earliest time at which house_due has something to do */
    uint8_t seed[16];           /* of the crowds: no address is kept */
    struct allowance *sign_ups; /* CROWDS: of each */
    struct session *sessions;
    size_t session_count;
    struct gathering *gatherings;
    bool unsettled;                 /* a session was dismissed and its line is not closed yet */
    uint64_t sweep_due_ms;          /* when what is past its time is looked for again */
    uint8_t *plain, *padded, *list; /* SIGNAL_BYTES each: a message under construction, and its list */
    struct mount *mount;            /* mount.c's own, and how it is freed; NULL while not mounted */
    void (*unmount)(struct mount *);
};

/* How a request ends: answered already (reason 0), or refused. The text is a literal. */
struct answer {
    uint16_t reason; /* enum signal_reason */
    const char *text;
};

static inline struct answer answered(void)
{
    return (struct answer){0, NULL};
}

static inline struct answer refusal(enum signal_reason reason, const char *text)
{
    return (struct answer){(uint16_t)reason, text};
}

/* A failure of the house's own. */
struct answer trouble(enum result);

/* ---- api.c */

/* The verbs. A session lives from `session_new` until its line ends. During any verb the house may close any
 * line, and that session is not to be touched afterwards, nor after session_end. After each verb house_due is
 * owed as soon as house->due_ms has come, which may be at once. */
MUST_USE enum result session_new(struct house *, uint64_t now_ms, const struct line *, struct session **out);
/* One whose link is gone, for a seat that a house before this one knew; when it is lost is set by the first
 * house_due. OK | E_NO_MEMORY */
MUST_USE enum result session_absent(struct house *, struct session **out);
void session_take(struct session *, uint64_t now_ms, struct bytes message);
void session_end(struct session *, uint64_t now_ms);
/* Does what is due; returns when to call again. */
uint64_t house_due(struct house *, uint64_t now_ms);

/* Where whoever has this address counts. */
int house_crowd(const struct house *, const struct address *);

/* Answers a request that waited: says why it was refused, where it was. */
void session_answer(struct session *, uint32_t request, struct answer);
/* Takes it out of all lists; its line is not closed. For api.c, delivery.c and house_free. */
void session_free(struct session *);
/* Ends a session from within: it gets nothing more, and its line is closed when the verb is through. */
void session_dismiss(struct session *, unsigned code);
void house_wake(struct house *, uint64_t at_ms);
uint64_t house_unix_ms(const struct house *);

/* To one session; without effect on one that has ended. */
void session_tell(struct session *, const struct signal *);
/* The same message to several: packed once, valid until the next message of the house is packed. */
MUST_USE enum result house_pack(struct house *, const struct signal *, struct bytes *out);
/* The second half of that: a message that was written already. */
MUST_USE enum result house_pad(struct house *, struct bytes plain, struct bytes *out);
void session_tell_packed(struct session *, struct bytes packed);
void house_control(struct house *, const struct control *);
/* Its second half: what is not kept to be said again. */
void house_publish(struct house *, const struct control *);

/* Whether `most` in a burst, and one each `each_ms`, leave room for one more; it is then spent. *rested says
 * that all had come back before. */
bool allowance_spend(struct allowance *, uint64_t now_ms, unsigned most, unsigned each_ms, bool *rested);

static inline struct bytes session_handle(const struct session *s)
{
    return bytes(s->handle, s->handle_len);
}

/* Ends the open transaction in the way that the result says, and gives what came of it. */
MUST_USE enum result house_conclude(struct house *, enum result);

/* Whether an Ed25519 signature over the envelope holds. OK | E_FORGED | E_CRYPTO | E_TOO_LARGE */
MUST_USE enum result house_verify(const struct house *, const uint8_t key[static 32], const char *label,
                                  const uint8_t *room, struct bytes content,
                                  const uint8_t signature[static 64]);

#endif
