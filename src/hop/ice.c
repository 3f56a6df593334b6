#include "hop/ice.h"

#include "crypto/crypto.h"

#include <string.h>

enum {
    MESSAGE_MAX = 768,                  /* both user fragments at their longest, and the rest */
    HOST_PRIORITY = 0x7effffff,         /* RFC 8445, section 5.1.2: 126 << 24 | 65535 << 8 | 255 */
    FIRST_WAIT_US = 100 * 1000,         /* before the first answer a check is sent again after this ... */
    LONGEST_WAIT_US = 1600 * 1000,      /* ... doubling up to this */
    CONSENT_EVERY_US = 5 * 1000 * 1000, /* RFC 7675, section 5.1, randomised by a fifth either way */
    CONSENT_AGAIN_US = 1000 * 1000,     /* after a check without an answer */
    PEER_SILENT_US = 7 * 1000 * 1000,   /* no peer that is still there is silent for so long */
    ASK_AGAIN_US = 200 * 1000, /* a relay's question without an answer is asked again after this ... */
    ASKS_MAX = 5,              /* ... so often in all; the peer's next check begins anew */
};

/* RFC 8839, section 5.4. */
static bool text_is_ice(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
              c == '/'))
            return false;
    }
    return true;
}

static bool text_set(struct hop_text *text, struct bytes from, size_t least)
{
    if (from.len < least || from.len > sizeof text->at || !text_is_ice(from))
        return false;
    if (from.len != 0)
        memcpy(text->at, from.at, from.len);
    text->len = (uint16_t)from.len;
    return true;
}

static struct bytes text_of(const struct hop_text *text)
{
    return bytes(text->at, text->len);
}

void hop_credentials_draw(const struct random *random, struct hop_credentials *out)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t drawn[HOP_UFRAG_LEN + HOP_PASSWORD_LEN];

    random_fill(random, drawn, sizeof drawn);
    for (size_t i = 0; i < HOP_UFRAG_LEN; i++)
        out->ufrag[i] = alphabet[drawn[i] % 64];
    for (size_t i = 0; i < HOP_PASSWORD_LEN; i++)
        out->password[i] = alphabet[drawn[HOP_UFRAG_LEN + i] % 64];
    out->ufrag[HOP_UFRAG_LEN] = '\0';
    out->password[HOP_PASSWORD_LEN] = '\0';
    wipe(drawn, sizeof drawn);
}

enum result hop_ice_start(struct hop_ice *ice, const struct hop_settings *settings, uint64_t now_us)
{
    bool client = settings->role == HOP_CLIENT;

    memset(ice, 0, sizeof *ice);
    if (!text_is_ice(bytes(settings->local.ufrag, HOP_UFRAG_LEN)) ||
        !text_is_ice(bytes(settings->local.password, HOP_PASSWORD_LEN)) ||
        !text_set(&ice->remote_ufrag, settings->remote_ufrag, client ? 4 : 0) ||
        !text_set(&ice->remote_password, settings->remote_password, client ? 22 : 0))
        return E_MALFORMED;
    ice->role = settings->role;
    ice->random = settings->random;
    ice->local = settings->local;
    ice->consent_us = now_us; /* what asked for this hop stands in for the first consent */
    if (client) {
        ice->found = true;
        ice->peer = settings->peer;
        ice->check_us = now_us;
        ice->wait_us = FIRST_WAIT_US;
    }
    random_fill(ice->random, &ice->tie_breaker, sizeof ice->tie_breaker);
    return OK;
}

bool hop_ice_knows(const struct hop_ice *ice, const struct address *from)
{
    if (ice->role == HOP_CLIENT)
        return address_equal(&ice->peer, from);
    for (unsigned i = 0; i < ice->path_count; i++)
        if (address_equal(&ice->paths[i].from, from))
            return true;
    return false;
}

/* The place of a verified address. Where all are taken, the one not heard of for longest makes room, but
 * never the one in use. */
static struct hop_path *path_for(struct hop_ice *ice, const struct address *from)
{
    struct hop_path *oldest = NULL;

    for (unsigned i = 0; i < ice->path_count; i++)
        if (address_equal(&ice->paths[i].from, from))
            return &ice->paths[i];
    if (ice->path_count < HOP_PATHS)
        return &ice->paths[ice->path_count++];
    for (unsigned i = 0; i < HOP_PATHS; i++)
        if (!address_equal(&ice->paths[i].from, &ice->peer) &&
            (oldest == NULL || ice->paths[i].heard_us < oldest->heard_us))
            oldest = &ice->paths[i];
    return oldest;
}

