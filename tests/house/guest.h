/* A house on a scratch folder, with a clock of the test's own, and scripted clients without a network. */
#ifndef TESTS_HOUSE_GUEST_H
#define TESTS_HOUSE_GUEST_H

#include "crypto/crypto.h"
#include "house/clear.h"
#include "house/inside.h"
#include "support/scratch.h"
#include "support/seeded.h"
#include "wire/charter.h"
#include "wire/envelope.h"
#include "wire/statement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { GUEST_INBOX = 64, GUEST_PACKAGE = 48 };

/* One message that came, with its bytes. */
struct letter {
    uint8_t *bytes;
    struct signal signal; /* borrows from bytes */
};

struct guest {
    struct inn *inn;
    const struct address *from; /* NULL: nowhere that is counted */
    struct session *session;    /* NULL once the house has closed or the guest has hung up */
    uint8_t seed[32], key[32];
    char handle[HANDLE_BYTES + 1];
    uint8_t nonce[32], house[32];
    struct letter inbox[GUEST_INBOX];
    unsigned came, taken;
    /* Over a real link: how a message goes out, and how one is waited for. NULL where the guest is played. */
    void (*carry)(struct guest *, struct bytes padded);
    void (*await)(struct guest *);
    struct ws *ws;
    unsigned closed; /* the code that the house closed with */
    bool deaf;       /* a peer that reads too slowly: sending fails */
    uint32_t request;
    uint8_t package[GUEST_PACKAGE], reference[32]; /* the KeyPackage of its last ENTER */
};

/* The house and its surroundings. */
struct inn {
    char folder[SCRATCH_PATH];
    struct seeded seeded;
    struct store *store;
    struct house *house;
    struct bus *bus;
    struct bus_subscription *subscription;
    struct control controls[16]; /* what the relay heard and no test has looked at yet */
    unsigned control_count;
    uint64_t now_ms, unix_ms;
};

static inline uint64_t inn_unix_ms(void *self)
{
    return ((struct inn *)self)->unix_ms;
}

static inline void inn_hear(void *context, struct bytes message)
{
    struct inn *inn = context;

    assert_true(inn->control_count < COUNT(inn->controls));
    assert_int_equal(control_read(message, &inn->controls[inn->control_count++]), OK);
}

static inline void inn_open(struct inn *inn)
{
    const char *why = NULL;

    assert_int_equal(bus_local(&inn->bus), OK);
    assert_int_equal(bus_subscribe(inn->bus, "relay", NULL, inn_hear, inn, &inn->subscription), OK);
    assert_int_equal(store_open(inn->folder, house_schema(), &inn->seeded.random, &inn->store, &why), OK);
    const struct house_settings settings = {.store = inn->store,
                                            .random = &inn->seeded.random,
                                            .unix_ms = inn_unix_ms,
                                            .unix_self = inn,
                                            .bus = inn->bus,
                                            .relay_subject = "relay",
                                            .relay_tag = "relay of the inn",
                                            .media_url = "http://localhost/media"};
    assert_int_equal(house_new(&settings, &inn->house), OK);
}

static inline void inn_close(struct inn *inn)
{
    house_free(inn->house);
    store_close(inn->store);
    bus_unsubscribe(inn->subscription);
    bus_free(inn->bus);
    inn->house = NULL;
    inn->store = NULL;
}

static inline int inn_start(void **state)
{
    struct inn *inn = calloc(1, sizeof *inn);

    if (inn == NULL || crypto_start() != OK)
        return -1;
    scratch_make(inn->folder);
    seeded_start(&inn->seeded, 11);
    inn->now_ms = 1000000;
    inn->unix_ms = UINT64_C(1764000000000);
    inn_open(inn);
    *state = inn;
    return 0;
}

static inline int inn_end(void **state)
{
    struct inn *inn = *state;

    inn_close(inn);
    scratch_remove(inn->folder);
    free(inn);
    return 0;
}

/* What a server does after each verb, and time that passes. */
static inline void inn_attend(struct inn *inn)
{
    for (int turn = 0; inn->house->due_ms <= inn->now_ms; turn++) {
        assert_true(turn < 10);
        house_due(inn->house, inn->now_ms);
    }
}

static inline void inn_wait(struct inn *inn, uint64_t ms)
{
    for (const uint64_t until = inn->now_ms + ms; inn->now_ms < until;) {
        uint64_t next = inn->house->due_ms < until ? inn->house->due_ms : until;

        if (next > inn->now_ms) {
            inn->unix_ms += next - inn->now_ms;
            inn->now_ms = next;
        }
        inn_attend(inn);
    }
}

