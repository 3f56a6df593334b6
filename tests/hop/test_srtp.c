#include "hop/srtp.h"

#include "support/seeded.h"
#include "support/vectors.h"
#include "wire/rtcp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <srtp2/srtp.h>

#include <cmocka.h>

static const uint8_t master_key[HOP_KEY_LEN] = "master key here";
static const uint8_t master_salt[HOP_SALT_LEN] = "master salt";

enum { SSRC = 0x11111111, PLAIN_LEN = RTP_HEADER_LEN + 4 };

/* The two ends of one direction. */
struct ends {
    struct hop_way sending, receiving;
};

static void ends_start(struct ends *e)
{
    assert_int_equal(hop_way_start(&e->sending, master_key, master_salt), OK);
    assert_int_equal(hop_way_start(&e->receiving, master_key, master_salt), OK);
}

static void ends_end(struct ends *e)
{
    hop_way_end(&e->sending);
    hop_way_end(&e->receiving);
}

static size_t plain(uint8_t room[static 64], uint32_t ssrc, uint16_t sequence)
{
    struct rtp p = {.payload_type = 111, .sequence = sequence, .ssrc = ssrc, .payload = BYTES_TEXT("word")};
    struct bytes out = {0};

    assert_int_equal(rtp_write(&p, (struct bytes_mut){room, 64}, &out), OK);
    return out.len;
}

static enum result seal(struct hop_way *way, uint32_t ssrc, uint16_t sequence, uint8_t room[static 64],
                        size_t *len)
{
    *len = plain(room, ssrc, sequence);
    return hop_way_seal_rtp(way, (struct bytes_mut){room, 64}, len);
}

/* A sealed packet that may be handed over late, twice or not at all. */
struct sealed {
    uint8_t at[64];
    size_t len;
};

static struct sealed sealed(struct ends *e, uint32_t ssrc, uint16_t sequence)
{
    struct sealed s;

    assert_int_equal(seal(&e->sending, ssrc, sequence, s.at, &s.len), OK);
    return s;
}

static enum result hear(struct ends *e, struct sealed s)
{
    struct rtp p;
    enum result res = hop_way_open_rtp(&e->receiving, (struct bytes_mut){s.at, s.len}, &p);

    if (res == OK)
        assert_true(bytes_equal(p.payload, BYTES_TEXT("word")));
    return res;
}

static void rfc3711_key_derivation(void **state)
{
    struct json_object *all = vectors_load("srtp/key-derivation.json"),
                       *v = json_object_array_get_idx(all, 0);
    struct arena arena = {0};
    struct bytes key = vectors_hex(&arena, v, "master_key"), salt = vectors_hex(&arena, v, "master_salt");
    uint8_t out[20];

    (void)state;
    assert_int_equal(hop_derive(key.at, salt.at, 0, (struct bytes_mut){out, 16}), OK);
    assert_memory_equal(out, vectors_hex(&arena, v, "session_encryption_key_label_00").at, 16);
    assert_int_equal(hop_derive(key.at, salt.at, 1, (struct bytes_mut){out, 20}), OK);
    assert_memory_equal(out, vectors_hex(&arena, v, "session_auth_key_label_01").at, 20);
    assert_int_equal(hop_derive(key.at, salt.at, 2, (struct bytes_mut){out, 14}), OK);
    assert_memory_equal(out, vectors_hex(&arena, v, "session_salt_label_02").at, 14);
    vectors_ran("srtp/key-derivation.json", 1);
    json_object_put(all);
    arena_free(&arena);
}

