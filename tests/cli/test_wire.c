/* What an observer of the wire gets: packets of one size and one rhythm, no name in any form, and nothing
 * that two people's flows have in common but the protocol's own constants. Real processes, a real capture. */
#define _GNU_SOURCE
#include "base/text.h"
#include "support/capture.h"
#include "support/recording.h"
#include "support/scene.h"
#include "support/speech.h"
#include "wire/limits.h"
#include "wire/rtp.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* One party of three, long enough to be recognised if it leaked, captured once for the tests of this file. */
static const char *const handles[3] = {"amaryllis-of-the-north", "bartholomew.the.quiet",
                                       "cunegonde_by_the_sea"};
static const char title[] = "Nightingales and other confidences";

struct party {
    struct scene scene;
    struct capture *capture;
    char room[SCENE_ROOM];
    char fingerprints[3][40];
};

static struct party plain;

static void account_fingerprint(struct party *party, unsigned i, const char *url)
{
    char home[SCRATCH_PATH];
    struct process p;

    scene_home(&party->scene, handles[i], home);
    const char *words[] = {"signup", "--server", url, "--home", home, "--handle", handles[i], NULL};
    assert_int_equal(scene_do(&p, words), 0);
    snprintf(party->fingerprints[i], sizeof party->fingerprints[i], "%s",
             scene_text(process_line(&p, 0), "fingerprint"));
    process_end(&p);
}

static void all_leave(struct process p[3])
{
    const char *line;

    for (unsigned i = 0; i < 3; i++) {
        scene_event(&p[i], "left", &line);
        assert_int_equal(process_wait(&p[i], SCENE_WAIT_MS), 0);
        process_end(&p[i]);
    }
}

static void party_hold(struct party *party, const char *const server_options[])
{
    struct speech said = speech_say("en", "A short word, and then a silence.");
    char spoken[SCRATCH_PATH];
    struct process people[3];
    const char *line;

    scene_start(&party->scene, server_options);
    scratch_path(party->scene.folder, "spoken.wav", spoken);
    recording_write(spoken, said.samples, said.count);
    free(said.samples);
    party->capture = capture_start(party->scene.port, party->scene.media_port);
    if (party->capture == NULL)
        return;
    for (unsigned i = 0; i < 3; i++)
        account_fingerprint(party, i, party->scene.url);
    scene_room(&party->scene, handles[0], title, party->room);

    /* The WAV ends after some two seconds; the microphone stays open. */
    const char *speak[] = {"--speak", spoken, "--for", "5", NULL}, *listen[] = {"--for", "5", NULL};
    scene_join(&party->scene, &people[1], handles[1], party->room, listen);
    scene_event(&people[1], "seated", &line);
    scene_join(&party->scene, &people[2], handles[2], party->room, listen);
    scene_event(&people[2], "seated", &line);
    scene_join(&party->scene, &people[0], handles[0], party->room, speak);
    scene_event(&people[1], "heard", &line);
    scene_event(&people[2], "heard", &line);
    all_leave(people);
    capture_stop(party->capture);
}

static void party_end(struct party *party)
{
    capture_free(party->capture);
    party->capture = NULL;
    scene_end(&party->scene);
}

static int plain_hold(void **state)
{
    (void)state;
    party_hold(&plain, NULL);
    return 0;
}

static int plain_end(void **state)
{
    (void)state;
    party_end(&plain);
    return 0;
}

static void needs_capture(const struct party *party)
{
    if (party->capture == NULL)
        skip();
    assert_int_equal(capture_missed(party->capture), 0);
    assert_true(capture_count(party->capture) > 500);
}

/* --- One size, one rhythm --- */

enum { STREAMS = 16 };

struct stream {
    uint16_t from, to;
    uint32_t ssrc;
    size_t size, packets;
    uint16_t first_sequence, sequence;
    uint32_t first_time, time;
    int64_t first_us, last_us;
};

static struct stream *stream_of(struct stream streams[STREAMS], size_t *count,
                                const struct capture_packet *packet, const struct rtp *rtp)
{
    for (size_t i = 0; i < *count; i++)
        if (streams[i].from == packet->from && streams[i].to == packet->to && streams[i].ssrc == rtp->ssrc)
            return &streams[i];
    assert_true(*count < STREAMS);
    streams[*count] = (struct stream){
        packet->from, packet->to, rtp->ssrc,     packet->payload.len, 0, rtp->sequence, rtp->sequence,
        rtp->time,    rtp->time,  packet->at_us, packet->at_us};
    return &streams[(*count)++];
}

