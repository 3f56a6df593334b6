/* Peers that are not ours: OpenSSL's DTLS client, made to speak as browsers do and as they should not, with
 * libsrtp2 behind it. */
#include "pair.h"

#include "crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <srtp2/srtp.h>

#include <cmocka.h>

enum { SECOND = 1000000, RECORD_HEADER = 13, FRAGMENT_HEADER = 12, RECORDS = 32 };

/* An extension that no server knows, as ML-KEM's key share is to DTLS 1.2: it makes the hello long. */
enum { EXTENSION = 0x4a4a, EXTENSION_MAX = 4000 };

struct foreign {
    struct pair *pair;
    SSL_CTX *context;
    SSL *ssl;
    uint8_t filling[EXTENSION_MAX];
    size_t filling_len;
};

struct shape {
    unsigned mtu;
    size_t hello_len; /* of the message without headers; 0 for what OpenSSL makes */
    const char *profiles, *ciphers;
    bool no_certificate, no_master_secret_extension;
};

static const struct shape plain = {1200, 0, "SRTP_AEAD_AES_128_GCM", NULL, false, false};

static int filling_add(SSL *ssl, unsigned type, unsigned context, const unsigned char **out, size_t *len,
                       X509 *x, size_t chain, int *alert, void *argument)
{
    const struct foreign *f = argument;

    (void)ssl, (void)type, (void)context, (void)x, (void)chain, (void)alert;
    *out = f->filling;
    *len = f->filling_len;
    return f->filling_len != 0;
}

static unsigned never(SSL *ssl, unsigned us)
{
    (void)ssl, (void)us;
    return 3600u * SECOND;
}

static EVP_PKEY *key_and_certificate(X509 **certificate)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");

    *certificate = X509_new();
    assert_non_null(key);
    assert_non_null(*certificate);
    assert_int_equal(X509_set_version(*certificate, 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(*certificate), 1), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(*certificate), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(*certificate), 86400));
    assert_int_equal(X509_set_pubkey(*certificate, key), 1);
    assert_true(X509_sign(*certificate, key, EVP_sha256()) > 0);
    return key;
}

