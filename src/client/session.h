/* One person in one room: the way to a seat (docs/protocol.md, "How a seat is taken"), the doorkeeper's duty,
 * the epochs, the ticket and its renewal, the media session, and the way out. What happens is told as news.
 * A link to the house that breaks, and a media session that ends, are opened again: the seat outlives them.
 * Everything runs on one loop's thread. */
#ifndef CLIENT_SESSION_H
#define CLIENT_SESSION_H

#include "client/ear.h"
#include "client/identity.h"
#include "io/http.h"
#include "wire/signal.h"

struct client;

enum {
    CLIENT_SEAT_MS = 15000,        /* for somebody who is in the room to let us in */
    CLIENT_LEAVE_MS = 2000,        /* for house and relay to hear that we go */
    CLIENT_EPOCH_EARLY_MS = 20000, /* before an epoch's end the lowest leaf begins the next; others follow, a
                                       second apart */
    CLIENT_RETURN_MS = 60000,      /* for a house or a relay that was lost to come back */
    CLIENT_WISH_MS = 10000,        /* for the house to answer what the person wants done */
    CLIENT_WISHES = 8,             /* at one time */
    CLIENT_CHATS = 16,             /* lines that wait to be said */
    CLIENT_LOSSES = 3,             /* seats that the house may give up before the room is left */
    CLIENT_VERDICT_MS = 1000,
};

enum client_state {
    CLIENT_LINKING,  /* the link opens, the house's challenge is waited for */
    CLIENT_ENTERING, /* signed in, a seat asked for */
    CLIENT_FOUNDING, /* the table was empty */
    CLIENT_SEATED,   /* in the group; the relay is on its way */
    CLIENT_HEARING,  /* media passes */
    CLIENT_LEAVING,
    CLIENT_OVER,
};

enum client_news_kind {
    NEWS_SEATED, /* title, leaf */
    NEWS_ROSTER,
    NEWS_EPOCH,  /* epoch */
    NEWS_STAGE,  /* on: the microphone is open, and at_us is when its first frame begins; or it has closed */
    NEWS_HEARD,  /* leaf, handle: the first audible frame; at_us is when it begins to sound */
    NEWS_CHAT,   /* leaf, handle, text */
    NEWS_HAND,   /* leaf, handle; on: up */
    NEWS_MUTED,  /* leaf, handle; on: by a moderator, until the person itself ends it */
    NEWS_ENDED,  /* by the room's maker; the session leaves by itself */
    NEWS_KICKED, /* our leaf was removed; the session leaves by itself */
    NEWS_ALARM,  /* what: a house or a member says what cannot be */
    NEWS_WISH,   /* number; why (OK: done) and what; text: a new link */
    NEWS_OVER,   /* the last; why and what */
};

struct client_news {
    enum client_news_kind kind;
    uint64_t at_us;
    uint32_t leaf;
    uint64_t epoch;
    uint32_t number;
    bool on;
    struct bytes title, handle, text; /* borrowed until the call returns, as all of it */
    enum result why;                  /* OK where the session was left, or its room ended */
    const char *what;                 /* one line for people; NULL where there is nothing to say */
};

/* Whether a voice is its speaker's own: docs/protocol.md, "Proof of the speaker". */
enum client_proof { CLIENT_UNHEARD, CLIENT_PROVEN, CLIENT_UNPROVEN, CLIENT_FORGED };

/* One line of the roster: who holds keys. */
struct client_seat {
    uint32_t leaf;
    bool speaker, moderator;
    enum client_proof proof; /* of the voice that was heard last */
    uint8_t account[32];
    char handle[HANDLE_BYTES + 1];
};

struct client_options {
    struct loop *loop; /* all borrowed for the session's life */
    const struct gate *gate;
    const struct tls *tls; /* for https */
    const struct random *random;
    const struct identity *identity;
    const uint8_t *room;   /* 32 bytes */
    const uint8_t *secret; /* of a private room's link: ROOM_SECRET_BYTES; else NULL */
    const char *pseudonym; /* for a seat without the account's name; else NULL */
    enum signal_role role; /* a speaker is on stage as soon as the room's roles let it */
    unsigned return_ms;    /* 0: CLIENT_RETURN_MS */

    void (*speak)(void *context, float out[static SOUND_FRAME]);
    void (*hear)(void *context, const float in[static SOUND_FRAME]);
    void (*told)(void *context, struct client *, const struct client_news *);
    void *context;
};

/* Begins at once; no news from within. OK | E_NO_MEMORY | E_CRYPTO | E_MALFORMED, E_UNSUPPORTED (URL) */
MUST_USE enum result client_new(const struct client_options *, struct client **out);
/* Not from within `told`. NULL is fine; wipes all keys. */
void client_free(struct client *);

/* Gives the seat back; NEWS_OVER follows. Calling it again does nothing. */
void client_leave(struct client *);

/* What a person may want done in a room; docs/protocol.md, "Roles". */
enum client_verb {
    CLIENT_RAISE, /* the own hand */
    CLIENT_LOWER,
    CLIENT_INVITE, /* a moderator lets somebody speak */
    CLIENT_ACCEPT, /* on stage, by the own word; heard again, after a mute */
    CLIENT_LEAVE,  /* off stage */
    CLIENT_DEMOTE, /* a moderator lets somebody not speak any more, nor moderate */
    CLIENT_MUTE,   /* a moderator has somebody not played until it accepts the word again */
    CLIENT_ADMIT,  /* a moderator lets somebody into a social room */
    CLIENT_KICK,
    CLIENT_BLOCK,
    CLIENT_MODERATOR, /* a moderator makes somebody one; `demote` takes it back */
    CLIENT_RESIGN,    /* a moderator is none any more */
    CLIENT_LINK,      /* a moderator closes a private room's link and has another */
    CLIENT_END,       /* the room, by its maker */
};

/* Whether there is such a verb, and whether it takes a `who`. */
bool client_verb_read(struct bytes word, enum client_verb *out, bool *about_somebody);
/* All of them, up to a NULL. */
const char *client_verb_word(unsigned i);

/* `who` is a handle or `#LEAF`, NULL where the verb takes none. NEWS_WISH with the number says how it went,
 * maybe from within. OK | E_STATE (not seated) | E_TOO_LARGE (too much is wanted) | E_NOT_FOUND (no handle is
 * so long) */
MUST_USE enum result client_wish(struct client *, enum client_verb, const char *who, uint32_t number);

/* Says a line of chat. OK | E_STATE (not seated) | E_MALFORMED (empty, or no UTF-8) | E_TOO_LARGE (more than
 * TALK_CHAT_BYTES, or too many lines wait) */
MUST_USE enum result client_chat(struct client *, struct bytes text);

enum client_state client_state(const struct client *);
/* Ascending by leaf; borrowed until the next news. */
size_t client_roster(const struct client *, const struct client_seat **out);
/* Zeros before a seat was had. */
struct ear_report client_report(const struct client *);

#endif
