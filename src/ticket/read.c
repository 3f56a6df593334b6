#include "ticket/read.h"

#include "base/reader.h"
#include "base/text.h"
#include "ticket/paseto.h"

/* The next bytes are exactly these. */
static void expect(struct reader *r, struct bytes text)
{
    struct bytes got = reader_take(r, text.len);

    if (!bytes_equal(got, text))
        reader_fail(r);
}

static void binary_read(struct reader *r, uint8_t *to, size_t len)
{
    struct bytes text = reader_take(r, TEXT_BASE64URL_LEN(len));
    size_t used;

    if (text_unbase64url(text, (struct bytes_mut){to, len}, &used) != OK || used != len)
        reader_fail(r);
}

/* A number as JSON writes it: no leading zero. */
static uint64_t number_read(struct reader *r, uint64_t max)
{
    const uint8_t *start = r->at;
    size_t len = 0, left = reader_left(r);
    uint64_t value = 0;

    while (len < left && start[len] >= '0' && start[len] <= '9')
        len++;
    struct bytes digits = reader_take(r, len);
    if ((digits.len > 1 && digits.at[0] == '0') || text_number(digits, max, &value) != OK)
        reader_fail(r);
    return value;
}

static enum ticket_role role_read(struct reader *r)
{
    struct bytes text = reader_take(r, sizeof "listener" - 1);

    if (bytes_equal(text, BYTES_TEXT("listener")))
        return TICKET_LISTENER;
    /* "speaker" is one character shorter, and its closing quotation mark has been read with it. */
    if (!bytes_equal(text, BYTES_TEXT("speaker\"")))
        reader_fail(r);
    else
        r->at--;
    return TICKET_SPEAKER;
}

static enum result payload_read(struct bytes payload, struct ticket *out)
{
    struct reader r = reader_on(payload);
    struct ticket t = {0};

    expect(&r, BYTES_TEXT("{\"relay\":\""));
    binary_read(&r, t.relay, sizeof t.relay);
    expect(&r, BYTES_TEXT("\",\"room\":\""));
    binary_read(&r, t.room, sizeof t.room);
    expect(&r, BYTES_TEXT("\",\"seat\":\""));
    binary_read(&r, t.seat, sizeof t.seat);
    expect(&r, BYTES_TEXT("\",\"role\":\""));
    t.role = role_read(&r);
    expect(&r, BYTES_TEXT("\",\"fingerprint\":\""));
    binary_read(&r, t.fingerprint, sizeof t.fingerprint);
    expect(&r, BYTES_TEXT("\",\"number\":"));
    t.number = (uint32_t)number_read(&r, UINT32_MAX);
    expect(&r, BYTES_TEXT(",\"expires\":"));
    t.expiry_s = number_read(&r, TICKET_EXPIRES_MAX);
    expect(&r, BYTES_TEXT("}"));
    if (reader_end(&r) != OK)
        return E_MALFORMED;
    *out = t;
    return OK;
}

enum result ticket_read(struct bytes token, const uint8_t house_key[static 32], uint64_t now_s,
                        struct ticket *out)
{
    uint8_t room[PASETO_TOKEN_MAX];
    struct ticket t;
    struct bytes payload;

    if (token.len >= TICKET_TEXT_SIZE)
        return E_MALFORMED;
    enum result res =
        paseto_open(token, house_key, (struct bytes){0}, BYTES_TEXT(TICKET_LABEL), room, &payload);
    if (res == OK)
        res = payload_read(payload, &t);
    if (res != OK)
        return res;
    if (t.expiry_s <= now_s || t.expiry_s - now_s > TICKET_S)
        return E_EXPIRED;
    *out = t;
    return OK;
}