static void rfc7714_packets(void **state)
{
    struct json_object *all = vectors_load("srtp/rfc7714-aes-gcm.json"),
                       *v = json_object_array_get_idx(all, 0);
    struct arena arena = {0};
    struct bytes key = vectors_hex(&arena, v, "session_key"), salt = vectors_hex(&arena, v, "session_salt");
    struct bytes rtp = vectors_hex(&arena, v, "rtp"), srtp = vectors_hex(&arena, v, "srtp");
    struct bytes rtcp = vectors_hex(&arena, v, "rtcp"), srtcp = vectors_hex(&arena, v, "srtcp");
    struct bytes clear = vectors_hex(&arena, v, "srtcp_authenticated_only");
    struct hop_way sending, receiving;
    struct rtp opened;
    uint8_t room[256];
    size_t len;

    (void)state;
    assert_string_equal(vectors_text(v, "profile"), "AEAD_AES_128_GCM");
    assert_int_equal(hop_way_keyed(&sending, key.at, salt.at, key.at, salt.at), OK);
    assert_int_equal(hop_way_keyed(&receiving, key.at, salt.at, key.at, salt.at), OK);

    memcpy(room, rtp.at, rtp.len);
    len = rtp.len;
    assert_int_equal(hop_way_seal_rtp(&sending, (struct bytes_mut){room, sizeof room}, &len), OK);
    assert_true(bytes_equal(bytes(room, len), srtp));
    assert_int_equal(hop_way_open_rtp(&receiving, (struct bytes_mut){room, len}, &opened), OK);
    assert_int_equal(opened.header_len + opened.payload.len, rtp.len);
    assert_true(bytes_equal(bytes(room, rtp.len), rtp));

    /* The vector's index is reached as if its packets before had been sent. */
    sending.ssrcs[sending.count] = (uint32_t)strtoul(vectors_text(v, "ssrc_rtcp"), NULL, 16);
    sending.streams[sending.count].rtcp =
        (struct hop_window){true, vectors_number(v, "srtcp_index") - 1, {1, 0}};
    sending.count++;
    memcpy(room, rtcp.at, rtcp.len);
    len = rtcp.len;
    assert_int_equal(hop_way_seal_rtcp(&sending, (struct bytes_mut){room, sizeof room}, &len), OK);
    assert_true(bytes_equal(bytes(room, len), srtcp));
    assert_int_equal(hop_way_open_rtcp(&receiving, (struct bytes_mut){room, len}, &len), OK);
    assert_true(bytes_equal(bytes(room, len), rtcp));

    /* Authentic, but in clear: encryption has no off switch. */
    memcpy(room, clear.at, clear.len);
    assert_int_equal(hop_way_open_rtcp(&receiving, (struct bytes_mut){room, clear.len}, &len), E_FORGED);

    hop_way_end(&sending);
    hop_way_end(&receiving);
    vectors_ran("srtp/rfc7714-aes-gcm.json", 1);
    json_object_put(all);
    arena_free(&arena);
}

static void every_flipped_bit_is_refused(void **state)
{
    struct ends e;

    (void)state;
    ends_start(&e);
    struct sealed good = sealed(&e, SSRC, 7);
    for (size_t bit = 0; bit < 8 * good.len; bit++) {
        struct sealed bad = good;

        bad.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(hear(&e, bad), OK);
    }
    /* None of them left a trace. */
    assert_int_equal(e.receiving.count, 0);
    assert_int_equal(hear(&e, good), OK);
    assert_int_equal(hear(&e, good), E_REPLAY);
    ends_end(&e);
}

static void every_truncation_is_refused(void **state)
{
    struct ends e;
    size_t unused;

    (void)state;
    ends_start(&e);
    struct sealed good = sealed(&e, SSRC, 7);
    for (size_t len = 0; len < good.len; len++) {
        struct sealed cut = good;

        cut.len = len;
        assert_int_not_equal(hear(&e, cut), OK);
        assert_int_not_equal(hop_way_open_rtcp(&e.receiving, (struct bytes_mut){cut.at, len}, &unused), OK);
    }
    ends_end(&e);
}

static void sealing_needs_room_and_a_header(void **state)
{
    uint8_t room[64];
    struct ends e;
    size_t len;

    (void)state;
    ends_start(&e);
    len = plain(room, SSRC, 1);
    assert_int_equal(hop_way_seal_rtp(&e.sending, (struct bytes_mut){room, len + 15}, &len), E_TOO_LARGE);
    assert_int_equal(hop_way_seal_rtp(&e.sending, (struct bytes_mut){room, len - 1}, &len), E_TOO_LARGE);
    assert_int_equal(hop_way_seal_rtcp(&e.sending, (struct bytes_mut){room, len + 19}, &len), E_TOO_LARGE);
    assert_int_equal(hop_way_seal_rtcp(&e.sending, (struct bytes_mut){room, 64}, &len), E_MALFORMED);
    len = 11;
    assert_int_equal(hop_way_seal_rtp(&e.sending, (struct bytes_mut){room, 64}, &len), E_MALFORMED);
    ends_end(&e);
}