static bool integrity_is_right(const struct stun *m, struct bytes password)
{
    const struct bytes covered[] = {BYTES_OF(m->covered_head), m->covered_rest};
    uint8_t mac[STUN_INTEGRITY_LEN];

    return m->integrity != NULL && crypto_hmac_sha1(password, covered, 2, mac) == OK &&
           equal_secret(mac, m->integrity, sizeof mac);
}

/* Closes a message with integrity and fingerprint, and puts it into the outbox. */
static void send(struct writer *w, struct bytes password, const struct address *to, struct outbox *outbox)
{
    struct bytes covered, message;
    uint8_t *mac = stun_integrity(w, &covered);

    if (mac == NULL || crypto_hmac_sha1(password, &covered, 1, mac) != OK)
        return;
    stun_fingerprint(w);
    if (writer_end(w, &message) == OK)
        outbox_put(outbox, to, message);
}

/* `ours:theirs` (RFC 8445, section 7.2.2). */
static bool username_is_ours(const struct hop_ice *ice, struct bytes username)
{
    struct bytes ours = bytes(ice->local.ufrag, HOP_UFRAG_LEN);

    if (username.len < ours.len + 1 || username.at[ours.len] != ':' ||
        !bytes_equal(bytes(username.at, ours.len), ours))
        return false;
    return ice->remote_ufrag.len == 0 ||
           bytes_equal(bytes(username.at + ours.len + 1, username.len - ours.len - 1),
                       text_of(&ice->remote_ufrag));
}

/* Notes a transaction among all that there were; true where it may have been among them. Transactions are
 * random (RFC 8489, section 5), so their own bytes say where their bits are. With a check each 5 s one new
 * transaction in 15 is mistaken for an old one after 4 hours; that matters to who changes its address alone,
 * and the next check comes a second later. */
static bool past_note(struct hop_ice *ice, const uint8_t transaction[static STUN_TRANSACTION_LEN])
{
    bool known = true;

    for (unsigned i = 0; i < 9; i += 3) {
        unsigned place = (transaction[i] | transaction[i + 1] << 8) % HOP_PAST_BITS;
        uint8_t bit = (uint8_t)(1u << place % 8);

        known = known && (ice->past[place / 8] & bit) != 0;
        ice->past[place / 8] |= bit;
    }
    return known;
}

/* A request that was answered once counts no more from elsewhere, however long ago that was: else whoever
 * copies it on the way could turn the stream to an address of his own. */
static bool copied(struct hop_ice *ice, const struct stun *m, const struct address *from)
{
    for (unsigned i = 0; i < ice->seen_count; i++)
        if (memcmp(ice->seen[i].transaction, m->transaction, sizeof m->transaction) == 0)
            return !address_equal(&ice->seen[i].from, from);
    if (past_note(ice, m->transaction) && ice->found && !address_equal(&ice->peer, from))
        return true;

    struct hop_check *check = &ice->seen[ice->seen_next];
    memcpy(check->transaction, m->transaction, sizeof m->transaction);
    check->from = *from;
    ice->seen_next = (ice->seen_next + 1) % HOP_SEEN_CHECKS;
    if (ice->seen_count < HOP_SEEN_CHECKS)
        ice->seen_count++;
    return false;
}

static void ask(struct hop_ice *ice, uint64_t now_us, struct outbox *outbox)
{
    uint8_t room[MESSAGE_MAX];
    struct writer w = writer_over(room);

    stun_open(&w, STUN_REQUEST, ice->asked);
    stun_put_username(&w, text_of(&ice->remote_ufrag), bytes(ice->local.ufrag, HOP_UFRAG_LEN));
    stun_put_priority(&w, HOST_PRIORITY);
    stun_put_controlled(&w, ice->tie_breaker);
    send(&w, text_of(&ice->remote_password), &ice->wanted, outbox);
    ice->ask_us = now_us + ASK_AGAIN_US;
    ice->asks++;
}