static size_t streams_gather(const struct capture *capture, struct stream streams[STREAMS])
{
    size_t count = 0;

    for (size_t i = 0; i < capture_count(capture); i++) {
        struct capture_packet packet = capture_packet(capture, i);
        struct stream *stream;
        struct rtp rtp;

        if (!packet.udp || packet.payload.at[0] >> 6 != 2 || rtp_is_rtcp(packet.payload) ||
            rtp_header_read(packet.payload, &rtp) != OK)
            continue;
        stream = stream_of(streams, &count, &packet, &rtp);
        assert_int_equal(packet.payload.len, stream->size);
        /* On the loopback nothing is lost and nothing overtakes. */
        if (stream->packets != 0) {
            assert_int_equal((uint16_t)(rtp.sequence - stream->sequence), 1);
            assert_int_equal(rtp.time - stream->time, FRAME_SAMPLES);
        }
        stream->sequence = rtp.sequence;
        stream->time = rtp.time;
        stream->last_us = packet.at_us;
        stream->packets++;
    }
    return count;
}

static void speech_and_silence_look_alike(void **state)
{
    struct stream streams[STREAMS];
    size_t count;

    (void)state;
    needs_capture(&plain);
    count = streams_gather(plain.capture, streams);
    /* Amaryllis to the relay, the relay to each of the others; nobody else sends anything. */
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++) {
        double seconds = (double)(streams[i].last_us - streams[i].first_us) / 1e6;

        assert_true(streams[i].packets > 200);
        assert_int_equal(streams[i].size, streams[0].size);
        /* G05: no stream wraps in its first minutes. */
        assert_true(streams[i].first_sequence < 0x8000);
        assert_true((double)(streams[i].packets - 1) / seconds > 49 &&
                    (double)(streams[i].packets - 1) / seconds < 51);
    }
    assert_int_equal(streams[0].size, RTP_HEADER_LEN + FRAME_SEALED_SPEECH + 16);
}

/* --- No names --- */

enum { NEEDLE = 512 };

/* What to look for, in how many forms it is looked for, and where. */
struct search {
    const struct party *party;
    bool tcp; /* both protocols; else UDP alone */
    unsigned forms;
};

static void needle_search(struct search *search, const char *form, const void *at, size_t len)
{
    const struct capture *capture = search->party->capture;

    search->forms++;
    if (len < 4)
        return;
    for (size_t i = 0; i < capture_count(capture); i++) {
        struct capture_packet packet = capture_packet(capture, i);

        if ((packet.udp || search->tcp) && memmem(packet.payload.at, packet.payload.len, at, len) != NULL)
            fail_msg("packet %zu (%s) holds %.*s as %s", i, packet.udp ? "UDP" : "TCP", (int)len,
                     (const char *)at, form);
    }
}

static void hex_search(struct search *search, struct bytes name)
{
    char low[2 * NEEDLE + 1], high[2 * NEEDLE + 1];

    for (size_t i = 0; i < name.len; i++) {
        snprintf(low + 2 * i, 3, "%02x", name.at[i]);
        snprintf(high + 2 * i, 3, "%02X", name.at[i]);
    }
    needle_search(search, "hex", low, 2 * name.len);
    needle_search(search, "HEX", high, 2 * name.len);
}

/* As it would stand inside of a longer text, behind 0, 1 or 2 bytes: only what does not depend on its
 * neighbours. */
static void base64_search(struct search *search, struct bytes name)
{
    for (size_t before = 0; before < 3; before++) {
        uint8_t whole[NEEDLE + 2] = {0};
        char text[2 * NEEDLE];
        size_t first = before == 0 ? 0 : before + 1, last = (before + name.len) * 8 / 6;

        memcpy(whole + before, name.at, name.len);
        EVP_EncodeBlock((unsigned char *)text, whole, (int)(before + name.len));
        needle_search(search, "base64", text + first, last - first);
        for (char *c = text; *c != '\0'; c++)
            *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
        needle_search(search, "base64url", text + first, last - first);
    }
}

static void utf16_search(struct search *search, struct bytes name)
{
    uint8_t little[2 * NEEDLE], big[2 * NEEDLE];

    for (size_t i = 0; i < name.len; i++) {
        little[2 * i] = big[2 * i + 1] = name.at[i];
        little[2 * i + 1] = big[2 * i] = 0;
    }
    needle_search(search, "UTF-16LE", little, 2 * name.len);
    needle_search(search, "UTF-16BE", big, 2 * name.len);
}