/* ---- a guest's line */

static inline enum result guest_take(void *self, struct bytes padded)
{
    struct guest *g = self;
    struct letter *letter = &g->inbox[g->came];
    struct bytes message;

    assert_int_equal(g->closed, 0);
    if (g->deaf)
        return E_AGAIN;
    assert_true(g->came < GUEST_INBOX);
    assert_int_equal(envelope_unpad(padded, &message), OK);
    /* Not by malloc, which a test may deny to the house. */
    letter->bytes = aligned_alloc(1, message.len);
    assert_non_null(letter->bytes);
    memcpy(letter->bytes, message.at, message.len);
    assert_int_equal(signal_read(bytes(letter->bytes, message.len), &letter->signal), OK);
    g->came++;
    return OK;
}

static inline void guest_closed(void *self, unsigned code)
{
    struct guest *g = self;

    g->closed = code;
    g->session = NULL;
}

/* The next message that came, which must be of that type. */
static inline const struct signal *guest_got(struct guest *g, enum signal_type type)
{
    while (g->await != NULL && g->taken == g->came)
        g->await(g);
    assert_true(g->taken < g->came);
    assert_int_equal(g->inbox[g->taken].signal.type, type);
    return &g->inbox[g->taken++].signal;
}

static inline void guest_refused(struct guest *g, enum signal_reason reason)
{
    const struct signal *m = guest_got(g, SIGNAL_REFUSED);

    assert_int_equal(m->refused.reason, reason);
    assert_true(m->refused.text.len > 0);
}

static inline void guest_nothing(struct guest *g)
{
    assert_int_equal(g->came, g->taken);
}

static inline void guest_forget(struct guest *g)
{
    for (unsigned i = 0; i < g->came; i++)
        free(g->inbox[i].bytes);
    g->came = g->taken = 0;
}

/* Reads the challenge. */
static inline void guest_challenged(struct guest *g)
{
    const struct signal *m = guest_got(g, SIGNAL_CHALLENGE);

    memcpy(g->nonce, m->challenge.nonce, 32);
    memcpy(g->house, m->challenge.house, 32);
}

static inline void guest_arrive(struct guest *g, struct inn *inn)
{
    const struct line line = {guest_take, guest_closed, g,
                              g->from == NULL ? CROWD_NONE : house_crowd(inn->house, g->from)};

    guest_forget(g);
    g->inn = inn;
    g->closed = 0;
    g->request = 0;
    assert_int_equal(session_new(inn->house, inn->now_ms, &line, &g->session), OK);
    inn_attend(inn);
    guest_challenged(g);
}

static inline void guest_hang_up(struct guest *g)
{
    if (g->session != NULL)
        session_end(g->session, g->inn->now_ms);
    g->session = NULL;
    inn_attend(g->inn);
}

static inline void guest_send_raw(struct guest *g, struct bytes padded)
{
    if (g->carry != NULL) {
        g->carry(g, padded);
        return;
    }

    /* A copy of the exact size, so that a sanitizer sees a read past the end. */
    uint8_t *exact = aligned_alloc(1, padded.len == 0 ? 1 : padded.len);

    assert_non_null(exact);
    if (padded.len != 0)
        memcpy(exact, padded.at, padded.len);
    assert_non_null(g->session);
    session_take(g->session, g->inn->now_ms, bytes(exact, padded.len));
    free(exact);
    inn_attend(g->inn);
}

static inline void guest_send(struct guest *g, struct signal *m)
{
    static uint8_t plain_room[SIGNAL_BYTES], padded_room[SIGNAL_BYTES];
    struct bytes plain, padded;

    m->request = ++g->request;
    assert_int_equal(signal_write(m, (struct bytes_mut){plain_room, sizeof plain_room}, &plain), OK);
    assert_int_equal(envelope_pad(plain, (struct bytes_mut){padded_room, sizeof padded_room}, &padded), OK);
    guest_send_raw(g, padded);
}

static inline void guest_sign(const struct guest *g, const char *label, const uint8_t house[32],
                              const uint8_t *room, struct bytes content, uint8_t signature[64])
{
    uint8_t to[ENVELOPE_SIGNED_BYTES];
    struct bytes message;

    assert_int_equal(
        envelope_signed(label, house, room, content, (struct bytes_mut){to, sizeof to}, &message), OK);
    assert_int_equal(crypto_ed25519_sign(g->seed, message, signature), OK);
}

