/* Links: one session each. What comes in is counted, unpadded, read and handed to the file that owns its
 * kind; what goes out is written, padded and sent. */
#include "house/accounts.h"
#include "house/delivery.h"
#include "house/entering.h"
#include "house/gathering.h"
#include "house/inside.h"
#include "house/relays.h"
#include "house/retention.h"
#include "house/returning.h"
#include "house/rooms.h"
#include "house/seating.h"
#include "house/social.h"
#include "house/talk.h"
#include "house/trial.h"

#include "base/reader.h"
#include "wire/envelope.h"

/* Which state takes which request. What is not here no client may send. */
static const struct route {
    enum session_state in;
    struct answer (*take)(struct session *, const struct signal *);
} routes[] = {
    [SIGNAL_SIGN_UP] = {SESSION_STRANGER, accounts_sign_up},
    [SIGNAL_SIGN_IN] = {SESSION_STRANGER, accounts_sign_in},
    [SIGNAL_FOLLOW] = {SESSION_SIGNED_IN, social_follow},
    [SIGNAL_UNFOLLOW] = {SESSION_SIGNED_IN, social_unfollow},
    [SIGNAL_ADMIT] = {SESSION_SIGNED_IN, social_admit},
    [SIGNAL_ROOM_NEW] = {SESSION_SIGNED_IN, rooms_new},
    [SIGNAL_ROOM_LIST] = {SESSION_SIGNED_IN, rooms_list},
    [SIGNAL_ROOM_SHOW] = {SESSION_SIGNED_IN, rooms_show},
    [SIGNAL_ROOM_END] = {SESSION_SIGNED_IN, rooms_end},
    [SIGNAL_ENTER] = {SESSION_SIGNED_IN, entering_take},
    [SIGNAL_FOUNDED] = {SESSION_SIGNED_IN, delivery_founded},
    [SIGNAL_TICKET_NEW] = {SESSION_SIGNED_IN, seating_ticket},
    [SIGNAL_LEAVE] = {SESSION_SIGNED_IN, seating_leave},
    [SIGNAL_CATCH_UP] = {SESSION_SIGNED_IN, returning_catch_up},
    [SIGNAL_COMMIT] = {SESSION_SIGNED_IN, delivery_commit},
    [SIGNAL_ANSWER] = {SESSION_SIGNED_IN, trial_answer},
    [SIGNAL_SAY] = {SESSION_SIGNED_IN, talk_say},
};

struct answer trouble(enum result why)
{
    if (why == E_NO_MEMORY)
        return refusal(REASON_TROUBLE, "the house is out of memory");
    if (why == E_IO)
        return refusal(REASON_TROUBLE, "the house cannot write to its disk");
    return refusal(REASON_TROUBLE, "the house is in trouble");
}

/* ---- out */

enum result house_pack(struct house *h, const struct signal *message, struct bytes *out)
{
    struct bytes plain;
    enum result res = signal_write(message, (struct bytes_mut){h->plain, SIGNAL_BYTES}, &plain);

    return res == OK ? house_pad(h, plain, out) : res;
}

enum result house_pad(struct house *h, struct bytes plain, struct bytes *out)
{
    return envelope_pad(plain, (struct bytes_mut){h->padded, SIGNAL_BYTES}, out);
}

void session_tell_packed(struct session *s, struct bytes packed)
{
    if (s->state == SESSION_ENDED)
        return;
    if (s->line.send(s->line.self, packed) != OK)
        session_dismiss(s, CLOSE_POLICY);
}

void session_tell(struct session *s, const struct signal *message)
{
    struct bytes packed;
    enum result res;

    if (s->state == SESSION_ENDED)
        return;
    res = house_pack(s->house, message, &packed);
    if (res != OK) {
        /* It would go on with a hole in what it was told. */
        log_warn("house", "message not packed", s->log, res);
        session_dismiss(s, CLOSE_TRY_LATER);
        return;
    }
    session_tell_packed(s, packed);
}

