#include "base/text.h"
#include "base/writer.h"
#include "crypto/crypto.h"
#include "ticket/paseto.h"
#include "ticket/write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { NOW_S = 1764040000 };

static const uint8_t house_seed[32] = {1, 2, 3};
static const uint8_t other_seed[32] = {9};

static void key_of(const uint8_t seed[static 32], uint8_t out[static 32])
{
    assert_int_equal(crypto_ed25519_public(seed, out), OK);
}

static struct ticket example(void)
{
    struct ticket t = {.role = TICKET_SPEAKER, .number = 7, .expiry_s = NOW_S + 60};

    memset(t.relay, 0xfb, sizeof t.relay);
    memset(t.room, 0x11, sizeof t.room);
    memset(t.seat, 0x22, sizeof t.seat);
    memset(t.fingerprint, 0x33, sizeof t.fingerprint);
    return t;
}

static void comes_back_as_granted(void **state)
{
    const uint32_t numbers[] = {0, 7, UINT32_MAX};
    uint8_t key[32];

    (void)state;
    key_of(house_seed, key);
    for (size_t i = 0; i < 3; i++) {
        struct ticket t = example(), back;
        char text[TICKET_TEXT_SIZE];

        t.number = numbers[i];
        t.role = i == 0 ? TICKET_LISTENER : TICKET_SPEAKER;
        assert_int_equal(ticket_write(&t, house_seed, text), OK);
        assert_int_equal(ticket_read(bytes_string(text), key, NOW_S, &back), OK);
        assert_memory_equal(back.relay, t.relay, sizeof t.relay);
        assert_memory_equal(back.room, t.room, sizeof t.room);
        assert_memory_equal(back.seat, t.seat, sizeof t.seat);
        assert_memory_equal(back.fingerprint, t.fingerprint, sizeof t.fingerprint);
        assert_int_equal(back.role, t.role);
        assert_true(back.number == t.number && back.expiry_s == t.expiry_s);
    }

    struct ticket t = example();
    char text[TICKET_TEXT_SIZE];
    t.expiry_s = TICKET_EXPIRES_MAX + 1;
    assert_int_equal(ticket_write(&t, house_seed, text), E_TOO_LARGE);
}

static void lives_a_minute(void **state)
{
    const struct {
        int64_t ahead_s;
        enum result want;
    } cases[] = {{-60, E_EXPIRED}, {-1, E_EXPIRED}, {0, E_EXPIRED}, {1, OK}, {60, OK}, {61, E_EXPIRED}};
    uint8_t key[32];

    (void)state;
    key_of(house_seed, key);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ticket t = example(), back;
        char text[TICKET_TEXT_SIZE];

        t.expiry_s = (uint64_t)(NOW_S + cases[i].ahead_s);
        assert_int_equal(ticket_write(&t, house_seed, text), OK);
        assert_int_equal(ticket_read(bytes_string(text), key, NOW_S, &back), cases[i].want);
    }
}

static void another_house_is_refused(void **state)
{
    struct ticket t = example(), back;
    char text[TICKET_TEXT_SIZE];
    uint8_t key[32];

    (void)state;
    key_of(other_seed, key);
    assert_int_equal(ticket_write(&t, house_seed, text), OK);
    assert_int_equal(ticket_read(bytes_string(text), key, NOW_S, &back), E_FORGED);
}

static void cut_or_changed_is_refused(void **state)
{
    struct ticket t = example(), back;
    char text[TICKET_TEXT_SIZE];
    uint8_t key[32];

    (void)state;
    key_of(house_seed, key);
    assert_int_equal(ticket_write(&t, house_seed, text), OK);
    for (size_t len = 0; len < strlen(text); len++)
        assert_int_not_equal(ticket_read(bytes(text, len), key, NOW_S, &back), OK);
    for (size_t at = 0; at < strlen(text); at++) {
        char was = text[at];

        text[at] = was == 'A' ? 'B' : 'A';
        assert_int_not_equal(ticket_read(bytes_string(text), key, NOW_S, &back), OK);
        text[at] = was;
    }
}

/* Signs any payload in the way of a ticket: a house that writes something else. */
static struct bytes sign(struct bytes payload, struct bytes label, uint8_t room[static TICKET_TEXT_SIZE])
{
    uint8_t body[TICKET_TEXT_SIZE], preimage[2 * TICKET_TEXT_SIZE];
    struct writer covered = writer_over(preimage);

    assert_true(payload.len + 64 <= sizeof body);
    memcpy(body, payload.at, payload.len);
    paseto_preimage(&covered, payload, (struct bytes){0}, label);
    assert_false(covered.failed);
    assert_int_equal(
        crypto_ed25519_sign(house_seed, bytes(preimage, writer_used(&covered)), body + payload.len), OK);
    memcpy(room, PASETO_HEADER, sizeof PASETO_HEADER - 1);
    text_base64url(bytes(body, payload.len + 64), (char *)room + sizeof PASETO_HEADER - 1);
    return bytes_string((const char *)room);
}

