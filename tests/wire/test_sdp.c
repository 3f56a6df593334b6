#include "wire/sdp.h"

#include "base/text.h"
#include "support/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ANSWER_SIZE = 32768 };

static struct sdp_self self_example(void)
{
    struct sdp_self self = {.session = 42,
                            .ufrag = BYTES_TEXT("abcdefgh"),
                            .pwd = BYTES_TEXT("abcdefghijklmnopqrstuv"),
                            .cname = BYTES_TEXT("randomname")};

    memset(self.fingerprint, 0xa5, sizeof self.fingerprint);
    for (uint32_t i = 0; i < SLOTS; i++)
        self.ssrc[i] = 1000 + i;
    return self;
}

/* The same description with each line ended by CRLF; those that have it already stay as they are. */
static struct bytes with_crlf(struct arena *arena, struct bytes text)
{
    uint8_t *room = arena_take(arena, 2 * text.len + 1);
    size_t len = 0;

    assert_non_null(room);
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '\n' && (i == 0 || text.at[i - 1] != '\r'))
            room[len++] = '\r';
        room[len++] = text.at[i];
    }
    return bytes(room, len);
}

struct answer {
    char text[ANSWER_SIZE];
    struct sdp read; /* points into text */
    struct sdp_plan plan;
    bool active;
};

static void answer_to(const struct sdp *offer, struct answer *out)
{
    struct sdp_self self = self_example();
    struct writer w = writer_on((struct bytes_mut){(uint8_t *)out->text, sizeof out->text - 1});
    struct bytes written;

    sdp_plan_of(offer, &out->plan);
    sdp_answer_write(&w, offer, &out->plan, &self, &out->active);
    assert_int_equal(writer_end(&w, &written), OK);
    out->text[written.len] = '\0';
    assert_int_equal(sdp_read(written, &out->read), OK);
    assert_int_equal(out->read.media_count, offer->media_count);
}

static void answer_to_text(const char *text, struct answer *out)
{
    struct sdp offer;

    assert_int_equal(sdp_read(bytes_string(text), &offer), OK);
    answer_to(&offer, out);
}

static struct sdp read_vector(struct arena *arena, const char *name, bool crlf)
{
    struct bytes text = vectors_file(arena, name);
    struct sdp s;

    if (crlf)
        text = with_crlf(arena, text);
    assert_int_equal(sdp_read(text, &s), OK);
    return s;
}

#define MEDIA_HEAD                                                                                           \
    "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"                                \
    "a=ice-ufrag:tPim\r\na=ice-pwd:Jcd6kb0MxzrIFwHHgNzy2fkO\r\n"                                             \
    "a=fingerprint:sha-256 "                                                                                 \
    "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1a:1b:1c:1d:1e:1f\r\n"
#define AUDIO                                                                                                \
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=rtcp-mux\r\n"                     \
    "a=rtpmap:111 opus/48000/2\r\n"

static void browsers_offers(void **state)
{
    static const struct {
        const char *name;
        size_t media, audio; /* number of m-lines, and which one is audio */
        uint8_t opus, mid;
        const char *ufrag, *pwd, *fingerprint;
        enum sdp_direction direction;
    } cases[] = {
        {"sdp/chromium-audio-video-offer.sdp", 2, 0, 111, 4, "nWnq", "DTdCVj00s9nGkNgWra0P30A2",
         "a4673a525cd4", SDP_SENDRECV},
        {"sdp/firefox-audio-video-offer.sdp", 2, 0, 109, 3, "6c0579ea", "59efe498b762e472067fa5e134df8722",
         "754fca8f4fe4", SDP_SENDRECV},
        {"sdp/obs-audio-video-offer.sdp", 2, 0, 111, 0, "v3f/", "4b+Ogzsq+Xx0AEkYvTvG/n", "820623c6086c",
         SDP_SENDONLY},
        {"sdp/safari-mac-video-audio-data-offer.sdp", 3, 1, 111, 4, "tPim", "Jcd6kb0MxzrIFwHHgNzy2fkO",
         "f8188848622a", SDP_SENDRECV},
    };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        struct arena arena = {0};
        struct sdp s = read_vector(&arena, cases[i / 2].name, i % 2 == 1);
        const struct sdp_media *m = &s.media[cases[i / 2].audio];
        char fingerprint[13];
        struct answer answer;

        assert_int_equal(s.media_count, cases[i / 2].media);
        assert_int_equal(sdp_check_transport(&s), OK);
        assert_int_equal(m->kind, SDP_AUDIO);
        assert_true(m->has_opus && m->rtcp_mux && m->bundled && !m->rejected);
        assert_int_equal(m->opus_type, cases[i / 2].opus);
        assert_int_equal(m->mid_extension, cases[i / 2].mid);
        assert_int_equal(m->direction, cases[i / 2].direction);
        assert_int_equal(m->setup, SDP_ACTPASS);
        assert_true(bytes_equal(m->ufrag, bytes_string(cases[i / 2].ufrag)));
        assert_true(bytes_equal(m->pwd, bytes_string(cases[i / 2].pwd)));
        text_hex(bytes(m->fingerprint, 6), fingerprint);
        assert_string_equal(fingerprint, cases[i / 2].fingerprint);

        /* Of such an offer the voice alone is taken, and nothing is left without an answer. */
        answer_to(&s, &answer);
        for (size_t j = 0; j < s.media_count; j++) {
            assert_true(bytes_equal(answer.read.media[j].mid, s.media[j].mid));
            assert_int_equal(answer.read.media[j].rejected, j != cases[i / 2].audio);
        }
        assert_int_equal(answer.read.media[cases[i / 2].audio].direction, SDP_RECVONLY);
        arena_free(&arena);
    }
}