/* (b) of the row: the first packets that arrive are those after the wrap. */
static void g05_first_packets_lost_before_the_wrap(void **state)
{
    struct ends e;

    (void)state;
    ends_start(&e);
    for (unsigned i = 0; i < 6; i++)
        (void)sealed(&e, SSRC, (uint16_t)(65530 + i));
    for (uint16_t sequence = 0; sequence < 300; sequence++)
        assert_int_equal(hear(&e, sealed(&e, SSRC, sequence)), OK);
    ends_end(&e);
}

static void g06_reordered_across_the_wrap(void **state)
{
    static const uint16_t order[] = {65533, 65535, 0, 1, 65534, 2};
    static const unsigned by_number[] = {0, 4, 1, 2, 3, 5}; /* how they were sealed */
    struct sealed all[6];
    struct ends e;

    (void)state;
    ends_start(&e);
    for (size_t i = 0; i < 6; i++)
        all[by_number[i]] = sealed(&e, SSRC, order[by_number[i]]);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(hear(&e, all[i]), OK);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(hear(&e, all[i]), E_REPLAY);
    for (uint16_t sequence = 3; sequence < 1000; sequence++)
        assert_int_equal(hear(&e, sealed(&e, SSRC, sequence)), OK);

    /* A relay may have to seal in that order too. */
    ends_end(&e);
    ends_start(&e);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(hear(&e, sealed(&e, SSRC, order[i])), OK);
    ends_end(&e);
}

static void g08_the_same_ssrc_from_two_senders(void **state)
{
    struct ends one, two;

    (void)state;
    ends_start(&one);
    ends_start(&two);
    for (uint16_t sequence = 0; sequence < 100; sequence++) {
        assert_int_equal(hear(&one, sealed(&one, SSRC, sequence)), OK);
        assert_int_equal(hear(&two, sealed(&two, SSRC, (uint16_t)(40000 + sequence))), OK);
    }
    ends_end(&one);
    ends_end(&two);
}

/* A sender counts from an earlier number again, by a long way back (which looks like a wrap) and by a short
 * one (which does not), and packets are lost at that moment. */
static void g09_sequence_starts_anew(void **state)
{
    static const struct {
        uint16_t from, to;
    } jumps[] = {{40000, 10}, {20000, 10}, {65535, 32768}, {1000, 500}, {40000, 39000}};
    struct ends e;

    (void)state;
    for (size_t i = 0; i < sizeof jumps / sizeof jumps[0]; i++) {
        ends_start(&e);
        for (unsigned n = 0; n < 200; n++)
            assert_int_equal(hear(&e, sealed(&e, SSRC, (uint16_t)(jumps[i].from - 199 + n))), OK);
        for (unsigned n = 0; n < 3; n++)
            (void)sealed(&e, SSRC, (uint16_t)(jumps[i].to + n));
        for (unsigned n = 3; n < 2000; n++)
            assert_int_equal(hear(&e, sealed(&e, SSRC, (uint16_t)(jumps[i].to + n))), OK);
        ends_end(&e);
    }
}

static void a_number_is_never_sealed_twice(void **state)
{
    struct sealed s;
    struct ends e;

    (void)state;
    ends_start(&e);
    for (uint16_t sequence = 0; sequence < 200; sequence += 2)
        assert_int_equal(hear(&e, sealed(&e, SSRC, sequence)), OK);
    assert_int_equal(seal(&e.sending, SSRC, 100, s.at, &s.len), E_REPLAY);
    assert_int_equal(seal(&e.sending, SSRC, 198, s.at, &s.len), E_REPLAY);
    assert_int_equal(s.len, PLAIN_LEN);
    assert_int_equal(hear(&e, sealed(&e, SSRC, 101)), OK); /* a gap may still be filled */
    assert_int_equal(seal(&e.sending, SSRC, 101, s.at, &s.len), E_REPLAY);
    ends_end(&e);
}