#define TAG  "AAAAAAAAAAAAAAAAAAAAAA"
#define HASH "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void signed_but_not_a_ticket(void **state)
{
    const struct {
        const char *payload;
        enum result want;
    } cases[] = {
        {"{\"relay\":\"" TAG "\",\"room\":\"" TAG "\",\"seat\":\"" TAG
         "\",\"role\":\"listener\",\"fingerprint\":\"" HASH "\",\"number\":1,\"expires\":1764040001}",
         OK},
        {"{\"relay\":\"" TAG "\",\"room\":\"" TAG "\",\"seat\":\"" TAG
         "\",\"role\":\"speaker\",\"fingerprint\":\"" HASH "\",\"number\":0,\"expires\":1764040001}",
         OK},
        /* another order */
        {"{\"room\":\"" TAG "\",\"relay\":\"" TAG "\",\"seat\":\"" TAG
         "\",\"role\":\"listener\",\"fingerprint\":\"" HASH "\",\"number\":1,\"expires\":1764040001}",
         E_MALFORMED},
        /* a blank */
        {"{\"relay\": \"" TAG "\",\"room\":\"" TAG "\",\"seat\":\"" TAG
         "\",\"role\":\"listener\",\"fingerprint\":\"" HASH "\",\"number\":1,\"expires\":1764040001}",
         E_MALFORMED},
        /* a role we don't have, and one that begins like ours */
        {"{\"relay\":\"" TAG "\",\"room\":\"" TAG "\",\"seat\":\"" TAG
         "\",\"role\":\"moderator\",\"fingerprint\":\"" HASH "\",\"number\":1,\"expires\":1764040001}",
         E_MALFORMED},
        {"{\"relay\":\"" TAG "\",\"room\":\"" TAG "\",\"seat\":\"" TAG
         "\",\"role\":\"speakers\",\"fingerprint\":\"" HASH "\",\"number\":1,\"expires\":1764040001}",
         E_MALFORMED},
        /* numbers that are none */
        {"{\"relay\":\"" TAG "\",\"room\":\"" TAG "\",\"seat\":\"" TAG
         "\",\"role\":\"listener\",\"fingerprint\":\"" HASH "\",\"number\":01,\"expires\":1764040001}",
         E_MALFORMED},
        {"{\"relay\":\"" TAG "\",\"room\":\"" TAG "\",\"seat\":\"" TAG
         "\",\"role\":\"listener\",\"fingerprint\":\"" HASH "\",\"number\":,\"expires\":1764040001}",
         E_MALFORMED},
        {"{\"relay\":\"" TAG "\",\"room\":\"" TAG "\",\"seat\":\"" TAG
         "\",\"role\":\"listener\",\"fingerprint\":\"" HASH
         "\",\"number\":4294967296,\"expires\":1764040001}",
         E_MALFORMED},
        /* something after the end */
        {"{\"relay\":\"" TAG "\",\"room\":\"" TAG "\",\"seat\":\"" TAG
         "\",\"role\":\"listener\",\"fingerprint\":\"" HASH "\",\"number\":1,\"expires\":1764040001} ",
         E_MALFORMED},
        {"{}", E_MALFORMED},
        {"", E_MALFORMED},
    };
    uint8_t key[32], room[TICKET_TEXT_SIZE];
    struct ticket back;

    (void)state;
    key_of(house_seed, key);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bytes token = sign(bytes_string(cases[i].payload), BYTES_TEXT(TICKET_LABEL), room);

        assert_int_equal(ticket_read(token, key, NOW_S, &back), cases[i].want);
    }
}

/* F19: a signature that the house made for another use is no ticket. */
static void f19_another_label_is_refused(void **state)
{
    static const char payload[] =
        "{\"relay\":\"" TAG "\",\"room\":\"" TAG "\",\"seat\":\"" TAG
        "\",\"role\":\"listener\",\"fingerprint\":\"" HASH "\",\"number\":1,\"expires\":1764040001}";
    uint8_t key[32], room[TICKET_TEXT_SIZE];
    struct ticket back;

    (void)state;
    key_of(house_seed, key);
    assert_int_equal(
        ticket_read(sign(bytes_string(payload), BYTES_TEXT("Teahouse other 1"), room), key, NOW_S, &back),
        E_FORGED);
    assert_int_equal(ticket_read(sign(bytes_string(payload), BYTES_TEXT(""), room), key, NOW_S, &back),
                     E_FORGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_as_granted),    cmocka_unit_test(lives_a_minute),
        cmocka_unit_test(another_house_is_refused), cmocka_unit_test(cut_or_changed_is_refused),
        cmocka_unit_test(signed_but_not_a_ticket),  cmocka_unit_test(f19_another_label_is_refused),
    };

    if (crypto_start() != OK)
        return 1;
    return cmocka_run_group_tests_name("ticket", tests, NULL, NULL);
}
