#include "hop/dtls.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

struct hop_dtls {
    SSL *ssl; /* owns both memory BIOs */
    enum hop_role role;
    bool wrong_certificate;
    uint8_t peer_fingerprint[HOP_FINGERPRINT_LEN];
    size_t flight_len;
    uint8_t flight[HOP_FLIGHT_MAX];
};

enum { EXPORT_LEN = 2 * (HOP_KEY_LEN + HOP_SALT_LEN), RECORD_HEADER_LEN = 13 };

/* The only judge of a certificate: RFC 8122, section 6.2. A wrong one ends the handshake before any key is
 * made. */
int hop_dtls_verify(X509_STORE_CTX *store, void *unused)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct hop_dtls *d = SSL_get_app_data(ssl);
    X509 *certificate = X509_STORE_CTX_get0_cert(store);
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned len;

    (void)unused;
    if (certificate != NULL && X509_digest(certificate, EVP_sha256(), hash, &len) == 1 &&
        len == HOP_FINGERPRINT_LEN && equal_secret(hash, d->peer_fingerprint, HOP_FINGERPRINT_LEN))
        return 1;
    d->wrong_certificate = true;
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
    return 0;
}

/* OpenSSL measures its retransmission time on the wall clock and takes no other. So its timer is set beyond
 * any handshake's end, and the hop, which knows the time that it was handed, sends a flight's records again
 * as they are: a record that got lost was never seen by the peer's replay check. */
static unsigned timer_disarmed(SSL *ssl, unsigned us)
{
    (void)ssl;
    (void)us;
    return 3600u * 1000000u;
}

enum result hop_dtls_new(const struct hop_identity *identity, enum hop_role role,
                         const uint8_t peer_fingerprint[static HOP_FINGERPRINT_LEN], struct hop_dtls **out)
{
    struct hop_dtls *d = calloc(1, sizeof *d);
    BIO *in = BIO_new(BIO_s_mem()), *to = BIO_new(BIO_s_mem());

    if (d != NULL)
        d->ssl = SSL_new(identity->context);
    if (d == NULL || in == NULL || to == NULL || d->ssl == NULL) {
        BIO_free(in);
        BIO_free(to);
        hop_dtls_free(d);
        return E_NO_MEMORY;
    }
    BIO_set_mem_eof_return(in, -1);
    BIO_set_mem_eof_return(to, -1);
    SSL_set_bio(d->ssl, in, to);
    SSL_set_app_data(d->ssl, d);
    d->role = role;
    memcpy(d->peer_fingerprint, peer_fingerprint, sizeof d->peer_fingerprint);
    DTLS_set_timer_cb(d->ssl, timer_disarmed);
    if (role == HOP_RELAY)
        SSL_set_accept_state(d->ssl);
    else
        SSL_set_connect_state(d->ssl);
    if (SSL_set_mtu(d->ssl, HOP_DATAGRAM_MAX) == 0) {
        hop_dtls_free(d);
        return E_CRYPTO;
    }
    *out = d;
    return OK;
}

void hop_dtls_free(struct hop_dtls *d)
{
    if (d == NULL)
        return;
    SSL_free(d->ssl);
    free(d);
}

/* One datagram per write: what an earlier call left unread can't run into it. */
static void give(struct hop_dtls *d, struct bytes datagram)
{
    BIO *in = SSL_get_rbio(d->ssl);

    (void)BIO_reset(in);
    if (datagram.len != 0)
        (void)BIO_write(in, datagram.at, (int)datagram.len);
    ERR_clear_error();
}

/* What OpenSSL wants sent, if it fits; a part of a flight would be of no use. */
static size_t fetch(struct hop_dtls *d, uint8_t *out, size_t size)
{
    BIO *from = SSL_get_wbio(d->ssl);
    size_t waiting = BIO_ctrl_pending(from);
    int len = 0;

    if (waiting > 0 && waiting <= size)
        len = BIO_read(from, out, (int)size);
    (void)BIO_reset(from);
    return len > 0 ? (size_t)len : 0;
}

static enum result judged(struct hop_dtls *d)
{
    if (SSL_get_selected_srtp_profile(d->ssl) == NULL || SSL_get_extms_support(d->ssl) != 1)
        return E_REFUSED;
    return SSL_get0_peer_certificate(d->ssl) != NULL ? OK : E_FORGED;
}

enum result hop_dtls_step(struct hop_dtls *d, struct bytes datagram, bool *fresh)
{
    enum result res;

    give(d, datagram);
    int done = SSL_do_handshake(d->ssl);
    int why = done == 1 ? SSL_ERROR_NONE : SSL_get_error(d->ssl, done);
    if (done == 1)
        res = judged(d);
    else if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
        res = E_AGAIN;
    else
        res = d->wrong_certificate ? E_FORGED : E_MALFORMED;
    ERR_clear_error();

    size_t len = fetch(d, d->flight, sizeof d->flight);
    *fresh = len != 0;
    if (len != 0)
        d->flight_len = len;
    return res;
}

struct bytes hop_dtls_flight(const struct hop_dtls *d)
{
    return bytes(d->flight, d->flight_len);
}

enum result hop_dtls_ways(struct hop_dtls *d, struct hop_way *sending, struct hop_way *receiving)
{
    static const char label[] = "EXTRACTOR-dtls_srtp";
    uint8_t out[EXPORT_LEN];
    const uint8_t *client_key = out, *server_key = out + HOP_KEY_LEN;
    const uint8_t *client_salt = out + 2 * HOP_KEY_LEN, *server_salt = client_salt + HOP_SALT_LEN;
    bool client = d->role == HOP_CLIENT;
    enum result res = E_CRYPTO;

    if (SSL_export_keying_material(d->ssl, out, sizeof out, label, sizeof label - 1, NULL, 0, 0) == 1)
        res = hop_way_start(sending, client ? client_key : server_key, client ? client_salt : server_salt);
    if (res == OK) {
        res = hop_way_start(receiving, client ? server_key : client_key, client ? server_salt : client_salt);
        if (res != OK)
            hop_way_end(sending);
    }
    wipe(out, sizeof out);
    return res;
}

enum result hop_dtls_take(struct hop_dtls *d, struct bytes datagram)
{
    uint8_t unused[64];
    int got, why;

    give(d, datagram);
    do
        got = SSL_read(d->ssl, unused, sizeof unused); /* nobody sends application data here */
    while (got > 0);
    why = SSL_get_error(d->ssl, got);
    ERR_clear_error();
    (void)BIO_reset(SSL_get_wbio(d->ssl));
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? OK : E_CLOSED;
}

size_t hop_dtls_farewell(struct hop_dtls *d, uint8_t out[static HOP_FAREWELL_MAX])
{
    (void)BIO_reset(SSL_get_wbio(d->ssl));
    ERR_clear_error();
    (void)SSL_shutdown(d->ssl);
    ERR_clear_error();
    return fetch(d, out, HOP_FAREWELL_MAX);
}

struct bytes hop_records_next(struct bytes *rest)
{
    struct bytes datagram = {rest->at, 0};

    while (rest->len >= RECORD_HEADER_LEN) {
        size_t record = RECORD_HEADER_LEN + ((size_t)rest->at[11] << 8 | rest->at[12]);

        if (record > rest->len || (datagram.len != 0 && datagram.len + record > HOP_DATAGRAM_MAX))
            break;
        datagram.len += record;
        *rest = bytes(rest->at + record, rest->len - record);
    }
    return datagram;
}