/* Against a plain model: what was heard, and what is 128 or more behind. */
static void window_against_a_model(void **state)
{
    enum { PACKETS = 3000 };
    struct sealed *all = malloc(PACKETS * sizeof *all);
    static bool heard[PACKETS];
    struct seeded seeded;
    unsigned newest = 0, ok = 0, refused = 0;
    struct ends e;

    (void)state;
    assert_non_null(all);
    memset(heard, 0, sizeof heard);
    seeded_start(&seeded, 3);
    ends_start(&e);
    for (unsigned i = 0; i < PACKETS; i++)
        all[i] = sealed(&e, SSRC, (uint16_t)(64000 + i)); /* over the wrap */
    for (unsigned step = 0; step < 10 * PACKETS; step++) {
        unsigned around = step / 10 + seeded_below(&seeded, 300), n = around < 150 ? 0 : around - 150;

        if (n >= PACKETS)
            continue;
        bool good = !heard[n] && n + HOP_WINDOW > newest;
        assert_int_equal(hear(&e, all[n]), good ? OK : E_REPLAY);
        heard[n] = heard[n] || good;
        newest = good && n > newest ? n : newest;
        ok += good;
        refused += !good;
    }
    assert_true(ok > 1000 && refused > 1000);
    free(all);
    ends_end(&e);
}

static void more_streams_than_places(void **state)
{
    struct sealed s;
    struct ends e;

    (void)state;
    ends_start(&e);
    for (uint32_t i = 0; i < HOP_STREAMS; i++)
        assert_int_equal(hear(&e, sealed(&e, SSRC + i, 5)), OK);
    assert_int_equal(seal(&e.sending, SSRC + HOP_STREAMS, 5, s.at, &s.len), E_NO_MEMORY);
    hop_way_end(&e.sending);
    assert_int_equal(hop_way_start(&e.sending, master_key, master_salt), OK);
    assert_int_equal(hear(&e, sealed(&e, SSRC + HOP_STREAMS, 5)), E_NO_MEMORY);
    assert_int_equal(hear(&e, sealed(&e, SSRC + 3, 6)), OK);
    ends_end(&e);
}

static size_t report(uint8_t room[static 128])
{
    struct rtcp_compound c = {.ssrc = SSRC, .cname = BYTES_TEXT("cname")};
    struct bytes out = {0};

    assert_int_equal(rtcp_write(&c, (struct bytes_mut){room, 128}, &out), OK);
    return out.len;
}

static void rtcp_counts_and_refuses_repeats(void **state)
{
    uint8_t sealed_reports[300][128], copy[128];
    size_t lens[300], len;
    struct ends e;

    (void)state;
    ends_start(&e);
    for (unsigned i = 0; i < 300; i++) {
        lens[i] = report(sealed_reports[i]);
        assert_int_equal(hop_way_seal_rtcp(&e.sending, (struct bytes_mut){sealed_reports[i], 128}, &lens[i]),
                         OK);
        assert_int_equal(sealed_reports[i][lens[i] - 4], 0x80);
        assert_int_equal(sealed_reports[i][lens[i] - 2] << 8 | sealed_reports[i][lens[i] - 1], i + 1);
    }
    for (size_t bit = 0; bit < 8 * lens[0]; bit++) {
        memcpy(copy, sealed_reports[0], lens[0]);
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(hop_way_open_rtcp(&e.receiving, (struct bytes_mut){copy, lens[0]}, &len), OK);
    }
    for (unsigned i = 0; i < 300; i += 2)
        assert_int_equal(
            hop_way_open_rtcp(&e.receiving, (struct bytes_mut){sealed_reports[i], lens[i]}, &len), OK);
    assert_int_equal(
        hop_way_open_rtcp(&e.receiving, (struct bytes_mut){sealed_reports[299], lens[299]}, &len), OK);
    assert_int_equal(
        hop_way_open_rtcp(&e.receiving, (struct bytes_mut){sealed_reports[299], lens[299]}, &len), E_REPLAY);
    assert_int_equal(hop_way_open_rtcp(&e.receiving, (struct bytes_mut){sealed_reports[1], lens[1]}, &len),
                     E_REPLAY);
    ends_end(&e);
}

