#include "wire/rtp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { MID = 4 };

/* A packet with an extension of the given body, and a payload of three bytes. */
static struct bytes packet_with(uint8_t room[static 256], uint16_t profile, struct bytes body)
{
    struct rtp p = {.marker = true,
                    .payload_type = 111,
                    .sequence = 0x1234,
                    .time = 0x01020304,
                    .ssrc = 0xcafebabe,
                    .extended = true,
                    .profile = profile,
                    .extension = body,
                    .payload = BYTES_TEXT("abc")};
    struct bytes packet = {0};

    assert_int_equal(rtp_write(&p, (struct bytes_mut){room, 256}, &packet), OK);
    return packet;
}

static void writes_what_it_reads(void **state)
{
    static const uint8_t body[4] = {MID << 4, '0'};
    uint8_t room[256];
    struct bytes packet = packet_with(room, RTP_EXTENSION_ONE_BYTE, BYTES_OF(body));
    struct rtp p;

    (void)state;
    assert_int_equal(packet.len, 12 + 4 + 4 + 3);
    assert_int_equal(rtp_read(packet, &p), OK);
    assert_true(p.marker);
    assert_int_equal(p.payload_type, 111);
    assert_int_equal(p.sequence, 0x1234);
    assert_int_equal(p.time, 0x01020304);
    assert_int_equal(p.ssrc, 0xcafebabe);
    assert_int_equal(p.csrcs.len, 0);
    assert_int_equal(p.header_len, 20);
    assert_true(bytes_equal(p.payload, BYTES_TEXT("abc")));
    assert_true(bytes_equal(p.extension, BYTES_OF(body)));
}

static void csrcs_are_part_of_the_header(void **state)
{
    uint8_t packet[12 + 15 * 4 + 1] = {0x8f, 0, 0, 1};
    struct rtp p;

    (void)state;
    assert_int_equal(rtp_read(BYTES_OF(packet), &p), OK);
    assert_int_equal(p.csrcs.len, 60);
    assert_int_equal(p.header_len, 72);
    assert_int_equal(p.payload.len, 1);
}

static void every_truncation_of_the_header_is_refused(void **state)
{
    static const uint8_t body[8] = {MID << 4, '0'};
    uint8_t room[256];
    struct bytes packet = packet_with(room, RTP_EXTENSION_ONE_BYTE, BYTES_OF(body));
    struct rtp p;

    (void)state;
    for (size_t len = 0; len < packet.len; len++)
        assert_int_equal(rtp_read(bytes(packet.at, len), &p), len < packet.len - 3 ? E_MALFORMED : OK);
}

static void other_versions_are_refused(void **state)
{
    uint8_t packet[12] = {0};
    struct rtp p;

    (void)state;
    for (unsigned version = 0; version < 4; version++) {
        packet[0] = (uint8_t)(version << 6);
        assert_int_equal(rtp_read(BYTES_OF(packet), &p), version == 2 ? OK : E_MALFORMED);
    }
}

/* The element that the block ends with, to the byte. */
static void g01_mid_as_the_last_element(void **state)
{
    static const uint8_t one[8] = {1 << 4 | 2, 7, 7, 7, MID << 4 | 2, 'm', 'i', 'd'};
    static const uint8_t two[8] = {1, 1, 7, MID, 3, 'm', 'i', 'd'};
    uint8_t room[256];
    struct bytes value = {0};
    struct rtp p;

    (void)state;
    assert_int_equal(rtp_read(packet_with(room, RTP_EXTENSION_ONE_BYTE, BYTES_OF(one)), &p), OK);
    assert_int_equal(rtp_element(&p, MID, &value), OK);
    assert_true(bytes_equal(value, BYTES_TEXT("mid")));
    assert_int_equal(rtp_read(packet_with(room, RTP_EXTENSION_TWO_BYTES | 5, BYTES_OF(two)), &p), OK);
    assert_int_equal(rtp_element(&p, MID, &value), OK);
    assert_true(bytes_equal(value, BYTES_TEXT("mid")));
}

static void g02_padding_between_elements(void **state)
{
    uint8_t room[256];

    (void)state;
    for (size_t zeros = 1; zeros <= 3; zeros++) {
        uint8_t one[8] = {1 << 4, 9}, two[8] = {1, 1, 9};
        struct bytes value = {0};
        struct rtp p;

        one[2 + zeros] = MID << 4 | 1;
        memcpy(one + 3 + zeros, "07", 2);
        assert_int_equal(rtp_read(packet_with(room, RTP_EXTENSION_ONE_BYTE, BYTES_OF(one)), &p), OK);
        assert_int_equal(rtp_element(&p, MID, &value), OK);
        assert_true(bytes_equal(value, BYTES_TEXT("07")));
        assert_int_equal(rtp_element(&p, 1, &value), OK);

        if (zeros > 2)
            continue;
        two[3 + zeros] = MID;
        two[4 + zeros] = 1;
        two[5 + zeros] = '7';
        assert_int_equal(rtp_read(packet_with(room, RTP_EXTENSION_TWO_BYTES, BYTES_OF(two)), &p), OK);
        assert_int_equal(rtp_element(&p, MID, &value), OK);
        assert_true(bytes_equal(value, BYTES_TEXT("7")));
    }
}

