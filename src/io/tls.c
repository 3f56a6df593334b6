#include "io/tls.h"

#include "base/address.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct tls {
    SSL_CTX *context;
    bool server;
};

static enum result tls_new(const SSL_METHOD *method, struct tls **out)
{
    struct tls *tls = calloc(1, sizeof *tls);
    SSL_CTX *c = SSL_CTX_new(method);

    if (tls == NULL || c == NULL) {
        SSL_CTX_free(c);
        free(tls);
        return E_NO_MEMORY;
    }
    tls->context = c;
    SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
    /* In TLS 1.3 SSL_OP_NO_TICKET alone would turn tickets into session ids, which link just as well. */
    if (SSL_CTX_set_num_tickets(c, 0) != 1 || SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(c, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1) {
        tls_free(tls);
        return E_CRYPTO;
    }
    *out = tls;
    return OK;
}

enum result tls_server_new(const char *certificate_file, const char *key_file, struct tls **out)
{
    struct tls *tls;
    enum result res = tls_new(TLS_server_method(), &tls);

    if (res != OK)
        return res;
    tls->server = true;
    if (SSL_CTX_use_certificate_chain_file(tls->context, certificate_file) != 1)
        res = E_MALFORMED;
    else if (SSL_CTX_use_PrivateKey_file(tls->context, key_file, SSL_FILETYPE_PEM) != 1)
        res = ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH ? E_REFUSED : E_MALFORMED;
    else if (SSL_CTX_check_private_key(tls->context) != 1)
        res = E_REFUSED;
    ERR_clear_error();
    if (res != OK) {
        tls_free(tls);
        return res;
    }
    *out = tls;
    return OK;
}

enum result tls_client_new(const char *authorities_file, struct tls **out)
{
    struct tls *tls;
    enum result res = tls_new(TLS_client_method(), &tls);
    int trusts;

    if (res != OK)
        return res;
    SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, NULL);
    if (authorities_file != NULL)
        trusts = SSL_CTX_load_verify_file(tls->context, authorities_file);
    else
        trusts = SSL_CTX_set_default_verify_paths(tls->context);
    ERR_clear_error();
    if (trusts != 1) {
        tls_free(tls);
        return authorities_file != NULL ? E_MALFORMED : E_CRYPTO;
    }
    *out = tls;
    return OK;
}

void tls_free(struct tls *tls)
{
    if (tls == NULL)
        return;
    SSL_CTX_free(tls->context);
    free(tls);
}

static bool expect_host(SSL *ssl, const char *host)
{
    struct address literal;
    char name[256]; /* the macro below casts const away */

    if (address_parse(bytes_string(host), 0, &literal) == OK)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    if (strlen(host) >= sizeof name)
        return false;
    memcpy(name, host, strlen(host) + 1);
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

struct ssl_st *tls_connection(const struct tls *tls, const char *host)
{
    SSL *ssl = SSL_new(tls->context);

    assert(tls->server == (host == NULL));
    if (ssl != NULL && host != NULL && !expect_host(ssl, host)) {
        SSL_free(ssl);
        ssl = NULL;
    }
    ERR_clear_error();
    return ssl;
}