/* ---- an account */

static inline void guest_key(struct guest *g, struct inn *inn, const char *handle)
{
    memset(g, 0, sizeof *g);
    g->inn = inn;
    random_fill(&inn->seeded.random, g->seed, sizeof g->seed);
    assert_int_equal(crypto_ed25519_public(g->seed, g->key), OK);
    assert_true(strlen(handle) <= HANDLE_BYTES);
    memcpy(g->handle, handle, strlen(handle) + 1);
}

static inline void guest_sign_up(struct guest *g)
{
    struct signal m = {.type = SIGNAL_SIGN_UP};
    uint8_t content[32 + HANDLE_BYTES];
    size_t len = strlen(g->handle);

    memcpy(content, g->nonce, 32);
    memcpy(content + 32, g->handle, len);
    memcpy(m.sign_up.account, g->key, 32);
    m.sign_up.handle = bytes(g->handle, len);
    guest_sign(g, ENVELOPE_SIGN_UP, g->house, NULL, bytes(content, 32 + len), m.sign_up.signature);
    guest_send(g, &m);
}

static inline void guest_sign_in(struct guest *g)
{
    struct signal m = {.type = SIGNAL_SIGN_IN};

    memcpy(m.sign_in.account, g->key, 32);
    guest_sign(g, ENVELOPE_SIGN_IN, g->house, NULL, BYTES_OF(g->nonce), m.sign_in.signature);
    guest_send(g, &m);
}

/* Comes with a new account and is signed in. */
static inline void guest_new(struct guest *g, struct inn *inn, const char *handle)
{
    guest_key(g, inn, handle);
    guest_arrive(g, inn);
    guest_sign_up(g);
    guest_got(g, SIGNAL_SIGNED_IN);
}

/* Comes again with the account that it has. */
static inline void guest_again(struct guest *g)
{
    guest_arrive(g, g->inn);
    guest_sign_in(g);
    guest_got(g, SIGNAL_SIGNED_IN);
}

/* ---- rooms */

static inline struct charter guest_charter(const struct guest *g)
{
    struct charter c = {.kind = CHARTER_OPEN};

    memcpy(c.maker, g->key, 32);
    memcpy(c.house, g->house, 32);
    random_fill(&g->inn->seeded.random, c.nonce, sizeof c.nonce);
    return c;
}

static inline void guest_room_from(struct guest *g, const struct charter *c, const char *title)
{
    struct signal m = {.type = SIGNAL_ROOM_NEW};
    uint8_t to[CHARTER_BYTES];

    assert_int_equal(charter_write(c, (struct bytes_mut){to, sizeof to}, &m.room_new.charter), OK);
    guest_sign(g, ENVELOPE_CHARTER, g->house, NULL, m.room_new.charter, m.room_new.signature);
    m.room_new.title = bytes_string(title);
    guest_send(g, &m);
}

static inline void guest_room(struct guest *g, const char *title, uint8_t room[32])
{
    struct charter c = guest_charter(g);

    guest_room_from(g, &c, title);
    memcpy(room, guest_got(g, SIGNAL_ROOM_IS)->room_is.room, 32);
}

static inline void guest_end_room(struct guest *g, const uint8_t room[32])
{
    struct signal m = {.type = SIGNAL_ROOM_END};

    memcpy(m.room_end.room, room, 32);
    guest_sign(g, ENVELOPE_END_ROOM, g->house, room, (struct bytes){0}, m.room_end.signature);
    guest_send(g, &m);
}

/* ---- tables: messages with just as much of MLS in them as a house reads */

static inline void guest_enter_as(struct guest *g, const uint8_t room[32], enum signal_role role,
                                  uint32_t replaces, const char *pseudonym)
{
    static const uint8_t head[] = {0, 1, 0, 5, 0, 1, 0, 3};
    struct signal m = {.type = SIGNAL_ENTER, .enter.replaces = replaces};

    random_fill(&g->inn->seeded.random, g->package, sizeof g->package);
    memcpy(g->package, head, sizeof head);
    assert_int_equal(clear_key_package(BYTES_OF(g->package), g->reference), OK);
    memcpy(m.enter.room, room, 32);
    m.enter.role = (uint8_t)role;
    m.enter.pseudonym = bytes_string(pseudonym);
    m.enter.key_package = BYTES_OF(g->package);
    memset(m.enter.fingerprint, g->handle[0], 32);
    if (replaces != SIGNAL_NO_LEAF)
        memset(m.enter.replaces_signature, 's', 64);
    guest_send(g, &m);
}