static void other_descriptions(void **state)
{
    static const struct {
        const char *name;
        size_t media;
        enum result transport;
    } cases[] = {
        {"sdp/misc-bfcp.sdp", 4, E_UNSUPPORTED},
        {"sdp/misc-extmap-encrypt.sdp", 1, E_UNSUPPORTED},
        {"sdp/misc-hacky.sdp", 3, E_UNSUPPORTED},
        {"sdp/misc-icelite.sdp", 1, OK},
        {"sdp/misc-invalid.sdp", 1, E_UNSUPPORTED},
        {"sdp/misc-jsep.sdp", 2, OK},
        {"sdp/misc-jssip.sdp", 1, OK},
        {"sdp/misc-normal.sdp", 2, E_UNSUPPORTED},
        {"sdp/misc-sctp-dtls-26.sdp", 1, OK},
        {"sdp/misc-simulcast.sdp", 2, E_UNSUPPORTED},
        {"sdp/misc-ssrc.sdp", 2, OK},
    };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        struct arena arena = {0};
        struct sdp s = read_vector(&arena, cases[i / 2].name, i % 2 == 1);

        assert_int_equal(s.media_count, cases[i / 2].media);
        assert_int_equal(sdp_check_transport(&s), cases[i / 2].transport);
        arena_free(&arena);
    }
}

/* Every truncation of a browser's offer is read without harm; what is read never lies outside of it. */
static void cut_short(void **state)
{
    struct arena arena = {0};
    struct bytes text = vectors_file(&arena, "sdp/firefox-audio-video-offer.sdp");

    (void)state;
    for (size_t len = 0; len <= text.len; len++) {
        struct arena copy = {0};
        struct bytes cut;
        struct sdp s;

        assert_int_equal(arena_copy(&copy, bytes(text.at, len), &cut), OK);
        if (sdp_read(cut, &s) == OK && s.media[0].mid.len != 0)
            assert_true(s.media[0].mid.at >= cut.at &&
                        s.media[0].mid.at + s.media[0].mid.len <= cut.at + len);
        arena_free(&copy);
    }
    arena_free(&arena);
}

