#include "hop/dtls.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

/* Nothing in the certificate says who, where or when: the name is the one that browsers give theirs, the
 * dates are wide and always the same, the serial number is random. Only the key tells one from another. */
static X509 *certificate_new(EVP_PKEY *key)
{
    static const unsigned char common_name[] = "WebRTC";
    X509 *certificate = X509_new();
    X509_NAME *name = X509_NAME_new();
    uint64_t serial = 0;
    bool good =
        certificate != NULL && name != NULL && RAND_bytes((unsigned char *)&serial, sizeof serial) == 1;

    good = good && X509_set_version(certificate, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1 | 1) == 1 &&
           ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate), "20000101000000Z") == 1 &&
           ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate), "20991231000000Z") == 1 &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0) == 1 &&
           X509_set_subject_name(certificate, name) == 1 && X509_set_issuer_name(certificate, name) == 1 &&
           X509_set_pubkey(certificate, key) == 1 && X509_sign(certificate, key, EVP_sha256()) > 0;
    X509_NAME_free(name);
    if (good)
        return certificate;
    X509_free(certificate);
    return NULL;
}

/* The chain means nothing here: the one certificate is right when its hash is the announced one. The hop's
 * handshake hangs on the connection; its `peer_fingerprint` is compared in dtls.c. */
static bool context_set(SSL_CTX *context, X509 *certificate, EVP_PKEY *key)
{
    char groups[] = "X25519:P-256",
         signatures[] = "ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256"; /* not const there */

    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_QUERY_MTU |
                                     SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(context, hop_dtls_verify, NULL);
    /* Note that set_tlsext_use_srtp alone gives 0 for success. */
    return SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(context, DTLS1_2_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(context, "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:"
                                            "ECDHE-ECDSA-AES256-GCM-SHA384") == 1 &&
           SSL_CTX_set1_groups_list(context, groups) == 1 &&
           SSL_CTX_set1_sigalgs_list(context, signatures) == 1 &&
           SSL_CTX_set_tlsext_use_srtp(context, "SRTP_AEAD_AES_128_GCM") == 0 &&
           SSL_CTX_use_certificate(context, certificate) == 1 && SSL_CTX_use_PrivateKey(context, key) == 1;
}

enum result hop_identity_new(struct hop_identity **out)
{
    struct hop_identity *identity = calloc(1, sizeof *identity);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = key == NULL ? NULL : certificate_new(key);
    unsigned len = 0;
    enum result res = OK;

    if (identity == NULL)
        res = E_NO_MEMORY;
    else if (certificate == NULL || (identity->context = SSL_CTX_new(DTLS_method())) == NULL ||
             !context_set(identity->context, certificate, key) ||
             X509_digest(certificate, EVP_sha256(), identity->fingerprint, &len) != 1 ||
             len != HOP_FINGERPRINT_LEN)
        res = E_CRYPTO;
    X509_free(certificate);
    EVP_PKEY_free(key);
    if (res == OK)
        *out = identity;
    else
        hop_identity_free(identity);
    return res;
}

void hop_identity_free(struct hop_identity *identity)
{
    if (identity == NULL)
        return;
    SSL_CTX_free(identity->context);
    free(identity);
}

const uint8_t *hop_identity_fingerprint(const struct hop_identity *identity)
{
    return identity->fingerprint;
}
