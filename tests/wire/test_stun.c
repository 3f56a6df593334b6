#include "wire/stun.h"

#include "support/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cmocka.h>

static const uint8_t transaction[STUN_TRANSACTION_LEN] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

static bool integrity_is_right(const struct stun *m, struct bytes key)
{
    uint8_t covered[1024], mac[EVP_MAX_MD_SIZE];
    unsigned len;

    assert_true(sizeof m->covered_head + m->covered_rest.len <= sizeof covered);
    memcpy(covered, m->covered_head, sizeof m->covered_head);
    memcpy(covered + sizeof m->covered_head, m->covered_rest.at, m->covered_rest.len);
    HMAC(EVP_sha1(), key.at, (int)key.len, covered, sizeof m->covered_head + m->covered_rest.len, mac, &len);
    return m->integrity != NULL && memcmp(mac, m->integrity, STUN_INTEGRITY_LEN) == 0;
}

static void rfc5769_messages(void **state)
{
    struct json_object *all = vectors_load("stun/rfc5769.json");
    struct arena arena = {0};

    (void)state;
    assert_int_equal(json_object_array_length(all), 4);
    for (size_t i = 0; i < json_object_array_length(all); i++) {
        struct json_object *v = json_object_array_get_idx(all, i), *member;
        struct bytes message = vectors_hex(&arena, v, "message");
        struct bytes key = vectors_hex(&arena, v, "integrity_key");
        struct bytes id = vectors_hex(&arena, v, "transaction_id");
        struct address mapped;
        struct stun m;

        assert_int_equal(stun_read(message, &m), OK);
        assert_memory_equal(m.transaction, id.at, sizeof m.transaction);
        assert_true(integrity_is_right(&m, key));
        assert_int_equal(m.unknown_count, 0);
        assert_int_equal(m.fingerprint, i != 3); /* the long-term message has none */
        if (json_object_object_get_ex(v, "username", &member))
            assert_true(bytes_equal(m.username, bytes_string(json_object_get_string(member))));
        if (json_object_object_get_ex(v, "mapped_address", &member)) {
            uint16_t port = (uint16_t)vectors_number(v, "mapped_port");

            assert_int_equal(address_parse(bytes_string(json_object_get_string(member)), port, &mapped), OK);
            assert_int_equal(m.type, STUN_SUCCESS);
            assert_true(m.mapped_given && address_equal(&m.mapped, &mapped));
        } else {
            assert_int_equal(m.type, STUN_REQUEST);
            assert_false(m.mapped_given);
        }
        if (i == 0) {
            assert_int_equal(m.priority, 0x6e0001ff);
            assert_true(m.controlled && !m.controlling && !m.use_candidate);
        }
    }
    vectors_ran("stun/rfc5769.json", json_object_array_length(all));
    json_object_put(all);
    arena_free(&arena);
}

static void rfc5769_every_truncation_and_every_flipped_byte(void **state)
{
    struct arena arena = {0};
    struct bytes message = vectors_file(&arena, "stun/rfc5769-2.1-request.bin");
    struct bytes key = BYTES_TEXT("VOkJxbRl1RmTxUk/WvJxBt");
    uint8_t copy[256];
    struct stun m;

    (void)state;
    for (size_t len = 0; len < message.len; len++)
        assert_int_equal(stun_read(bytes(message.at, len), &m), E_MALFORMED);
    for (size_t i = 0; i < message.len; i++) {
        memcpy(copy, message.at, message.len);
        copy[i] ^= 0x20;
        /* The fingerprint's own type may turn into an attribute that nobody knows: then it is none. */
        if (stun_read(bytes(copy, message.len), &m) == OK)
            assert_false(m.fingerprint && integrity_is_right(&m, key));
    }
    arena_free(&arena);
}

/* To a STUN server, not to a peer: no user name, and an attribute that nobody else knows. */
static void a_request_of_chrome(void **state)
{
    struct arena arena = {0};
    struct bytes message = vectors_file(&arena, "stun/chrome-binding-request.bin");
    struct stun m;

    (void)state;
    assert_int_equal(stun_read(message, &m), OK);
    assert_int_equal(m.type, STUN_REQUEST);
    assert_int_equal(m.unknown_count, 0);
    assert_true(m.username.len == 0 && m.integrity == NULL && !m.fingerprint);
    arena_free(&arena);
}

/* The base64 of the standard alphabet, with its padding: so it stands in the file. */
static size_t from_base64(const char *text, size_t len, uint8_t *out)
{
    int n = EVP_DecodeBlock(out, (const unsigned char *)text, (int)len);

    assert_true(n >= 0);
    return (size_t)n - (len > 0 && text[len - 1] == '=') - (len > 1 && text[len - 2] == '=');
}

static void requests_of_browsers(void **state)
{
    struct arena arena = {0};
    struct bytes text = vectors_file(&arena, "stun/browsers.csv");
    const char *line = (const char *)text.at, *end = line + text.len;
    unsigned read = 0;

    (void)state;
    while (line < end) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        const char *stop = newline == NULL ? end : newline;
        const char *from = memchr(line, ',', (size_t)(stop - line));
        const char *to = from == NULL ? NULL : memchr(from + 1, ',', (size_t)(stop - from - 1));
        uint8_t message[512];
        struct stun m;

        if (*line != '#' && to != NULL && memcmp(line, "ip,", 3) != 0) {
            assert_true(to - from < 512);
            size_t len = from_base64(from + 1, (size_t)(to - from - 1), message);
            assert_int_equal(stun_read(bytes(message, len), &m), OK);
            assert_int_equal(m.type, STUN_REQUEST);
            read++;
        }
        line = stop + 1;
    }
    assert_true(read >= 10);
    vectors_ran("stun/browsers.csv", read);
    arena_free(&arena);
}

