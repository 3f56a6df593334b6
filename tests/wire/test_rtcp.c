#include "wire/rtcp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct rtcp_report report = {.ssrc = 7,
                                          .fraction_lost = 3,
                                          .lost = -5,
                                          .highest = 0x10002,
                                          .jitter = 9,
                                          .last_sr = 0xaabbccdd,
                                          .delay = 65536};

static struct bytes written(uint8_t room[static 512], const struct rtcp_compound *c)
{
    struct bytes out = {0};

    memset(room, 0xff, 512);
    assert_int_equal(rtcp_write(c, (struct bytes_mut){room, 512}, &out), OK);
    return out;
}

static bool same_report(const struct rtcp_report *a, const struct rtcp_report *b)
{
    return a->ssrc == b->ssrc && a->fraction_lost == b->fraction_lost && a->lost == b->lost &&
           a->highest == b->highest && a->jitter == b->jitter && a->last_sr == b->last_sr &&
           a->delay == b->delay;
}

/* Every packet without padding, every length exact, and no byte that was not set: whatever room was given. */
static void g19_what_we_send_is_exact(void **state)
{
    const struct rtcp_sender sender = {.ntp = 0x0102030405060708, .time = 960, .packets = 50, .bytes = 7650};
    struct rtcp_sender sender_read;
    struct rtcp_report report_read;
    uint8_t room[512];

    (void)state;
    for (size_t name = 0; name <= 16; name++) {
        struct rtcp_compound c = {.ssrc = 0x11223344,
                                  .sender = &sender,
                                  .reports = &report,
                                  .report_count = 1,
                                  .cname = bytes("0123456789abcdef", name),
                                  .bye = true};
        struct bytes rest = written(room, &c);
        struct rtcp p;
        uint32_t ssrc;

        assert_int_equal(rest.len % 4, 0);
        for (struct bytes walk = rest; walk.len != 0;) {
            assert_int_equal(walk.at[0] & 0xe0, 0x80);
            assert_int_equal(rtcp_next(&walk, &p), OK);
        }

        assert_int_equal(rtcp_next(&rest, &p), OK);
        assert_int_equal(p.type, RTCP_SENDER);
        assert_int_equal(p.body.len, 4 + 20 + 24);
        assert_int_equal(rtcp_sender_read(&p, &sender_read), OK);
        assert_int_equal(sender_read.ssrc, 0x11223344);
        assert_true(sender_read.ntp == sender.ntp && sender_read.time == 960 && sender_read.packets == 50 &&
                    sender_read.bytes == 7650);
        assert_int_equal(rtcp_report_read(&p, 0, &report_read), OK);
        assert_true(same_report(&report_read, &report));
        assert_int_equal(rtcp_report_read(&p, 1, &report_read), E_NOT_FOUND);

        assert_int_equal(rtcp_next(&rest, &p), OK);
        assert_int_equal(p.type, RTCP_DESCRIPTION);
        assert_int_equal(p.count, 1);
        assert_int_equal(p.body.at[4], 1);
        assert_int_equal(p.body.at[5], name);
        assert_true(bytes_equal(bytes(p.body.at + 6, name), c.cname));
        for (size_t i = 6 + name; i < p.body.len; i++)
            assert_int_equal(p.body.at[i], 0);
        assert_true(p.body.len > 6 + name && p.body.len <= 6 + name + 4);

        assert_int_equal(rtcp_next(&rest, &p), OK);
        assert_int_equal(p.type, RTCP_BYE);
        assert_int_equal(rtcp_source(&p, &ssrc), OK);
        assert_int_equal(ssrc, 0x11223344);
        assert_int_equal(rest.len, 0);
    }
}

static void every_truncation_is_refused_or_a_row_of_packets(void **state)
{
    const struct rtcp_compound c = {
        .ssrc = 1, .reports = &report, .report_count = 1, .cname = BYTES_TEXT("abc")};
    uint8_t room[512];
    struct bytes whole = written(room, &c);

    (void)state;
    for (size_t len = 0; len < whole.len; len++)
        assert_int_equal(rtcp_check(bytes(whole.at, len)), len == 32 ? OK : E_MALFORMED);
    assert_int_equal(rtcp_check(whole), OK);
}

static void g18_length_beyond_the_packet(void **state)
{
    uint8_t packet[32] = {0x81, RTCP_RECEIVER, 0xff, 0xff};
    struct rtcp_report read;
    struct rtcp p;

    (void)state;
    assert_int_equal(rtcp_check(BYTES_OF(packet)), E_MALFORMED);

    /* More reports claimed than the length has room for. */
    packet[0] = 0x9f;
    packet[2] = 0;
    packet[3] = 7;
    struct bytes rest = BYTES_OF(packet);
    assert_int_equal(rtcp_next(&rest, &p), OK);
    assert_int_equal(rtcp_report_read(&p, 0, &read), OK);
    assert_int_equal(rtcp_report_read(&p, 1, &read), E_MALFORMED);
    assert_int_equal(rtcp_report_read(&p, 31, &read), E_NOT_FOUND);
}

static void padding_belongs_to_the_last(void **state)
{
    uint8_t packet[16] = {0xa0, RTCP_RECEIVER, 0, 2, 0, 0, 0, 9, 0, 0, 0, 4, 0x80, RTCP_BYE, 0, 0};
    struct bytes rest = bytes(packet, 12);
    struct rtcp p;

    (void)state;
    assert_int_equal(rtcp_next(&rest, &p), OK);
    assert_int_equal(p.body.len, 4);
    assert_int_equal(rtcp_check(bytes(packet, 12)), OK);
    assert_int_equal(rtcp_check(bytes(packet, 16)), E_MALFORMED);
    for (unsigned padding = 0; padding < 256; padding++) {
        packet[11] = (uint8_t)padding;
        assert_int_equal(rtcp_check(bytes(packet, 12)), padding == 4 || padding == 8 ? OK : E_MALFORMED);
    }
}

static void fields_that_do_not_fit(void **state)
{
    struct rtcp_compound c = {.report_count = RTCP_REPORTS_MAX + 1};
    uint8_t name[256] = {0}, room[8];

    (void)state;
    assert_int_equal(rtcp_write(&c, (struct bytes_mut){room, sizeof room}, NULL), E_TOO_LARGE);
    c.report_count = 0;
    c.cname = BYTES_OF(name);
    assert_int_equal(rtcp_write(&c, (struct bytes_mut){room, sizeof room}, NULL), E_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(g19_what_we_send_is_exact),
        cmocka_unit_test(every_truncation_is_refused_or_a_row_of_packets),
        cmocka_unit_test(g18_length_beyond_the_packet),
        cmocka_unit_test(padding_belongs_to_the_last),
        cmocka_unit_test(fields_that_do_not_fit),
    };

    return cmocka_run_group_tests_name("rtcp", tests, NULL, NULL);
}