static void elements_that_lie_about_their_length(void **state)
{
    static const struct {
        uint16_t profile;
        uint8_t body[4];
    } cases[] = {
        {RTP_EXTENSION_ONE_BYTE, {MID << 4 | 3, 'a', 'b', 'c'}}, /* one byte over the end */
        {RTP_EXTENSION_ONE_BYTE, {0xf0, 0, MID << 4, 'a'}},      /* 15 ends the list */
        {RTP_EXTENSION_ONE_BYTE, {0x01, 0, MID << 4, 'a'}},      /* so does padding with a length */
        {RTP_EXTENSION_ONE_BYTE, {0, 0, 0, MID << 4}},           /* a head and no value */
        {RTP_EXTENSION_TWO_BYTES, {MID, 3, 'a', 'b'}},           /* one byte over the end */
        {RTP_EXTENSION_TWO_BYTES, {0, 0, 0, MID}},               /* a number and no length */
        {0xbedf, {MID << 4, 'a', 0, 0}},                         /* no profile that we know */
    };
    uint8_t room[256];
    struct bytes value;
    struct rtp p;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(rtp_read(packet_with(room, cases[i].profile, BYTES_OF(cases[i].body)), &p), OK);
        assert_int_equal(rtp_element(&p, MID, &value), E_NOT_FOUND);
    }
}

/* Nothing inside, with and without padding: well formed, and seen to be empty. */
static void g04_packets_without_payload(void **state)
{
    uint8_t packet[20] = {0x80, 111, 0, 1};
    struct rtp p;

    (void)state;
    assert_int_equal(rtp_read(bytes(packet, 12), &p), OK);
    assert_int_equal(p.payload.len, 0);
    assert_int_equal(p.padding, 0);
    packet[0] |= 0x20;
    packet[19] = 8;
    assert_int_equal(rtp_read(BYTES_OF(packet), &p), OK);
    assert_int_equal(p.payload.len, 0);
    assert_int_equal(p.padding, 8);
}

static void padding_that_cannot_be(void **state)
{
    uint8_t packet[16] = {0xa0, 111, 0, 1};
    struct rtp p;

    (void)state;
    assert_int_equal(rtp_read(bytes(packet, 12), &p), E_MALFORMED);
    for (unsigned padding = 0; padding < 256; padding++) {
        packet[15] = (uint8_t)padding;
        assert_int_equal(rtp_read(BYTES_OF(packet), &p), padding >= 1 && padding <= 4 ? OK : E_MALFORMED);
    }
    /* Of a sealed packet only the header is read: its padding is sealed. */
    packet[15] = 0xff;
    assert_int_equal(rtp_header_read(BYTES_OF(packet), &p), OK);
    assert_int_equal(p.payload.len, 4);
}

static void payload_may_lie_in_place(void **state)
{
    uint8_t room[32] = {[RTP_HEADER_LEN] = 'x', 'y', 'z'};
    struct rtp p = {.payload_type = 1, .payload = bytes(room + RTP_HEADER_LEN, 3)}, again;
    struct bytes packet;

    (void)state;
    assert_int_equal(rtp_write(&p, (struct bytes_mut){room, sizeof room}, &packet), OK);
    assert_int_equal(rtp_read(packet, &again), OK);
    assert_true(bytes_equal(again.payload, BYTES_TEXT("xyz")));
    p.payload_type = 128;
    assert_int_equal(rtp_write(&p, (struct bytes_mut){room, sizeof room}, &packet), E_TOO_LARGE);
}

static void writes_the_mid(void **state)
{
    uint8_t body[20], room[256];
    struct bytes written, value;
    struct rtp p;

    (void)state;
    for (size_t len = 1; len <= 16; len++) {
        struct bytes mid = bytes("0123456789abcdef", len);

        assert_int_equal(rtp_element_write(MID, mid, (struct bytes_mut){body, sizeof body}, &written), OK);
        assert_int_equal(rtp_read(packet_with(room, RTP_EXTENSION_ONE_BYTE, written), &p), OK);
        assert_int_equal(rtp_element(&p, MID, &value), OK);
        assert_true(bytes_equal(value, mid));
    }
    assert_int_equal(rtp_element_write(15, BYTES_TEXT("a"), (struct bytes_mut){body, sizeof body}, &written),
                     E_TOO_LARGE);
}

static void tells_rtcp_from_rtp(void **state)
{
    (void)state;
    for (unsigned second = 0; second < 256; second++) {
        uint8_t packet[2] = {0x80, (uint8_t)second};

        assert_int_equal(rtp_is_rtcp(BYTES_OF(packet)), second >= 192 && second <= 223);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(csrcs_are_part_of_the_header),
        cmocka_unit_test(every_truncation_of_the_header_is_refused),
        cmocka_unit_test(other_versions_are_refused),
        cmocka_unit_test(g01_mid_as_the_last_element),
        cmocka_unit_test(g02_padding_between_elements),
        cmocka_unit_test(elements_that_lie_about_their_length),
        cmocka_unit_test(g04_packets_without_payload),
        cmocka_unit_test(padding_that_cannot_be),
        cmocka_unit_test(payload_may_lie_in_place),
        cmocka_unit_test(writes_the_mid),
        cmocka_unit_test(tells_rtcp_from_rtp),
    };

    return cmocka_run_group_tests_name("rtp", tests, NULL, NULL);
}