static void name_search(struct search *search, struct bytes name)
{
    assert_true(name.len >= 8 && name.len <= NEEDLE);
    needle_search(search, "itself", name.at, name.len);
    hex_search(search, name);
    base64_search(search, name);
    utf16_search(search, name);
}

/* A value that stands in the clear text of signalling: the tickets and fingerprints of this very party. */
static size_t found_in_clear(const struct capture *capture, const char *before, char out[8][NEEDLE])
{
    size_t count = 0;

    for (size_t i = 0; i < capture_count(capture) && count < 8; i++) {
        struct capture_packet packet = capture_packet(capture, i);
        const char *hit =
            packet.udp ? NULL : memmem(packet.payload.at, packet.payload.len, before, strlen(before));
        const char *end = (const char *)packet.payload.at + packet.payload.len;
        size_t len = 0;

        if (hit == NULL)
            continue;
        hit += strlen(before);
        while (hit + len < end && hit[len] > ' ' && len < NEEDLE - 1)
            len++;
        memcpy(out[count], hit, len);
        out[count++][len] = '\0';
    }
    return count;
}

static size_t fingerprint_bytes(const char *text, uint8_t out[32])
{
    size_t n = 0;

    for (; n < 32 && strlen(text) >= 2; n++, text += 2 + (text[2] == ':'))
        out[n] = (uint8_t)strtoul((char[]){text[0], text[1], '\0'}, NULL, 16);
    return n;
}

static void names_search(struct search *search)
{
    const struct party *party = search->party;
    uint8_t raw[48];
    int len;

    for (unsigned i = 0; i < 3; i++) {
        name_search(search, bytes_string(handles[i]));
        name_search(search, bytes_string(party->fingerprints[i]));
    }
    name_search(search, bytes_string(title));
    name_search(search, bytes_string(party->room));
    /* The id itself: 43 characters of base64url. */
    char padded[SCENE_ROOM + 1];
    snprintf(padded, sizeof padded, "%s=", party->room);
    for (char *c = padded; *c != '\0'; c++)
        *c = *c == '-' ? '+' : *c == '_' ? '/' : *c;
    len = EVP_DecodeBlock(raw, (const unsigned char *)padded, 44);
    assert_int_equal(len, 33);
    name_search(search, bytes(raw, 32));
}

static void no_name_is_on_the_media_port(void **state)
{
    struct search search = {.party = &plain};
    char texts[8][NEEDLE];
    uint8_t raw[32];
    size_t count;

    (void)state;
    needs_capture(&plain);
    names_search(&search);
    count = found_in_clear(plain.capture, "Bearer ", texts);
    assert_true(count >= 3);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(strncmp(texts[i], "v4.public.", 10), 0);
        name_search(&search, bytes_string(texts[i] + 10));
    }
    count = found_in_clear(plain.capture, "fingerprint:sha-256 ", texts);
    assert_true(count >= 6);
    for (size_t i = 0; i < count; i++) {
        name_search(&search, bytes_string(texts[i]));
        assert_int_equal(fingerprint_bytes(texts[i], raw), 32);
        name_search(&search, BYTES_OF(raw));
    }
    assert_true(search.forms > 100);

    /* The search does find what is there: without TLS signalling is in clear. */
    bool seen = false;
    for (size_t i = 0; i < capture_count(plain.capture); i++) {
        struct capture_packet packet = capture_packet(plain.capture, i);

        seen |= !packet.udp && memmem(packet.payload.at, packet.payload.len, title, sizeof title - 1) != NULL;
    }
    assert_true(seen);
}

/* --- Nothing in common --- */

enum { WINDOW = 8, CLIENTS = 3 };

/* What STUN and DTLS put into every session, in hex; a dot is any digit, in lengths and record numbers. Our
 * own certificates are all of one form, and in this party everybody has the same address. */