static void refuse(struct session *s, uint32_t request, struct answer why)
{
    struct signal message = {.type = SIGNAL_REFUSED, .request = request};

    message.refused.reason = why.reason;
    message.refused.text = bytes_string(why.text);
    session_tell(s, &message);
}

void house_control(struct house *h, const struct control *message)
{
    relays_note(h, message);
    house_publish(h, message);
}

void house_publish(struct house *h, const struct control *message)
{
    uint8_t room[CONTROL_BYTES];
    struct bytes packed;
    enum result res;

    if (h->settings.bus == NULL)
        return;
    res = control_write(message, (struct bytes_mut){room, sizeof room}, &packed);
    if (res == OK)
        res = bus_publish(h->settings.bus, h->settings.relay_subject, packed);
    /* A ticket that could not be revoked lapses within a minute. */
    if (res != OK)
        log_warn("house", "control message not published", (struct log_tag){0}, res);
}

/* ---- life and end */

void house_wake(struct house *h, uint64_t at_ms)
{
    if (at_ms < h->due_ms)
        h->due_ms = at_ms;
}

static struct session *session_make(struct house *h)
{
    struct session *s = calloc(1, sizeof *s);

    if (s == NULL)
        return NULL;
    s->house = h;
    s->log.number = random_u32(h->random);
    s->next = h->sessions;
    s->link = &h->sessions;
    if (s->next != NULL)
        s->next->link = &s->next;
    h->sessions = s;
    h->session_count++;
    return s;
}

enum result session_absent(struct house *h, struct session **out)
{
    struct session *s = session_make(h);

    if (s == NULL)
        return E_NO_MEMORY;
    s->state = SESSION_ENDED;
    s->lost_at_ms = UINT64_MAX;
    *out = s;
    return OK;
}

enum result session_new(struct house *h, uint64_t now_ms, const struct line *line, struct session **out)
{
    struct signal challenge = {.type = SIGNAL_CHALLENGE};
    struct session *s;

    h->now_ms = now_ms;
    if (h->session_count >= HOUSE_LINKS_MAX)
        return E_TOO_LARGE;
    s = session_make(h);
    if (s == NULL)
        return E_NO_MEMORY;
    s->line = *line;
    s->state = SESSION_STRANGER;
    s->sign_in_by_ms = now_ms + HOUSE_SIGN_IN_MS;
    random_fill(h->random, s->nonce, sizeof s->nonce);
    memcpy(challenge.challenge.house, h->key, sizeof h->key);
    memcpy(challenge.challenge.nonce, s->nonce, sizeof s->nonce);
    session_tell(s, &challenge);
    if (s->state == SESSION_ENDED) {
        session_free(s);
        return E_CLOSED;
    }
    house_wake(h, s->sign_in_by_ms);
    *out = s;
    return OK;
}

void session_free(struct session *s)
{
    gathering_quit(s);
    *s->link = s->next;
    if (s->next != NULL)
        s->next->link = s->link;
    s->house->session_count--;
    free(s);
}

void session_dismiss(struct session *s, unsigned code)
{
    if (s->state == SESSION_ENDED)
        return;
    s->state = SESSION_ENDED;
    s->close_code = code;
    s->house->unsettled = true;
}

/* Closes lines and frees what has ended. A seat outlives its line for the time of its grace. */
static void settle(struct house *h)
{
    struct session *next;

    if (!h->unsettled)
        return;
    h->unsettled = false;
    for (struct session *s = h->sessions; s != NULL; s = next) {
        next = s->next;
        if (s->state != SESSION_ENDED || s->lost_at_ms != 0)
            continue;
        if (s->close_code != 0)
            s->line.close(s->line.self, s->close_code);
        s->line = (struct line){0};
        if (s->place == PLACE_SEATED)
            seating_line_broken(s);
        else
            session_free(s);
    }
}