static inline void guest_enter_for(struct guest *g, const uint8_t room[32], enum signal_role role,
                                   uint32_t replaces)
{
    guest_enter_as(g, room, role, replaces, "");
}

static inline void guest_enter(struct guest *g, const uint8_t room[32], enum signal_role role)
{
    guest_enter_for(g, room, role, SIGNAL_NO_LEAF);
}

static inline void guest_catch_up(struct guest *g, const uint8_t room[32], uint32_t leaf, uint64_t epoch)
{
    struct signal m = {.type = SIGNAL_CATCH_UP};

    memcpy(m.catch_up.room, room, 32);
    m.catch_up.leaf = leaf;
    m.catch_up.epoch = epoch;
    guest_send(g, &m);
}

static inline void guest_found(struct guest *g, const uint8_t room[32], uint32_t founding, const char *group)
{
    struct signal m = {.type = SIGNAL_FOUNDED};

    memcpy(m.founded.room, room, 32);
    m.founded.founding = founding;
    m.founded.group_id = bytes_string(group);
    guest_send(g, &m);
}

static inline void guest_leave(struct guest *g, const uint8_t room[32])
{
    struct signal m = {.type = SIGNAL_LEAVE};

    memcpy(m.leave.room, room, 32);
    guest_send(g, &m);
}

static inline void guest_ticket(struct guest *g, const uint8_t room[32])
{
    struct signal m = {.type = SIGNAL_TICKET_NEW};

    memcpy(m.ticket_new.room, room, 32);
    guest_send(g, &m);
}

/* A commit under construction; its memory is its own. */
struct draft {
    struct signal m;
    uint8_t commit[256], welcome[4096], seated[1024], removed[1024], roles[1024], words[16 * STATEMENT_BYTES];
    struct writer seated_writer, removed_writer, roles_writer, words_writer, secrets_writer;
    uint8_t secrets[3072];
};

/* Says that it is in this epoch, with a value of 16 times this byte. */
static inline void guest_answer(struct guest *g, const uint8_t room[32], uint64_t epoch, char value)
{
    struct signal m = {.type = SIGNAL_ANSWER};

    memcpy(m.answer.room, room, 32);
    m.answer.epoch = epoch;
    memset(m.answer.value, value, sizeof m.answer.value);
    guest_send(g, &m);
}

/* An MLSMessage with a PrivateMessage of this content: 1 application, 2 proposal, 3 commit. */
static inline struct bytes guest_private(struct bytes_mut to, uint64_t epoch, const char *group,
                                         unsigned content)
{
    struct writer w = writer_on(to);
    struct bytes out;

    writer_u16(&w, 1);
    writer_u16(&w, 2);
    writer_vector(&w, bytes_string(group));
    writer_u64(&w, epoch);
    writer_u8(&w, (uint8_t)content);
    writer_vector(&w, BYTES_TEXT(""));
    writer_vector(&w, BYTES_TEXT("sender"));
    writer_vector(&w, BYTES_TEXT("sealed"));
    assert_int_equal(writer_end(&w, &out), OK);
    return out;
}

static inline void guest_say(struct guest *g, const uint8_t room[32], uint64_t epoch, const char *group,
                             unsigned content)
{
    struct signal m = {.type = SIGNAL_SAY};
    uint8_t to[256];

    memcpy(m.say.room, room, 32);
    m.say.epoch = epoch;
    m.say.message = guest_private((struct bytes_mut){to, sizeof to}, epoch, group, content);
    guest_send(g, &m);
}

static inline void draft_start(struct draft *d, const uint8_t room[32], uint64_t epoch, const char *group)
{
    memset(d, 0, sizeof *d);
    d->m.type = SIGNAL_COMMIT;
    memcpy(d->m.commit.room, room, 32);
    d->m.commit.epoch = epoch;
    d->m.commit.commit = guest_private((struct bytes_mut){d->commit, sizeof d->commit}, epoch, group, 3);
    d->seated_writer = writer_over(d->seated);
    d->removed_writer = writer_over(d->removed);
    d->roles_writer = writer_over(d->roles);
    d->words_writer = writer_over(d->words);
    d->secrets_writer = writer_over(d->secrets);
}

static inline void draft_welcome(struct draft *d, const uint8_t reference[32])
{
    writer_vector(&d->secrets_writer, bytes(reference, 32));
    writer_vector(&d->secrets_writer, BYTES_TEXT("kem"));
    writer_vector(&d->secrets_writer, BYTES_TEXT("secrets"));
}