static const char *const constants[] = {
    /* STUN: types with the magic cookie; priority and role; use-candidate, then integrity; the mapped address
     * 127.0.0.1, then integrity. */
    "000100..2112a442",
    "010100..2112a442",
    "000000002400047effffff802a0008",
    "0025000000080014",
    "5e12a44300080014",
    /* ClientHello: headers; suites and extensions. */
    "16feff000000000000000000..010000..00000000000000..fefd",
    "00000008c02bcca9c02c00ff0100002f000b000403000102000a00060004001d0017000e00050002000700001600000017000000"
    "0d"
    "00080006040308040401",
    /* ServerHello, then Certificate; a client's Certificate. */
    "16fefd000000000000000000..020000..00000000000000..fefd",
    "00c02b00001aff01000100000b000403000102000e00050002000700001700001"
    "6fefd00000000000000..01..0b0001..00010000000001..0001..0001..308201..3081bea0030201020208",
    "16fefd00000000000000..01..0b0001..00010000000001..0001..0001..308201..3081bea0030201020208",
    /* Inside of a certificate: algorithm, the name WebRTC, times without meaning, kind of key; its signature.
     */
    "300a06082a8648ce3d0403023011310f300d06035504030c065765625254433020170d3030303130313030303030305a180f3230"
    "3939"
    "313233313030303030305a3011310f300d06035504030c065765625254433059301306072a8648ce3d020106082a8648ce3d0301"
    "0703"
    "420004",
    "300a06082a8648ce3d04030203..0030..02..",
    "300a06082a8648ce3d04030203..0030..022100",
    /* Records as such; key exchanges; CertificateRequest and ServerHelloDone; CertificateVerify. */
    "16fefd00000000000000..0...",
    "16fefd00000000000000..00..0c0000..00020000000000..030017",
    "16fefd00000000000000..00..100000..00020000000000..",
    "16fefd000000000000000300190d00000d000300000000000d0201400006040308040401000016fefd0000000000000004000c0e"
    "0000"
    "000004000000000000",
    "16fefd00000000000000..00..0f0000..00030000000000..040300..30..02..",
    /* ChangeCipherSpec and Finished; the closing alert. */
    "14fefd00000000000000..00010116fefd00010000000000000030",
    "15fefd0001000000000001001a",
};

struct window {
    uint8_t bytes[WINDOW];
};

struct flow {
    uint16_t port; /* the client's */
    size_t count;
    struct window *windows;
};

static int window_order(const void *a, const void *b)
{
    return memcmp(((const struct window *)a)->bytes, ((const struct window *)b)->bytes, WINDOW);
}

/* All windows of a client's media flow, both directions, sorted and each once. */
static struct flow flow_of(const struct party *party, uint16_t port)
{
    struct flow flow = {.port = port};
    size_t room = 0, kept = 0;

    for (size_t i = 0; i < capture_count(party->capture); i++) {
        struct capture_packet packet = capture_packet(party->capture, i);

        if (!packet.udp || (packet.from != port && packet.to != port))
            continue;
        if (room - flow.count < packet.payload.len) {
            room = 2 * room + packet.payload.len + 65536;
            flow.windows = realloc(flow.windows, room * sizeof *flow.windows);
            assert_non_null(flow.windows);
        }
        for (size_t at = 0; at + WINDOW <= packet.payload.len; at++)
            memcpy(flow.windows[flow.count++].bytes, packet.payload.at + at, WINDOW);
    }
    qsort(flow.windows, flow.count, sizeof *flow.windows, window_order);
    for (size_t i = 0; i < flow.count; i++)
        if (kept == 0 || window_order(&flow.windows[kept - 1], &flow.windows[i]) != 0)
            flow.windows[kept++] = flow.windows[i];
    flow.count = kept;
    return flow;
}

static bool digits_match(const char *hex, const char *pattern, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (pattern[i] != '.' && pattern[i] != hex[i])
            return false;
    return true;
}

/* A window may stand out of a constant by two bytes: that those agree by chance happens once in 65536 times,
 * that a third does hardly ever. */
static bool is_constant(const uint8_t window[static WINDOW])
{
    char hex[2 * WINDOW + 1];

    text_hex(bytes(window, WINDOW), hex);
    for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++) {
        char pattern[1024];
        size_t len = (size_t)snprintf(pattern, sizeof pattern, "....%s....", constants[i]);

        for (size_t at = 0; at + 2 * WINDOW <= len; at += 2)
            if (digits_match(hex, pattern + at, 2 * WINDOW))
                return true;
    }
    return false;
}

static bool has_window(const struct flow *flow, const uint8_t at[static WINDOW])
{
    struct window wanted;

    memcpy(wanted.bytes, at, WINDOW);
    return bsearch(&wanted, flow->windows, flow->count, sizeof *flow->windows, window_order) != NULL;
}

/* Prints the runs of a packet of one flow that another flow has too and no constant is; gives their number.
 */