static struct bytes request(uint8_t room[static 512], struct bytes key)
{
    struct writer w = writer_on((struct bytes_mut){room, 512});
    struct bytes covered, out = {0};
    unsigned len;

    stun_open(&w, STUN_REQUEST, transaction);
    stun_put_username(&w, BYTES_TEXT("there"), BYTES_TEXT("here"));
    stun_put_priority(&w, 0x01020304);
    stun_put_controlling(&w, 0x1122334455667788);
    stun_put_use_candidate(&w);
    uint8_t *mac = stun_integrity(&w, &covered);
    assert_non_null(mac);
    uint8_t full[EVP_MAX_MD_SIZE];
    HMAC(EVP_sha1(), key.at, (int)key.len, covered.at, covered.len, full, &len);
    memcpy(mac, full, STUN_INTEGRITY_LEN);
    stun_fingerprint(&w);
    assert_int_equal(writer_end(&w, &out), OK);
    return out;
}

static void writes_what_it_reads(void **state)
{
    uint8_t room[512];
    struct stun m;

    (void)state;
    assert_int_equal(stun_read(request(room, BYTES_TEXT("a password")), &m), OK);
    assert_memory_equal(m.transaction, transaction, sizeof transaction);
    assert_true(bytes_equal(m.username, BYTES_TEXT("there:here")));
    assert_int_equal(m.priority, 0x01020304);
    assert_true(m.controlling && m.use_candidate && m.fingerprint && !m.controlled);
    assert_true(integrity_is_right(&m, BYTES_TEXT("a password")));
    assert_false(integrity_is_right(&m, BYTES_TEXT("a passworD")));
}

static void addresses_and_refusals_come_back(void **state)
{
    static const uint16_t unknown[] = {0x7001, 0x7002, 0x7003};
    uint8_t room[512];
    struct address given[2] = {address_v4((const uint8_t[4]){192, 0, 2, 1}, 65535),
                               address_v6((const uint8_t[16]){0x20, 1, 0xd, 0xb8, [15] = 1}, 1)};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct writer w = writer_over(room);
        struct bytes out;
        struct stun m;

        stun_open(&w, STUN_ERROR, transaction);
        stun_put_mapped(&w, &given[i]);
        stun_put_error(&w, STUN_ERROR_UNKNOWN);
        stun_put_unknown(&w, unknown, 3);
        stun_fingerprint(&w);
        assert_int_equal(writer_end(&w, &out), OK);
        assert_int_equal(stun_read(out, &m), OK);
        assert_true(m.mapped_given && address_equal(&m.mapped, &given[i]));
        assert_int_equal(m.error, STUN_ERROR_UNKNOWN);
        assert_null(m.integrity);
    }
}

static void names_what_it_had_to_understand(void **state)
{
    uint8_t message[] = {0,  1,  0, 16,   0x21, 0x12, 0xa4, 0x42, 1, 2, 3,    4, 5, 6, 7, 8, 9, 10,
                         11, 12, 0, 0x7f, 0,    1,    'x',  0,    0, 0, 0xc0, 1, 0, 4, 0, 0, 0, 0};
    struct stun m;

    (void)state;
    assert_int_equal(stun_read(BYTES_OF(message), &m), OK);
    assert_int_equal(m.unknown_count, 1);
    assert_int_equal(m.unknown[0], 0x007f);
}

static void g16_stun_cut_short(void **state)
{
    uint8_t room[512];
    struct bytes whole = request(room, BYTES_TEXT("p"));

    (void)state;
    for (size_t len = 0; len < whole.len; len++) {
        uint8_t *exact = malloc(len + 1); /* the sanitizer sees a read past the end */
        struct stun m;

        assert_non_null(exact);
        memcpy(exact, whole.at, len);
        assert_int_equal(stun_read(bytes(exact, len), &m), E_MALFORMED);
        free(exact);
    }
}

static void g17_attribute_beyond_the_packet(void **state)
{
    uint8_t message[28] = {0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42, [20] = 0, 6, 0xff, 0xff, 'a', 'b', 'c', 'd'};
    struct stun m;

    (void)state;
    assert_int_equal(stun_read(BYTES_OF(message), &m), E_MALFORMED);
    message[22] = 0;
    for (unsigned len = 0; len < 256; len++) {
        message[23] = (uint8_t)len;
        assert_int_equal(stun_read(BYTES_OF(message), &m), len >= 1 && len <= 4 ? OK : E_MALFORMED);
    }
}

static void nothing_follows_a_fingerprint(void **state)
{
    uint8_t room[512];
    struct writer w = writer_over(room);
    struct bytes out;
    struct stun m;

    (void)state;
    stun_open(&w, STUN_REQUEST, transaction);
    stun_fingerprint(&w);
    stun_put_priority(&w, 1);
    assert_int_equal(writer_end(&w, &out), OK);
    room[3] += 8;
    assert_int_equal(stun_read(out, &m), E_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc5769_messages),
        cmocka_unit_test(rfc5769_every_truncation_and_every_flipped_byte),
        cmocka_unit_test(a_request_of_chrome),
        cmocka_unit_test(requests_of_browsers),
        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(addresses_and_refusals_come_back),
        cmocka_unit_test(names_what_it_had_to_understand),
        cmocka_unit_test(g16_stun_cut_short),
        cmocka_unit_test(g17_attribute_beyond_the_packet),
        cmocka_unit_test(nothing_follows_a_fingerprint),
    };

    return cmocka_run_group_tests_name("stun", tests, NULL, NULL);
}