static inline void draft_list(struct draft *d, uint32_t waiting, uint32_t leaf)
{
    signal_placed_put(&d->seated_writer, &(struct signal_placed){waiting, leaf});
}

static inline void draft_seat(struct draft *d, const struct guest *joiner, uint32_t waiting, uint32_t leaf)
{
    draft_welcome(d, joiner->reference);
    draft_list(d, waiting, leaf);
}

static inline void draft_remove_for(struct draft *d, uint32_t leaf, enum signal_why why)
{
    signal_gone_put(&d->removed_writer, &(struct signal_gone){leaf, (uint8_t)why});
}

static inline void draft_remove(struct draft *d, uint32_t leaf)
{
    draft_remove_for(d, leaf, SIGNAL_KICKED);
}

static inline void draft_role(struct draft *d, uint32_t leaf, enum signal_role role)
{
    signal_moved_put(&d->roles_writer, &(struct signal_moved){leaf, (uint8_t)role});
}

/* A statement of the guest's on an account. */
static inline void draft_word(struct draft *d, const struct guest *by, uint32_t number,
                              enum statement_verb verb, const uint8_t subject[32])
{
    struct statement word = {.number = number, .verb = verb, .kind = STATEMENT_ACCOUNT};
    uint8_t to[STATEMENT_BYTES];
    struct bytes text;

    memcpy(word.signer, by->key, 32);
    memcpy(word.subject, subject, 32);
    assert_int_equal(statement_write_signed(&word, (struct bytes_mut){to, sizeof to}, &text), OK);
    guest_sign(by, ENVELOPE_ROLE, by->house, d->m.commit.room, text, word.signature);
    assert_int_equal(statement_write(&word, (struct bytes_mut){to, sizeof to}, &text), OK);
    writer_put(&d->words_writer, text);
}

static inline void draft_send(struct draft *d, struct guest *g)
{
    struct bytes secrets;

    assert_int_equal(writer_end(&d->secrets_writer, &secrets), OK);
    if (secrets.len != 0) {
        struct writer w = writer_over(d->welcome);

        writer_u16(&w, 1);
        writer_u16(&w, 3);
        writer_u16(&w, 3);
        writer_vector(&w, secrets);
        writer_vector(&w, BYTES_TEXT("group info"));
        assert_int_equal(writer_end(&w, &d->m.commit.welcome), OK);
        d->m.commit.tree = BYTES_TEXT("tree");
    }
    assert_int_equal(writer_end(&d->seated_writer, &d->m.commit.seated), OK);
    assert_int_equal(writer_end(&d->removed_writer, &d->m.commit.removed), OK);
    assert_int_equal(writer_end(&d->roles_writer, &d->m.commit.roles), OK);
    assert_int_equal(writer_end(&d->words_writer, &d->m.commit.words), OK);
    guest_send(g, &d->m);
}

/* The number under which the only one who waits does so. */
static inline uint32_t guest_asked_for_one(struct guest *doorkeeper)
{
    const struct signal *m = guest_got(doorkeeper, SIGNAL_WAITING);
    struct bytes list = m->waiting.joiners;
    struct signal_joiner joiner;

    assert_true(signal_joiner_next(&list, &joiner));
    assert_int_equal(list.len, 0);
    return joiner.waiting;
}

/* Enters an empty room and founds its table. */
static inline void guest_first(struct guest *g, const uint8_t room[32], enum signal_role role,
                               const char *group)
{
    guest_enter(g, room, role);
    guest_found(g, room, guest_got(g, SIGNAL_FOUND_TABLE)->found_table.founding, group);
    guest_got(g, SIGNAL_SEATED);
}

/* Enters, and the doorkeeper seats it at this leaf. */
static inline void guest_join(struct guest *g, struct guest *doorkeeper, const uint8_t room[32],
                              enum signal_role role, const char *group, uint64_t epoch, uint32_t leaf)
{
    struct draft d;

    guest_enter(g, room, role);
    draft_start(&d, room, epoch, group);
    draft_seat(&d, g, guest_asked_for_one(doorkeeper), leaf);
    draft_send(&d, doorkeeper);
    guest_got(doorkeeper, SIGNAL_DONE);
    guest_got(doorkeeper, SIGNAL_HANDSHAKE);
    guest_got(g, SIGNAL_SEATED);
}

#endif
