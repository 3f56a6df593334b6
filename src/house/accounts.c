#include "house/accounts.h"

#include "wire/envelope.h"

enum { HOUR_MS = 60 * 60 * 1000 };

enum result accounts_handle(struct house *h, const uint8_t key[static 32], uint8_t room[static HANDLE_BYTES],
                            struct bytes *handle)
{
    struct store_rows rows;
    enum result res =
        store_ask(h->store, &rows, "SELECT handle FROM account WHERE key = $1", store_bytes(bytes(key, 32)));

    if (res == OK)
        res = store_next(&rows);
    if (res == OK) {
        struct bytes found = store_column_bytes(&rows, 0);

        if (found.len > HANDLE_BYTES) {
            res = E_MALFORMED;
        } else {
            memcpy(room, found.at, found.len);
            *handle = bytes(room, found.len);
        }
    }
    store_done(&rows);
    return res;
}

static enum result key_of(struct store_rows *rows, enum result res, uint8_t key[static 32])
{
    if (res == OK)
        res = store_next(rows);
    if (res == OK)
        res = store_column_copy(rows, 0, key, 32);
    store_done(rows);
    return res;
}

enum result accounts_find(struct house *h, struct bytes handle, uint8_t key[static 32])
{
    struct store_rows rows;

    return key_of(&rows,
                  store_ask(h->store, &rows, "SELECT key FROM account WHERE handle = $1", store_text(handle)),
                  key);
}

enum result accounts_looking_like(struct house *h, struct bytes skeleton, uint8_t key[static 32])
{
    struct store_rows rows;

    return key_of(
        &rows,
        store_ask(h->store, &rows, "SELECT key FROM account WHERE skeleton = $1", store_text(skeleton)), key);
}

/* E_EXISTS where the key, or the skeleton, is somebody's already. */
static enum result add(struct house *h, const uint8_t key[static 32], struct bytes handle,
                       struct bytes skeleton)
{
    enum result res = store_begin(h->store);

    if (res != OK)
        return res;
    res = store_do(h->store, "INSERT INTO account (key, handle, skeleton) VALUES ($1, $2, $3)", NULL,
                   store_bytes(bytes(key, 32)), store_text(handle), store_text(skeleton));
    if (res != OK) {
        store_rollback(h->store);
        return res;
    }
    return store_commit(h->store);
}

static struct answer welcome(struct session *s, uint32_t request, const uint8_t account[static 32],
                             struct bytes handle)
{
    struct signal message = {.type = SIGNAL_SIGNED_IN, .request = request};

    memcpy(s->account, account, sizeof s->account);
    memcpy(s->handle, handle.at, handle.len);
    s->handle_len = handle.len;
    s->state = SESSION_SIGNED_IN;
    message.signed_in.handle = handle;
    session_tell(s, &message);
    return answered();
}

static struct answer judge(struct session *s, const uint8_t account[static 32], const char *label,
                           struct bytes content, const uint8_t signature[static 64])
{
    enum result res = house_verify(s->house, account, label, NULL, content, signature);

    if (res == E_FORGED)
        return refusal(REASON_FORGED, "the signature is not this account's, for this house and this link");
    return res == OK ? answered() : trouble(res);
}

/* Nobody fills the house from one place; a whole community behind one address finds room (docs/operate.md,
 * "Limits"). */
static bool may_sign_up(struct session *s)
{
    struct house *h = s->house;
    unsigned each = h->settings.sign_ups_each;
    bool rested;

    return s->line.crowd == CROWD_NONE ||
           allowance_spend(&h->sign_ups[s->line.crowd], h->now_ms, each, HOUR_MS / each, &rested);
}

struct answer accounts_sign_up(struct session *s, const struct signal *message)
{
    const struct signal_sign_up *m = &message->sign_up;
    uint8_t content[32 + HANDLE_BYTES], bones[SKELETON_BYTES], had[HANDLE_BYTES];
    struct bytes skeleton, handle;
    const char *why = NULL;
    struct answer how;
    enum result res;

    memcpy(content, s->nonce, 32);
    memcpy(content + 32, m->handle.at, m->handle.len);
    how = judge(s, m->account, ENVELOPE_SIGN_UP, bytes(content, 32 + m->handle.len), m->signature);
    if (how.reason != 0)
        return how;
    res = names_handle(s->house->names, m->handle, (struct bytes_mut){bones, sizeof bones}, &skeleton, &why);
    if (res == E_NO_MEMORY)
        return trouble(res);
    if (res != OK)
        return refusal(REASON_NAME_BAD, why);

    if (!may_sign_up(s))
        return refusal(REASON_TOO_MANY,
                       "too many accounts were made from your address: try again in an hour");
    res = add(s->house, m->account, m->handle, skeleton);
    if (res == E_EXISTS) {
        /* Whoever lost the answer to a sign-up asks again and is the same person. */
        res = accounts_handle(s->house, m->account, had, &handle);
        if (res == E_NOT_FOUND)
            return refusal(REASON_NAME_TAKEN, "this handle, or one that looks like it, is taken");
        if (res == OK && !bytes_equal(handle, m->handle))
            return refusal(REASON_NOT_NOW, "this key has an account under another handle");
    }
    return res == OK ? welcome(s, message->request, m->account, m->handle) : trouble(res);
}

struct answer accounts_sign_in(struct session *s, const struct signal *message)
{
    const struct signal_sign_in *m = &message->sign_in;
    uint8_t room[HANDLE_BYTES];
    struct bytes handle;
    struct answer how = judge(s, m->account, ENVELOPE_SIGN_IN, BYTES_OF(s->nonce), m->signature);
    enum result res;

    if (how.reason != 0)
        return how;
    res = accounts_handle(s->house, m->account, room, &handle);
    if (res == E_NOT_FOUND)
        return refusal(REASON_UNKNOWN, "this house has no such account");
    return res == OK ? welcome(s, message->request, m->account, handle) : trouble(res);
}