void session_end(struct session *s, uint64_t now_ms)
{
    struct house *h = s->house;

    h->now_ms = now_ms;
    s->state = SESSION_ENDED;
    s->close_code = 0;
    h->unsettled = true;
    settle(h);
}

/* ---- in */

bool allowance_spend(struct allowance *a, uint64_t now_ms, unsigned most, unsigned each_ms, bool *rested)
{
    uint64_t earned = (now_ms - a->at_ms) / each_ms;

    *rested = earned >= a->spent;
    a->spent = *rested ? 0 : a->spent - (unsigned)earned;
    a->at_ms = *rested ? now_ms : a->at_ms + earned * each_ms;
    if (a->spent >= most)
        return false;
    a->spent++;
    return true;
}

static bool has_allowance(struct session *s)
{
    bool rested, has = allowance_spend(&s->requests, s->house->now_ms, HOUSE_REQUESTS_BURST,
                                       1000 / HOUSE_REQUESTS_SECOND, &rested);

    /* A link that lives for hours may err now and then. */
    if (rested)
        s->faults = 0;
    return has;
}

/* The number that a refusal names, of a message that could not be read otherwise. */
static uint32_t number_of(struct bytes message)
{
    struct reader r = reader_on(message);

    (void)reader_u8(&r);
    return reader_u32(&r);
}

static struct answer handle(struct session *s, struct bytes message)
{
    struct signal signal;
    const struct route *route = NULL;
    enum result res = signal_read(message, &signal);

    if (res == E_UNSUPPORTED)
        return refusal(REASON_MALFORMED, "no message has this type");
    if (res != OK)
        return refusal(REASON_MALFORMED, "the message does not have its type's form");
    if ((size_t)signal.type < sizeof routes / sizeof routes[0])
        route = &routes[signal.type];
    if (route == NULL || route->take == NULL || signal.request == 0)
        return refusal(REASON_MALFORMED, "not a request");
    if (s->state != route->in)
        return s->state == SESSION_STRANGER ? refusal(REASON_NOT_NOW, "sign in first")
                                            : refusal(REASON_NOT_NOW, "already signed in");
    return route->take(s, &signal);
}

static bool is_fault(unsigned reason)
{
    return reason == REASON_MALFORMED || reason == REASON_FORGED || reason == REASON_TOO_MANY;
}

void session_answer(struct session *s, uint32_t request, struct answer how)
{
    if (how.reason != 0)
        refuse(s, request, how);
    if (is_fault(how.reason) && ++s->faults >= HOUSE_FAULTS_MAX)
        session_dismiss(s, CLOSE_POLICY);
}

void session_take(struct session *s, uint64_t now_ms, struct bytes padded)
{
    struct house *h = s->house;
    struct bytes message;
    struct answer how;

    h->now_ms = now_ms;
    if (s->state == SESSION_ENDED)
        return;
    if (envelope_unpad(padded, &message) != OK) {
        refuse(s, 0, refusal(REASON_MALFORMED, "the message is not padded as it should be"));
        session_dismiss(s, CLOSE_POLICY);
    } else {
        if (has_allowance(s))
            how = handle(s, message);
        else
            how = refusal(REASON_TOO_MANY, "too many requests in too short a time");
        session_answer(s, number_of(message), how);
    }
    settle(h);
}

uint64_t house_due(struct house *h, uint64_t now_ms)
{
    h->now_ms = now_ms;
    if (now_ms < h->due_ms)
        return h->due_ms;

    h->due_ms = UINT64_MAX;
    for (struct session *s = h->sessions; s != NULL; s = s->next) {
        if (s->state != SESSION_STRANGER)
            continue;
        if (s->sign_in_by_ms <= now_ms)
            session_dismiss(s, CLOSE_POLICY);
        else
            house_wake(h, s->sign_in_by_ms);
    }
    seating_due(h);
    delivery_due(h);
    retention_due(h);
    settle(h);
    return h->due_ms;
}