/* The peer says that it is there. Before there are keys nothing but the handshake goes to it. */
static void follow(struct hop_ice *ice, uint64_t now_us, const struct address *from, struct outbox *outbox)
{
    if (!ice->settled) {
        ice->peer = *from;
        ice->found = true;
    } else if (ice->found && address_equal(&ice->peer, from)) {
        ice->asking = false;
    } else if (!ice->asking || !address_equal(&ice->wanted, from)) {
        ice->asking = true;
        ice->wanted = *from;
        ice->asks = 0;
        random_fill(ice->random, ice->asked, sizeof ice->asked);
        ask(ice, now_us, outbox);
    }
}

void hop_ice_settle(struct hop_ice *ice, uint64_t now_us, const struct address *at, struct outbox *outbox)
{
    struct address nominated = ice->peer;

    ice->peer = *at;
    *path_for(ice, at) = (struct hop_path){*at, now_us};
    ice->settled = true;
    ice->peer_heard_us = now_us;
    follow(ice, now_us, &nominated, outbox);
}

/* What was asked came to where the peer says it is, and the peer to what was asked. */
static enum result proof_take(struct hop_ice *ice, uint64_t now_us, const struct address *from,
                              const struct stun *m)
{
    if (!ice->asking || memcmp(ice->asked, m->transaction, sizeof ice->asked) != 0 ||
        !address_equal(&ice->wanted, from) || !integrity_is_right(m, text_of(&ice->remote_password)))
        return E_FORGED;
    ice->asking = false;
    if (m->type == STUN_ERROR || m->unknown_count != 0)
        return E_REFUSED;
    ice->peer = ice->wanted;
    ice->found = true;
    *path_for(ice, from) = (struct hop_path){*from, now_us};
    ice->consent_us = ice->peer_heard_us = now_us;
    return OK;
}

static void answer(struct hop_ice *ice, const struct address *from, const struct stun *m,
                   struct outbox *outbox)
{
    uint8_t room[MESSAGE_MAX];
    struct writer w = writer_over(room);

    stun_open(&w, STUN_SUCCESS, m->transaction);
    stun_put_mapped(&w, from);
    send(&w, bytes(ice->local.password, HOP_PASSWORD_LEN), from, outbox);
}

/* The relay's half: RFC 8445, section 7.3, for a lite agent, which is always controlled. */
static enum result request_take(struct hop_ice *ice, uint64_t now_us, const struct address *from,
                                const struct stun *m, struct outbox *outbox)
{
    struct bytes password = bytes(ice->local.password, HOP_PASSWORD_LEN);
    uint8_t room[MESSAGE_MAX];
    struct writer w = writer_over(room);

    if (!m->fingerprint || !username_is_ours(ice, m->username) || !integrity_is_right(m, password))
        return E_FORGED;
    if (copied(ice, m, from))
        return E_REPLAY;
    if (m->unknown_count != 0 || m->controlled) {
        stun_open(&w, STUN_ERROR, m->transaction);
        stun_put_error(&w, m->unknown_count != 0 ? STUN_ERROR_UNKNOWN : STUN_ERROR_ROLE_CONFLICT);
        if (m->unknown_count != 0)
            stun_put_unknown(&w, m->unknown, m->unknown_count);
        send(&w, password, from, outbox);
        return E_REFUSED;
    }

    *path_for(ice, from) = (struct hop_path){*from, now_us};
    answer(ice, from, m, outbox);
    /* An agent that has nominated need not say so again, and does not know when a NAT gives it another port.
     */
    if (m->use_candidate || !ice->found || now_us - ice->peer_heard_us >= PEER_SILENT_US)
        follow(ice, now_us, from, outbox);
    if (ice->found && address_equal(&ice->peer, from))
        ice->consent_us = ice->peer_heard_us = now_us;
    return OK;
}

/* The client's half: RFC 8445, section 7.2.5. */
static enum result answer_take(struct hop_ice *ice, uint64_t now_us, const struct stun *m)
{
    unsigned place = 0;

    while (place < HOP_SENT_CHECKS && memcmp(ice->sent[place], m->transaction, sizeof m->transaction) != 0)
        place++;
    if (place == HOP_SENT_CHECKS || !integrity_is_right(m, text_of(&ice->remote_password)))
        return E_FORGED;
    /* Said again it is no consent: a copied answer must not hide that the relay is gone. */
    if ((ice->sent_open & 1u << place) == 0)
        return E_REPLAY;
    if (m->type == STUN_ERROR || m->unknown_count != 0)
        return E_REFUSED;

