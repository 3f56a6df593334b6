/* What a hop pays for a packet of RTP, beside the same cipher through bare EVP and beside libsrtp2, in one
 * run: 112 bytes of plain packet (12 of header, 100 of payload), CPU time of this thread, least of several
 * rounds. Ratios hold on any machine; nanoseconds hold on this one, now. */
#define _POSIX_C_SOURCE 200809L
#include "crypto/crypto.h"
#include "hop/hop.h"

#include <openssl/evp.h>
#include <srtp2/srtp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PLAIN = 112, TAG = 16, SEALED = PLAIN + TAG, PACKETS = 20000, ROUNDS = 9, STREAMS = 17 };

static uint8_t packets[PACKETS][SEALED];

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "hop_srtp: %s failed\n", what);
    exit(1);
}

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

/* Plain packets of one stream from this number on; `streams` takes turns among so many SSRCs. */
static void fill(uint32_t first, unsigned streams)
{
    for (uint32_t i = 0; i < PACKETS; i++) {
        uint8_t *p = packets[i];
        uint32_t n = (first + i) / streams, ssrc = 1 + (first + i) % streams;

        memset(p, 0x55, PLAIN);
        memcpy(
            p,
            (const uint8_t[]){0x80, 111, (uint8_t)(n >> 8), (uint8_t)n, 0, 0, 0, 0, 0, 0, 0, (uint8_t)ssrc},
            RTP_HEADER_LEN);
    }
}

/* Two hops that have shaken hands, without any network between. */
struct pair {
    struct hop *client, *relay;
    struct hop_identity *identities[2];
    struct address at[2];
};

static void carry(struct hop *to, const struct address *from, struct outbox *box, struct outbox *answers)
{
    struct hop_packet packet;

    outbox_clear(answers);
    for (unsigned i = 0; i < box->count; i++)
        (void)!hop_take(to, 0, from, box->messages[i].body, answers, &packet);
}

static void pair_open(struct pair *p)
{
    static uint8_t rooms[2][HOP_OUTBOX_SIZE];
    static struct outbox boxes[2];
    struct hop_credentials credentials[2];

    for (unsigned i = 0; i < 2; i++) {
        outbox_start(&boxes[i], (struct bytes_mut){rooms[i], HOP_OUTBOX_SIZE});
        must(hop_identity_new(&p->identities[i]) == OK, "an identity");
        hop_credentials_draw(crypto_random(), &credentials[i]);
        p->at[i] = address_v4((const uint8_t[4]){127, 0, 0, 1}, (uint16_t)(1 + i));
    }
    for (unsigned i = 0; i < 2; i++) {
        struct hop_settings s = {.role = i == 0 ? HOP_CLIENT : HOP_RELAY,
                                 .identity = p->identities[i],
                                 .random = crypto_random(),
                                 .local = credentials[i],
                                 .remote_ufrag = bytes_string(credentials[!i].ufrag),
                                 .remote_password = bytes_string(credentials[!i].password),
                                 .peer = p->at[!i]};

        memcpy(s.peer_fingerprint, hop_identity_fingerprint(p->identities[!i]), HOP_FINGERPRINT_LEN);
        must(hop_new(&s, 0, i == 0 ? &p->client : &p->relay) == OK, "a hop");
    }
    (void)hop_due(p->client, 0, &boxes[0]);
    for (unsigned i = 0; i < 4; i++) {
        carry(p->relay, &p->at[0], &boxes[0], &boxes[1]);
        carry(p->client, &p->at[1], &boxes[1], &boxes[0]);
    }
    must(hop_state(p->client) == HOP_OPEN && hop_state(p->relay) == HOP_OPEN, "the handshake");
}

static void pair_close(struct pair *p)
{
    hop_free(p->client);
    hop_free(p->relay);
    hop_identity_free(p->identities[0]);
    hop_identity_free(p->identities[1]);
}

static void least(double *so_far, double ns)
{
    if (*so_far == 0 || ns < *so_far)
        *so_far = ns;
}

static void hops(unsigned streams, double *seal, double *open)
{
    struct hop_packet packet;
    struct pair p;
    double start;

    pair_open(&p);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        fill(round * PACKETS, streams);
        start = now_ns();
        for (uint32_t i = 0; i < PACKETS; i++) {
            size_t len = PLAIN;

            must(hop_seal_rtp(p.relay, (struct bytes_mut){packets[i], SEALED}, &len) == OK, "sealing");
        }
        least(seal, (now_ns() - start) / PACKETS);
        start = now_ns();
        for (uint32_t i = 0; i < PACKETS; i++)
            must(hop_take(p.client, 0, &p.at[1], (struct bytes_mut){packets[i], SEALED}, NULL, &packet) == OK,
                 "opening");
        least(open, (now_ns() - start) / PACKETS);
    }
    pair_close(&p);
}