static void refusals(void **state)
{
    static const struct {
        const char *text;
        enum result want;
    } cases[] = {
        {MEDIA_HEAD AUDIO, OK},
        {"", E_MALFORMED},
        {"v=1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n", E_MALFORMED},
        {"hello\r\n", E_MALFORMED},
        {MEDIA_HEAD, E_MALFORMED},                                           /* no m-line */
        {MEDIA_HEAD "m=audio 70000 UDP/TLS/RTP/SAVPF 111\r\n", E_MALFORMED}, /* port */
        {MEDIA_HEAD "m=audio 9 UDP/TLS/RTP/SAVPF\r\n", E_MALFORMED},         /* no format */
        {MEDIA_HEAD "m=audio 9\r\n", E_MALFORMED},
        {MEDIA_HEAD "m=audio 9 UDP/TLS/RTP/SAVPF  \r\n", E_MALFORMED},
        {MEDIA_HEAD "m=aud\tio 9 UDP/TLS/RTP/SAVPF 111\r\n", E_MALFORMED}, /* would be echoed */
        {MEDIA_HEAD AUDIO AUDIO, E_MALFORMED},                             /* one mid twice */
        {MEDIA_HEAD AUDIO "a=setup:perhaps\r\n", E_MALFORMED},
        {MEDIA_HEAD AUDIO "a=mid:123456789012345678901234567890123\r\n", E_MALFORMED},
        {MEDIA_HEAD AUDIO "a=mid:\r\n", E_MALFORMED},
        {MEDIA_HEAD AUDIO "a=mid:a b\r\n", E_MALFORMED},
        {MEDIA_HEAD AUDIO "a=ice-ufrag:abc\r\n", E_MALFORMED},
        {MEDIA_HEAD AUDIO "a=ice-pwd:short\r\n", E_MALFORMED},
        {MEDIA_HEAD AUDIO "a=fingerprint:sha-256 00:11\r\n", E_MALFORMED},
        {MEDIA_HEAD AUDIO "no equals sign\r\n", E_MALFORMED},
    };
    static char many[SDP_SIZE_MAX + 2];
    struct sdp s;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(sdp_read(bytes_string(cases[i].text), &s), cases[i].want);

    size_t len = 0;
    len += (size_t)snprintf(many, sizeof many, "v=0\n");
    for (int i = 0; i <= SDP_MEDIA; i++)
        len += (size_t)snprintf(many + len, sizeof many - len, "m=audio 9 X 0\n");
    assert_int_equal(sdp_read(bytes_string(many), &s), E_TOO_LARGE);

    len = (size_t)snprintf(many, sizeof many, "v=0\nm=audio 9 UDP/TLS/RTP/SAVPF");
    for (int i = 0; i < 128; i++)
        len += (size_t)snprintf(many + len, sizeof many - len, " %d", i);
    assert_int_equal(sdp_read(bytes(many, len), &s), OK);
    for (int i = 0; i < 128; i++)
        len += (size_t)snprintf(many + len, sizeof many - len, " %d", i);
    assert_int_equal(sdp_read(bytes(many, len), &s), E_TOO_LARGE);
    memset(many, 'a', sizeof many);
    assert_int_equal(sdp_read(bytes(many, SDP_SIZE_MAX + 1), &s), E_TOO_LARGE);
}