    ice->sent_open &= ~(1u << place);
    ice->consent_us = now_us;
    ice->answered = true;
    ice->check_us = now_us + CONSENT_EVERY_US * 4 / 5 + random_u32(ice->random) % (CONSENT_EVERY_US * 2 / 5);
    return OK;
}

/* The relay asks whether we are where it sees us. */
static enum result question_take(struct hop_ice *ice, const struct address *from, const struct stun *m,
                                 struct outbox *outbox)
{
    if (!m->fingerprint || !username_is_ours(ice, m->username) ||
        !integrity_is_right(m, bytes(ice->local.password, HOP_PASSWORD_LEN)))
        return E_FORGED;
    if (m->unknown_count != 0 || m->controlling)
        return E_REFUSED;
    answer(ice, from, m, outbox);
    return OK;
}

enum result hop_ice_take(struct hop_ice *ice, uint64_t now_us, const struct address *from,
                         struct bytes datagram, struct outbox *outbox)
{
    struct stun m;
    enum result res = stun_read(datagram, &m);

    if (res != OK)
        return res;
    if (m.type != STUN_REQUEST && m.type != STUN_SUCCESS && m.type != STUN_ERROR)
        return E_REFUSED;
    if (ice->role == HOP_RELAY)
        return m.type == STUN_REQUEST ? request_take(ice, now_us, from, &m, outbox)
                                      : proof_take(ice, now_us, from, &m);
    if (!address_equal(from, &ice->peer))
        return E_REFUSED;
    return m.type == STUN_REQUEST ? question_take(ice, from, &m, outbox) : answer_take(ice, now_us, &m);
}

static void check_send(struct hop_ice *ice, struct outbox *outbox)
{
    uint8_t room[MESSAGE_MAX], *transaction = ice->sent[ice->sent_next];
    struct writer w = writer_over(room);

    ice->sent_open |= 1u << ice->sent_next;
    ice->sent_next = (ice->sent_next + 1) % HOP_SENT_CHECKS;
    random_fill(ice->random, transaction, STUN_TRANSACTION_LEN);
    stun_open(&w, STUN_REQUEST, transaction);
    stun_put_username(&w, text_of(&ice->remote_ufrag), bytes(ice->local.ufrag, HOP_UFRAG_LEN));
    stun_put_priority(&w, HOST_PRIORITY);
    stun_put_controlling(&w, ice->tie_breaker);
    stun_put_use_candidate(&w);
    send(&w, text_of(&ice->remote_password), &ice->peer, outbox);
}

uint64_t hop_ice_due(struct hop_ice *ice, uint64_t now_us, struct outbox *outbox)
{
    if (ice->role == HOP_RELAY) {
        if (ice->asking && now_us >= ice->ask_us && ice->asks == ASKS_MAX)
            ice->asking = false;
        if (ice->asking && now_us >= ice->ask_us)
            ask(ice, now_us, outbox);
        return ice->asking ? ice->ask_us : UINT64_MAX;
    }
    if (now_us < ice->check_us)
        return ice->check_us;

    check_send(ice, outbox);
    ice->check_us = now_us + (ice->answered ? CONSENT_AGAIN_US : ice->wait_us);
    if (ice->wait_us < LONGEST_WAIT_US)
        ice->wait_us *= 2;
    return ice->check_us;
}

enum result hop_answers(struct bytes datagram, uint8_t transaction[static HOP_TRANSACTION_LEN])
{
    struct stun m;
    enum result res = stun_read(datagram, &m);

    if (res != OK)
        return res;
    if (m.type != STUN_SUCCESS && m.type != STUN_ERROR)
        return E_MALFORMED;
    memcpy(transaction, m.transaction, sizeof m.transaction);
    return OK;
}

enum result hop_names(struct bytes datagram, struct bytes *local_ufrag)
{
    struct stun m;
    enum result res = stun_read(datagram, &m);

    if (res != OK)
        return res;
    const uint8_t *colon = m.username.len == 0 ? NULL : memchr(m.username.at, ':', m.username.len);
    if (m.type != STUN_REQUEST || colon == NULL)
        return E_MALFORMED;
    *local_ufrag = bytes(m.username.at, (size_t)(colon - m.username.at));
    return OK;
}