static void bare(double *seal, double *open)
{
    static const uint8_t key[16] = "a key of 16 byte";
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    uint8_t iv[12] = {0};
    double start;
    int len;

    must(c != NULL && EVP_EncryptInit_ex2(c, EVP_aes_128_gcm(), key, iv, NULL) == 1, "EVP");
    for (uint32_t round = 0; round < ROUNDS; round++) {
        fill(0, 1);
        for (unsigned way = 0; way < 2; way++) {
            start = now_ns();
            for (uint32_t i = 0; i < PACKETS; i++) {
                uint8_t *p = packets[i], *text = p + RTP_HEADER_LEN;

                memcpy(iv, &i, sizeof i);
                bool good = EVP_CipherInit_ex2(c, NULL, NULL, iv, way == 0, NULL) == 1 &&
                            EVP_CipherUpdate(c, NULL, &len, p, RTP_HEADER_LEN) == 1 &&
                            EVP_CipherUpdate(c, text, &len, text, PLAIN - RTP_HEADER_LEN) == 1;
                if (way == 1)
                    good = good && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG, p + PLAIN) == 1;
                good = good && EVP_CipherFinal_ex(c, text, &len) == 1;
                if (way == 0)
                    good = good && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG, p + PLAIN) == 1;
                must(good, "EVP");
            }
            least(way == 0 ? seal : open, (now_ns() - start) / PACKETS);
        }
    }
    EVP_CIPHER_CTX_free(c);
}

static void reference(double *seal, double *open)
{
    static uint8_t key[28] = "key and salt, 28 bytes long";
    srtp_policy_t policy = {0};
    srtp_t out, in;
    double start;

    srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
    srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
    policy.key = key;
    policy.ssrc.type = ssrc_any_outbound;
    must(srtp_init() == srtp_err_status_ok && srtp_create(&out, &policy) == srtp_err_status_ok, "libsrtp2");
    policy.ssrc.type = ssrc_any_inbound;
    must(srtp_create(&in, &policy) == srtp_err_status_ok, "libsrtp2");
    for (uint32_t round = 0; round < ROUNDS; round++) {
        fill(round * PACKETS, 1);
        start = now_ns();
        for (uint32_t i = 0; i < PACKETS; i++) {
            int len = PLAIN;

            must(srtp_protect(out, packets[i], &len) == srtp_err_status_ok, "libsrtp2");
        }
        least(seal, (now_ns() - start) / PACKETS);
        start = now_ns();
        for (uint32_t i = 0; i < PACKETS; i++) {
            int len = SEALED;

            must(srtp_unprotect(in, packets[i], &len) == srtp_err_status_ok, "libsrtp2");
        }
        least(open, (now_ns() - start) / PACKETS);
    }
    srtp_dealloc(out);
    srtp_dealloc(in);
    srtp_shutdown();
}

static void print(const char *what, double seal, double open, double bare_seal, double bare_open)
{
    printf("{\"name\":\"hop_srtp\",\"what\":\"%s\",\"seal_ns\":%.0f,\"open_ns\":%.0f,\"seal_ratio\":%.2f,"
           "\"open_ratio\":%.2f,\"packets\":%d}\n",
           what, seal, open, seal / bare_seal, open / bare_open, PACKETS * ROUNDS);
}

int main(void)
{
    double bare_ns[2] = {0}, one_ns[2] = {0}, many_ns[2] = {0}, reference_ns[2] = {0};

    must(crypto_start() == OK, "crypto_start");
    bare(&bare_ns[0], &bare_ns[1]);
    hops(1, &one_ns[0], &one_ns[1]);
    hops(STREAMS, &many_ns[0], &many_ns[1]);
    reference(&reference_ns[0], &reference_ns[1]);
    print("evp", bare_ns[0], bare_ns[1], bare_ns[0], bare_ns[1]);
    print("hop", one_ns[0], one_ns[1], bare_ns[0], bare_ns[1]);
    print("hop_17_streams", many_ns[0], many_ns[1], bare_ns[0], bare_ns[1]);
    print("libsrtp2", reference_ns[0], reference_ns[1], bare_ns[0], bare_ns[1]);
    return 0;
}