static void g25_setup_is_answered(void **state)
{
    static const struct {
        const char *offered, *answered;
        bool active;
    } cases[] = {
        {MEDIA_HEAD AUDIO "a=setup:active\r\n", "a=setup:passive\r\n", false},
        {MEDIA_HEAD AUDIO "a=setup:passive\r\n", "a=setup:active\r\n", true},
        {MEDIA_HEAD AUDIO "a=setup:actpass\r\n", "a=setup:passive\r\n", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer answer;

        answer_to_text(cases[i].offered, &answer);
        assert_non_null(strstr(answer.text, cases[i].answered));
        assert_int_equal(answer.active, cases[i].active);
    }
}

static void g27_every_mid_is_answered(void **state)
{
    struct arena arena = {0};
    struct sdp offer = read_vector(&arena, "sdp/firefox-audio-video-offer.sdp", false);
    struct answer answer;

    (void)state;
    answer_to(&offer, &answer);
    for (size_t i = 0; i < offer.media_count; i++)
        assert_true(bytes_equal(answer.read.media[i].mid, offer.media[i].mid));
    arena_free(&arena);

    /* Firefox wants it without BUNDLE as well. */
    answer_to_text(
        "v=0\nm=audio 9 UDP/TLS/RTP/SAVPF 109\na=mid:sound\na=rtcp-mux\na=rtpmap:109 opus/48000/2\n"
        "a=setup:actpass\n",
        &answer);
    assert_non_null(strstr(answer.text, "a=mid:sound\r\n"));
    assert_null(strstr(answer.text, "BUNDLE"));
}

static void g28_media_level_direction_wins(void **state)
{
    struct answer answer;

    (void)state;
    answer_to_text(MEDIA_HEAD "a=sendrecv\r\n" AUDIO "a=sendonly\r\n", &answer);
    assert_int_equal(answer.read.media[0].direction, SDP_RECVONLY);
    answer_to_text(MEDIA_HEAD "a=sendonly\r\n" AUDIO "a=recvonly\r\n", &answer);
    assert_int_equal(answer.read.media[0].direction, SDP_SENDONLY);
    /* The session's holds where the m-line has none. */
    answer_to_text(MEDIA_HEAD "a=recvonly\r\n" AUDIO, &answer);
    assert_int_equal(answer.read.media[0].direction, SDP_SENDONLY);
    answer_to_text(MEDIA_HEAD AUDIO "a=inactive\r\n", &answer);
    assert_int_equal(answer.read.media[0].direction, SDP_INACTIVE);
}

static void g29_unknown_lines_are_ignored(void **state)
{
    static char text[4096];
    char longest[301];
    struct answer plain, answer;

    (void)state;
    memset(longest, 'x', 300);
    longest[300] = '\0';
    snprintf(text, sizeof text, "%sa=foo\r\nb=X:1\r\n%sa=foo:bar baz\r\na=\r\nz=%s\r\na=%s\r\n\r\n",
             MEDIA_HEAD, AUDIO "a=setup:actpass\r\n", longest, longest);
    answer_to_text(MEDIA_HEAD AUDIO "a=setup:actpass\r\n", &plain);
    answer_to_text(text, &answer);
    assert_string_equal(plain.text, answer.text);
}

static void g30_a_rejected_line_is_whole(void **state)
{
    struct answer answer;

    (void)state;
    answer_to_text(
        "v=0\r\na=group:BUNDLE 0 1\r\n" AUDIO "a=setup:actpass\r\n"
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=rtpmap:96 VP8/90000\r\n",
        &answer);
    assert_non_null(strstr(answer.text, "m=video 0 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\n"));
    assert_non_null(strstr(answer.text, "a=mid:1\r\n"));
    assert_non_null(strstr(answer.text, "a=group:BUNDLE 0\r\n"));
}

static void g31_the_profile_is_echoed(void **state)
{
    struct answer answer;

    (void)state;
    answer_to_text("v=0\r\nm=audio 9 RTP/SAVPF 111\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n", &answer);
    assert_non_null(strstr(answer.text, "m=audio 9 RTP/SAVPF 111\r\n"));
    answer_to_text("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n",
                   &answer);
    assert_non_null(strstr(answer.text, "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"));
    /* Without feedback, or in the clear: no. */
    answer_to_text("v=0\r\nm=audio 9 RTP/AVP 111\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n", &answer);
    assert_non_null(strstr(answer.text, "m=audio 0 RTP/AVP 111\r\n"));
}

static void only_opus_in_the_bundle_is_taken(void **state)
{
    static const char *const rejected[] = {
        MEDIA_HEAD "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=rtcp-mux\r\na=rtpmap:0 PCMU/8000\r\n",
        /* named by rtpmap, absent from the m-line */
        MEDIA_HEAD "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n",
        /* no rtcp-mux */
        MEDIA_HEAD "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=rtpmap:111 opus/48000/2\r\n",
        /* not in the group */
        MEDIA_HEAD
        "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:7\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n",
        /* switched off */
        MEDIA_HEAD
        "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n",
    };
    struct answer answer;

    (void)state;
    for (size_t i = 0; i < sizeof rejected / sizeof *rejected; i++) {
        answer_to_text(rejected[i], &answer);
        assert_true(answer.read.media[0].rejected);
    }
    /* Port 0 for the bundle's sake is an offer like any other. */
    answer_to_text(MEDIA_HEAD "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\na=bundle-only\r\na=mid:0\r\na=rtcp-mux\r\n"
                              "a=rtpmap:111 OPUS/48000/2\r\n",
                   &answer);
    assert_false(answer.read.media[0].rejected);
}

/* The native client's offer, and the relay's answer to it as the client reads it. */
static void offer_and_answer_fit(void **state)
{
    static const uint8_t loopback[4] = {127, 0, 0, 1};
    struct address candidates[2] = {address_v4(loopback, 4433)};
    struct sdp_self self = self_example();
    char offered[ANSWER_SIZE], answered[ANSWER_SIZE];
    struct writer w = writer_on((struct bytes_mut){(uint8_t *)offered, sizeof offered});
    struct bytes text;
    struct sdp offer, answer;
    struct sdp_plan plan;
    bool active;

    (void)state;
    assert_int_equal(address_parse_pair(BYTES_TEXT("[::1]:9"), &candidates[1]), OK);
    sdp_offer_write(&w, &self);
    assert_int_equal(writer_end(&w, &text), OK);
    assert_int_equal(sdp_read(text, &offer), OK);
    assert_int_equal(offer.media_count, SLOTS + 1);
    assert_int_equal(sdp_check_transport(&offer), OK);
    assert_int_equal(offer.media[0].direction, SDP_SENDONLY);
    assert_true(offer.media[0].has_ssrc && offer.media[0].ssrc == 1000);
    sdp_plan_of(&offer, &plan);
    assert_int_equal(plan.slot_count, SLOTS);
    assert_int_equal(plan.use[0], SDP_MOUTH);

    self.candidates = candidates;
    self.candidate_count = 2;
    w = writer_on((struct bytes_mut){(uint8_t *)answered, sizeof answered});
    sdp_answer_write(&w, &offer, &plan, &self, &active);
    assert_int_equal(writer_end(&w, &text), OK);
    assert_int_equal(sdp_read(text, &answer), OK);
    assert_int_equal(sdp_check_transport(&answer), OK);
    assert_true(answer.ice_lite);
    assert_int_equal(answer.media_count, SLOTS + 1);
    assert_int_equal(answer.candidate_count, 2);
    assert_true(address_equal(&answer.candidates[0], &candidates[0]));
    assert_true(address_equal(&answer.candidates[1], &candidates[1]));
    assert_int_equal(answer.media[0].direction, SDP_RECVONLY);
    assert_int_equal(answer.media[0].setup, SDP_PASSIVE);
    assert_memory_equal(answer.media[0].fingerprint, self.fingerprint, sizeof self.fingerprint);
    for (uint32_t i = 0; i < SLOTS; i++) {
        assert_int_equal(answer.media[i + 1].direction, SDP_SENDONLY);
        assert_true(answer.media[i + 1].has_ssrc && answer.media[i + 1].ssrc == 1000 + i);
    }
    assert_non_null(strstr(answered, "minptime=20;usedtx=0;cbr=1;useinbandfec=1;stereo=0;"
                                     "maxaveragebitrate=32000\r\n"));

    /* A writer that is too small says so. */
    w = writer_on((struct bytes_mut){(uint8_t *)answered, text.len - 1});
    sdp_answer_write(&w, &offer, &plan, &self, &active);
    assert_int_equal(writer_end(&w, NULL), E_TOO_LARGE);
}

/* One mouth and at most SLOTS slots, however many are asked for. */
static void more_than_there_is(void **state)
{
    static char text[8192];
    struct answer answer;
    size_t len = (size_t)snprintf(text, sizeof text, "v=0\na=group:BUNDLE");
    size_t slots = 0, mouths = 0;

    (void)state;
    for (int i = 0; i < 20; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, " %d", i);
    for (int i = 0; i < 20; i++)
        len += (size_t)snprintf(text + len, sizeof text - len,
                                "\nm=audio 9 UDP/TLS/RTP/SAVPF 111\na=rtcp-mux\na=rtpmap:111 opus/48000/2\n"
                                "a=mid:%d\na=%s",
                                i, i < 2 ? "sendrecv" : "recvonly");
    answer_to_text(text, &answer);
    for (size_t i = 0; i < 20; i++) {
        slots += answer.plan.use[i] == SDP_SLOT;
        mouths += answer.plan.use[i] == SDP_MOUTH;
    }
    assert_int_equal(slots, SLOTS);
    assert_int_equal(mouths, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(browsers_offers),
        cmocka_unit_test(other_descriptions),
        cmocka_unit_test(cut_short),
        cmocka_unit_test(refusals),
        cmocka_unit_test(g25_setup_is_answered),
        cmocka_unit_test(g27_every_mid_is_answered),
        cmocka_unit_test(g28_media_level_direction_wins),
        cmocka_unit_test(g29_unknown_lines_are_ignored),
        cmocka_unit_test(g30_a_rejected_line_is_whole),
        cmocka_unit_test(g31_the_profile_is_echoed),
        cmocka_unit_test(only_opus_in_the_bundle_is_taken),
        cmocka_unit_test(offer_and_answer_fit),
        cmocka_unit_test(more_than_there_is),
    };

    return cmocka_run_group_tests_name("sdp", tests, NULL, NULL);
}
