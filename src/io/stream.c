#include "io/stream.h"

#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct bufferevent *stream_new(struct loop *loop, int fd, const struct tls *tls, const char *host)
{
    struct bufferevent *stream = NULL;

    if (tls == NULL) {
        stream = bufferevent_socket_new(loop_base(loop), fd, BEV_OPT_CLOSE_ON_FREE);
    } else {
        SSL *ssl = tls_connection(tls, host);

        if (ssl != NULL)
            stream = bufferevent_openssl_socket_new(
                loop_base(loop), fd, ssl,
                host != NULL ? BUFFEREVENT_SSL_CONNECTING : BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
        if (stream == NULL)
            SSL_free(ssl);
        else /* HTTP and WebSocket both say themselves where a message ends, so a cut shows without
                close_notify. */
            bufferevent_openssl_set_allow_dirty_shutdown(stream, 1);
    }
    if (stream == NULL)
        close(fd);
    return stream;
}

enum result stream_why(struct bufferevent *stream, short events)
{
    SSL *ssl = bufferevent_openssl_get_ssl(stream);

    if (events & BEV_EVENT_TIMEOUT)
        return E_EXPIRED;
    if (ssl != NULL && SSL_get_verify_result(ssl) != X509_V_OK)
        return E_FORGED;
    if (ssl != NULL && (events & BEV_EVENT_ERROR) && bufferevent_get_openssl_error(stream) != 0)
        return E_CRYPTO;
    return E_CLOSED;
}

void stream_shut(struct bufferevent *stream)
{
    SSL *ssl = bufferevent_openssl_get_ssl(stream);

    if (ssl != NULL) {
        (void)SSL_shutdown(ssl);
        ERR_clear_error();
    }
    (void)shutdown(bufferevent_getfd(stream), SHUT_WR);
}

struct dial {
    struct loop *loop;
    const struct tls *tls;
    char host[256];
    struct gate_call *call;
    struct bufferevent *stream;
    struct address peer;
    void (*done)(void *context, enum result, struct bufferevent *, const struct address *);
    void *context;
};

void dial_cancel(struct dial *d)
{
    if (d == NULL)
        return;
    gate_cancel(d->call);
    if (d->stream != NULL)
        bufferevent_free(d->stream);
    free(d);
}

static void finish(struct dial *d, enum result res)
{
    void (*done)(void *, enum result, struct bufferevent *, const struct address *) = d->done;
    void *context = d->context;
    struct bufferevent *stream = NULL;
    struct address peer = d->peer;

    if (res == OK) {
        stream = d->stream;
        d->stream = NULL;
        bufferevent_setcb(stream, NULL, NULL, NULL, NULL);
    }
    dial_cancel(d);
    done(context, res, stream, &peer);
}

static void secured(struct bufferevent *stream, short events, void *context)
{
    finish(context, events & BEV_EVENT_CONNECTED ? OK : stream_why(stream, events));
}

static void opened(void *context, enum result res, int fd, const struct address *peer)
{
    struct dial *d = context;

    d->call = NULL;
    d->peer = *peer;
    if (res == OK) {
        d->stream = stream_new(d->loop, fd, d->tls, d->host);
        if (d->stream == NULL)
            res = E_NO_MEMORY;
    }
    if (res != OK || d->tls == NULL) {
        finish(d, res);
        return;
    }
    bufferevent_setcb(d->stream, NULL, NULL, secured, d);
}

enum result dial_open(const struct gate *gate, struct loop *loop, const struct tls *tls, const char *host,
                      uint16_t port,
                      void (*done)(void *context, enum result, struct bufferevent *, const struct address *),
                      void *context, struct dial **out)
{
    struct dial *d = calloc(1, sizeof *d);
    enum result res;

    if (d == NULL)
        return E_NO_MEMORY;
    *d = (struct dial){.loop = loop, .tls = tls, .done = done, .context = context};
    snprintf(d->host, sizeof d->host, "%s", host);
    res = gate_open(gate, loop, host, port, opened, d, &d->call);
    if (res != OK) {
        dial_cancel(d);
        return res;
    }
    *out = d;
    return OK;
}