/* Starts the foreign client in the place of the pair's own, whose hop is taken away. */
static void foreign_start(struct foreign *f, struct pair *p, const struct shape *shape)
{
    uint8_t fingerprint[EVP_MAX_MD_SIZE];
    struct hop_settings s = pair_settings(p, RELAY);
    X509 *certificate;
    EVP_PKEY *key = key_and_certificate(&certificate);

    memset(f, 0, sizeof *f);
    f->pair = p;
    f->context = SSL_CTX_new(DTLS_client_method());
    assert_non_null(f->context);
    assert_int_equal(SSL_CTX_set_tlsext_use_srtp(f->context, shape->profiles), 0);
    if (shape->ciphers != NULL)
        assert_int_equal(SSL_CTX_set_cipher_list(f->context, shape->ciphers), 1);
    if (shape->no_master_secret_extension)
        SSL_CTX_set_options(f->context, SSL_OP_NO_EXTENDED_MASTER_SECRET);
    if (!shape->no_certificate) {
        assert_int_equal(SSL_CTX_use_certificate(f->context, certificate), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey(f->context, key), 1);
    }
    assert_int_equal(X509_digest(certificate, EVP_sha256(), fingerprint, NULL), 1);
    memcpy(s.peer_fingerprint, fingerprint, HOP_FINGERPRINT_LEN);
    X509_free(certificate);
    EVP_PKEY_free(key);
    assert_int_equal(
        SSL_CTX_add_custom_ext(f->context, EXTENSION, SSL_EXT_CLIENT_HELLO, filling_add, NULL, f, NULL, NULL),
        1);
    f->ssl = SSL_new(f->context);
    assert_non_null(f->ssl);
    SSL_set_bio(f->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_options(f->ssl, SSL_OP_NO_QUERY_MTU);
    assert_int_not_equal(SSL_set_mtu(f->ssl, (long)shape->mtu), 0);
    DTLS_set_timer_cb(f->ssl, never);
    SSL_set_connect_state(f->ssl);

    hop_free(p->ends[CLIENT].hop);
    p->ends[CLIENT].hop = NULL;
    p->ends[CLIENT].due_us = UINT64_MAX;
    hop_free(p->ends[RELAY].hop);
    assert_int_equal(hop_new(&s, p->now_us, &p->ends[RELAY].hop), OK);
}

static void foreign_end(struct foreign *f)
{
    SSL_free(f->ssl);
    SSL_CTX_free(f->context);
}

/* What the client wants sent, a record a datagram. */
static size_t records(struct foreign *f, struct bytes out[static RECORDS], uint8_t *room, size_t size)
{
    int len = BIO_read(SSL_get_wbio(f->ssl), room, (int)size);
    size_t count = 0;

    for (size_t at = 0; len > 0 && at < (size_t)len; count++) {
        size_t record = RECORD_HEADER + ((size_t)room[at + 11] << 8 | room[at + 12]);

        assert_true(count < RECORDS && at + record <= (size_t)len);
        out[count] = bytes(room + at, record);
        at += record;
    }
    return count;
}

static void step(struct foreign *f)
{
    ERR_clear_error();
    (void)SSL_do_handshake(f->ssl);
}

/* Relay to client. */
static void fetch_answers(struct foreign *f)
{
    struct link_datagram d;

    while (link_take(&f->pair->link, UINT64_MAX, &d)) {
        if (d.bytes[0] < 20 || d.bytes[0] > 63)
            continue;
        assert_int_equal(BIO_write(SSL_get_rbio(f->ssl), d.bytes, (int)d.len), d.len);
        step(f);
    }
}

static void check(struct foreign *f)
{
    struct pair *p = f->pair;
    struct pair_request r = {bytes_string(p->ends[RELAY].credentials.ufrag),
                             bytes_string(p->ends[CLIENT].credentials.ufrag),
                             bytes_string(p->ends[RELAY].credentials.password), .use_candidate = true};
    uint8_t room[512];

    assert_int_equal(pair_give(p, RELAY, &p->ends[CLIENT].at, pair_request(p, room, &r)), OK);
}

/* The hello's fragments; the filling is fitted so that the message has the wanted length. */
static size_t hello(struct foreign *f, const struct shape *shape, struct bytes out[static RECORDS],
                    uint8_t *room, size_t size)
{
    step(f);
    size_t count = records(f, out, room, size);
    assert_int_equal(count, 1);
    if (shape->hello_len == 0)
        return count;

    /* The first hello told how long it is without the filling. A new one begins with it. */
    size_t bare = out[0].len - RECORD_HEADER - FRAGMENT_HEADER;
    assert_true(shape->hello_len > bare + 4);
    f->filling_len = shape->hello_len - bare - 4;
    assert_int_equal(SSL_clear(f->ssl), 1);
    assert_int_not_equal(SSL_set_mtu(f->ssl, (long)shape->mtu), 0);
    step(f);
    return records(f, out, room, size);
}

static void play_out(struct foreign *f)
{
    struct pair *p = f->pair;
    struct bytes out[RECORDS];
    uint8_t room[8192];

    for (unsigned turn = 0; turn < 10; turn++) {
        fetch_answers(f);
        size_t count = records(f, out, room, sizeof room);
        for (size_t i = 0; i < count; i++)
            (void)pair_give(p, RELAY, &p->ends[CLIENT].at, out[i]);
    }
}

/* libsrtp2 under the keys of the foreign client: it speaks, and hears. */
static void words_pass_both_ways(struct foreign *f)
{
    static const char label[] = "EXTRACTOR-dtls_srtp";
    uint8_t keys[56], client[28], server[28], room[128];
    struct pair *p = f->pair;
    srtp_policy_t policy = {0};
    srtp_t out, in;

    assert_int_equal(
        SSL_export_keying_material(f->ssl, keys, sizeof keys, label, sizeof label - 1, NULL, 0, 0), 1);
    memcpy(client, keys, 16);
    memcpy(server, keys + 16, 16);
    memcpy(client + 16, keys + 32, 12);
    memcpy(server + 16, keys + 44, 12);
    srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
    srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
    policy.ssrc.type = ssrc_any_outbound;
    policy.key = client;
    assert_int_equal(srtp_create(&out, &policy), srtp_err_status_ok);
    policy.ssrc.type = ssrc_any_inbound;
    policy.key = server;
    assert_int_equal(srtp_create(&in, &policy), srtp_err_status_ok);

    for (uint16_t i = 0; i < 100; i++) {
        uint8_t counter[4] = {0, 0, 0, (uint8_t)i};
        struct rtp rtp = {.payload_type = 111, .sequence = i, .ssrc = 5, .payload = BYTES_OF(counter)};
        struct link_datagram d;
        struct bytes written;

        assert_int_equal(rtp_write(&rtp, (struct bytes_mut){room, sizeof room}, &written), OK);
        int len = (int)written.len;
        assert_int_equal(srtp_protect(out, room, &len), srtp_err_status_ok);
        assert_int_equal(pair_give(p, RELAY, &p->ends[CLIENT].at, bytes(room, (size_t)len)), OK);
        assert_int_equal(p->ends[RELAY].heard[i], 1);

        assert_int_equal(pair_speak(p, RELAY, 6, i, i), OK);
        assert_true(link_take(&p->link, UINT64_MAX, &d));
        len = (int)d.len;
        assert_int_equal(srtp_unprotect(in, d.bytes, &len), srtp_err_status_ok);
        assert_int_equal(len, RTP_HEADER_LEN + 4);
        assert_int_equal(d.bytes[RTP_HEADER_LEN + 3], i);
    }
    srtp_dealloc(out);
    srtp_dealloc(in);
}

/* The order in which the fragments of a hello arrive, by index; -1 ends it. */
static void hello_of_shape(const struct shape *shape, const size_t *lens, const int *order)
{
    struct pair *p = malloc(sizeof *p);
    struct foreign f;
    struct bytes out[RECORDS];
    uint8_t room[8192];

    assert_non_null(p);
    pair_start(p, 1);
    foreign_start(&f, p, shape);
    check(&f);
    size_t count = hello(&f, shape, out, room, sizeof room);
    for (size_t i = 0; lens[i] != 0; i++) {
        assert_true(i < count);
        assert_int_equal(out[i].len, lens[i]);
    }
    for (size_t i = 0; order[i] >= 0; i++) {
        assert_true((size_t)order[i] < count);
        assert_int_equal(pair_give(p, RELAY, &p->ends[CLIENT].at, out[order[i]]), OK);
    }
    play_out(&f);
    assert_int_equal(hop_state(p->ends[RELAY].hop), HOP_OPEN);
    assert_int_equal(SSL_is_init_finished(f.ssl), 1);
    assert_int_equal(SSL_version(f.ssl), DTLS1_2_VERSION);
    words_pass_both_ways(&f);
    foreign_end(&f);
    pair_end(p);
    free(p);
}

/* Both browsers' hellos as they were measured: the message's length and the datagrams'. */
static const struct shape chromium = {1200, 1413,  "SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_128_GCM",
                                      NULL, false, false};
static const struct shape firefox = {1408, 1461,  "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80",
                                     NULL, false, false};
static const size_t chromium_lens[] = {1200, 263, 0}, firefox_lens[] = {1408, 103, 0};

static void chromiums_hello_in_two_datagrams(void **state)
{
    (void)state;
    hello_of_shape(&chromium, chromium_lens, (const int[]){0, 1, -1});
}

static void firefoxs_hello_in_two_datagrams(void **state)
{
    (void)state;
    hello_of_shape(&firefox, firefox_lens, (const int[]){0, 1, -1});
}

static void fragments_swapped_and_doubled(void **state)
{
    (void)state;
    hello_of_shape(&chromium, chromium_lens, (const int[]){1, 0, -1});
    hello_of_shape(&chromium, chromium_lens, (const int[]){0, 0, 1, 1, 0, -1});
    hello_of_shape(&firefox, firefox_lens, (const int[]){1, 1, 0, 0, -1});
}

static void many_small_fragments(void **state)
{
    static const struct shape small = {256, 1413, "SRTP_AEAD_AES_128_GCM", NULL, false, false};

    (void)state;
    hello_of_shape(&small, (const size_t[]){256, 256, 256, 0}, (const int[]){0, 1, 2, 3, 4, 5, 6, -1});
}

static void what_we_do_not_speak_is_refused(void **state)
{
    static const struct {
        struct shape shape;
        enum result expect;
    } cases[] = {
        {{1200, 0, "SRTP_AES128_CM_SHA1_80", NULL, false, false}, E_REFUSED},
        {{1200, 0, "SRTP_AEAD_AES_256_GCM", NULL, false, false}, E_REFUSED},
        {{1200, 0, "SRTP_AEAD_AES_128_GCM", NULL, false, true}, E_REFUSED},
        {{1200, 0, "SRTP_AEAD_AES_128_GCM", NULL, true, false}, E_MALFORMED},
        {{1200, 0, "SRTP_AEAD_AES_128_GCM", "ECDHE-ECDSA-AES128-SHA256", false, false}, E_MALFORMED},
        {{1200, 0, "SRTP_AEAD_AES_128_GCM", "ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0", false, false}, E_MALFORMED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pair *p = malloc(sizeof *p);
        struct foreign f;
        struct bytes out[RECORDS];
        uint8_t room[8192];

        assert_non_null(p);
        pair_start(p, 1);
        foreign_start(&f, p, &cases[i].shape);
        check(&f);
        assert_int_equal(hello(&f, &cases[i].shape, out, room, sizeof room), 1);
        (void)pair_give(p, RELAY, &p->ends[CLIENT].at, out[0]);
        play_out(&f);
        assert_int_equal(hop_state(p->ends[RELAY].hop), HOP_CLOSED);
        assert_int_equal(hop_why(p->ends[RELAY].hop), cases[i].expect);
        assert_int_equal(pair_speak(p, RELAY, 6, 1, 1), E_STATE);
        foreign_end(&f);
        pair_end(p);
        free(p);
    }
}

/* A hello of a new handshake, an attempt to renegotiate, after the first has completed. */
static void renegotiation_is_ignored(void **state)
{
    struct pair *p = malloc(sizeof *p);
    struct foreign f;
    struct bytes out[RECORDS];
    uint8_t room[8192];

    (void)state;
    assert_non_null(p);
    pair_start(p, 1);
    foreign_start(&f, p, &plain);
    check(&f);
    assert_int_equal(hello(&f, &plain, out, room, sizeof room), 1);
    assert_int_equal(pair_give(p, RELAY, &p->ends[CLIENT].at, out[0]), OK);
    play_out(&f);
    assert_int_equal(hop_state(p->ends[RELAY].hop), HOP_OPEN);
    ERR_clear_error();
    (void)SSL_renegotiate(f.ssl);
    step(&f);
    play_out(&f);
    assert_int_equal(hop_state(p->ends[RELAY].hop), HOP_OPEN);
    foreign_end(&f);
    pair_end(p);
    free(p);
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
        cmocka_unit_test(chromiums_hello_in_two_datagrams), cmocka_unit_test(firefoxs_hello_in_two_datagrams),
        cmocka_unit_test(fragments_swapped_and_doubled),    cmocka_unit_test(many_small_fragments),
        cmocka_unit_test(what_we_do_not_speak_is_refused),  cmocka_unit_test(renegotiation_is_ignored),
    };

    return cmocka_run_group_tests_name("foreign", tests, start, stop);
}