static unsigned runs_common(const struct flow *other, unsigned number, struct bytes packet)
{
    char hex[4096];
    unsigned count = 0;
    size_t run = 0;

    for (size_t at = 0; at + WINDOW <= packet.len + 1; at++) {
        if (at + WINDOW <= packet.len && has_window(other, packet.at + at) && !is_constant(packet.at + at)) {
            run++;
            continue;
        }
        if (run != 0) {
            text_hex(bytes(packet.at + at - run, run + WINDOW - 1), hex);
            print_message("# packet %u of %zu bytes, common: %s\n", number, packet.len, hex);
            count++;
        }
        run = 0;
    }
    return count;
}

static unsigned flows_common(const struct party *party, const struct flow *a, const struct flow *b)
{
    unsigned count = 0;

    for (size_t i = 0; i < capture_count(party->capture); i++) {
        struct capture_packet packet = capture_packet(party->capture, i);

        if (packet.udp && (packet.from == a->port || packet.to == a->port))
            count += runs_common(b, (unsigned)i, packet.payload);
    }
    return count;
}

static void two_flows_have_nothing_in_common(void **state)
{
    struct flow flows[CLIENTS];
    unsigned count = 0, common = 0;

    (void)state;
    needs_capture(&plain);
    for (size_t i = 0; i < capture_count(plain.capture); i++) {
        struct capture_packet packet = capture_packet(plain.capture, i);
        bool known = !packet.udp || packet.from == plain.scene.media_port;

        for (unsigned k = 0; k < count; k++)
            known |= flows[k].port == packet.from;
        if (known)
            continue;
        assert_true(count < CLIENTS);
        flows[count++] = flow_of(&plain, packet.from);
    }
    assert_int_equal(count, CLIENTS);
    for (unsigned i = 0; i < CLIENTS; i++)
        for (unsigned j = i + 1; j < CLIENTS; j++)
            common += flows_common(&plain, &flows[i], &flows[j]);
    for (unsigned i = 0; i < CLIENTS; i++)
        free(flows[i].windows);
    assert_int_equal(common, 0);
}

/* --- With TLS --- */

static void with_tls_no_name_is_on_either_port(void **state)
{
    struct party sealed = {0};
    struct search search = {.party = &sealed, .tcp = true};
    char key[SCRATCH_PATH], cert[SCRATCH_PATH], folder[SCRATCH_PATH];
    struct process p;

    (void)state;
    needs_capture(&plain);
    scratch_make(folder);
    scratch_path(folder, "key.pem", key);
    scratch_path(folder, "cert.pem", cert);
    const char *const make[] = {"openssl",
                                "req",
                                "-x509",
                                "-newkey",
                                "ec",
                                "-pkeyopt",
                                "ec_paramgen_curve:P-256",
                                "-nodes",
                                "-days",
                                "2",
                                "-subj",
                                "/CN=teahouse.test",
                                "-addext",
                                "subjectAltName=IP:127.0.0.1",
                                "-keyout",
                                key,
                                "-out",
                                cert,
                                NULL};
    assert_true(process_start(&p, make));
    if (process_wait(&p, SCENE_WAIT_MS) != 0)
        fail_msg("openssl: %s", p.errors);
    process_end(&p);

    /* The clients' system trusts this one authority. */
    setenv("SSL_CERT_FILE", cert, 1);
    const char *const options[] = {"--tls-cert", cert, "--tls-key", key, NULL};
    party_hold(&sealed, options);
    unsetenv("SSL_CERT_FILE");
    scratch_remove(folder);
    assert_int_equal(strncmp(sealed.scene.url, "https://", 8), 0);
    needs_capture(&sealed);
    names_search(&search);
    assert_true(search.forms > 80);

    /* What was https stays https, whatever a link says. */
    char home[SCRATCH_PATH], http[SCENE_URL];
    scene_home(&sealed.scene, handles[1], home);
    snprintf(http, sizeof http, "http://127.0.0.1:%u/r/%s", sealed.scene.port, sealed.room);
    const char *words[] = {"join", http, "--home", home, NULL};
    assert_int_equal(scene_do(&p, words), 2);
    assert_non_null(strstr(p.errors, "over https alone"));
    process_end(&p);
    party_end(&sealed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(speech_and_silence_look_alike),
        cmocka_unit_test(no_name_is_on_the_media_port),
        cmocka_unit_test(two_flows_have_nothing_in_common),
        cmocka_unit_test(with_tls_no_name_is_on_either_port),
    };

    return cmocka_run_group_tests_name("wire", tests, plain_hold, plain_end);
}