/* libsrtp2 as an independent peer. */
static srtp_t reference_new(srtp_ssrc_type_t direction)
{
    static uint8_t key[HOP_KEY_LEN + HOP_SALT_LEN];
    srtp_policy_t policy = {0};
    srtp_t session;

    memcpy(key, master_key, HOP_KEY_LEN);
    memcpy(key + HOP_KEY_LEN, master_salt, HOP_SALT_LEN);
    srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
    srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
    policy.ssrc.type = direction;
    policy.key = key;
    policy.window_size = 128;
    assert_int_equal(srtp_create(&session, &policy), srtp_err_status_ok);
    return session;
}

static void libsrtp2_hears_us_over_two_wraps(void **state)
{
    srtp_t reference = reference_new(ssrc_any_inbound);
    uint8_t room[128];
    struct ends e;

    (void)state;
    ends_start(&e);
    for (uint32_t n = 30000; n < 30000 + 2 * 65536; n += 1 + n % 7) {
        size_t len = plain(room, SSRC, (uint16_t)n);
        assert_int_equal(hop_way_seal_rtp(&e.sending, (struct bytes_mut){room, sizeof room}, &len), OK);

        int opened = (int)len;
        assert_int_equal(srtp_unprotect(reference, room, &opened), srtp_err_status_ok);
        assert_int_equal(opened, PLAIN_LEN);
        assert_memory_equal(room + RTP_HEADER_LEN, "word", 4);
    }
    for (unsigned i = 0; i < 10; i++) {
        size_t len = report(room), before = len;
        uint8_t expected[128];

        memcpy(expected, room, len);
        assert_int_equal(hop_way_seal_rtcp(&e.sending, (struct bytes_mut){room, sizeof room}, &len), OK);
        int opened = (int)len;
        assert_int_equal(srtp_unprotect_rtcp(reference, room, &opened), srtp_err_status_ok);
        assert_int_equal(opened, before);
        assert_memory_equal(room, expected, before);
    }
    ends_end(&e);
    srtp_dealloc(reference);
}

static void we_hear_libsrtp2_over_two_wraps(void **state)
{
    srtp_t reference = reference_new(ssrc_any_outbound);
    uint8_t room[128];
    struct ends e;

    (void)state;
    ends_start(&e);
    for (uint32_t n = 30000; n < 30000 + 2 * 65536; n += 1 + n % 7) {
        int len = (int)plain(room, SSRC, (uint16_t)n);
        assert_int_equal(srtp_protect(reference, room, &len), srtp_err_status_ok);

        struct rtp opened;
        assert_int_equal(hop_way_open_rtp(&e.receiving, (struct bytes_mut){room, (size_t)len}, &opened), OK);
        assert_true(bytes_equal(opened.payload, BYTES_TEXT("word")));
    }
    for (unsigned i = 0; i < 10; i++) {
        size_t before = report(room), opened = 0;
        uint8_t expected[128];
        int len = (int)before;

        memcpy(expected, room, before);
        assert_int_equal(srtp_protect_rtcp(reference, room, &len), srtp_err_status_ok);
        assert_int_equal(hop_way_open_rtcp(&e.receiving, (struct bytes_mut){room, (size_t)len}, &opened), OK);
        assert_int_equal(opened, before);
        assert_memory_equal(room, expected, before);
    }
    ends_end(&e);
    srtp_dealloc(reference);
}

static int start(void **state)
{
    (void)state;
    return crypto_start() == OK && srtp_init() == srtp_err_status_ok ? 0 : 1;
}

static int stop(void **state)
{
    (void)state;
    return srtp_shutdown() == srtp_err_status_ok ? 0 : 1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc3711_key_derivation),
        cmocka_unit_test(rfc7714_packets),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(sealing_needs_room_and_a_header),
        cmocka_unit_test(g05_first_packets_lost_before_the_wrap),
        cmocka_unit_test(g06_reordered_across_the_wrap),
        cmocka_unit_test(g08_the_same_ssrc_from_two_senders),
        cmocka_unit_test(g09_sequence_starts_anew),
        cmocka_unit_test(a_number_is_never_sealed_twice),
        cmocka_unit_test(window_against_a_model),
        cmocka_unit_test(more_streams_than_places),
        cmocka_unit_test(rtcp_counts_and_refuses_repeats),
        cmocka_unit_test(libsrtp2_hears_us_over_two_wraps),
        cmocka_unit_test(we_hear_libsrtp2_over_two_wraps),
    };

    return cmocka_run_group_tests_name("srtp", tests, start, stop);
}
