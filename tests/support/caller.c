#define _POSIX_C_SOURCE 200809L
#include "support/caller.h"

#include "core/core.h"
#include "crypto/crypto.h"
#include "wire/envelope.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

enum { OPCODE_BINARY = 2, OPCODE_CLOSE = 8, HEAD_MAX = 4096 };

static bool read_all(struct caller *c, uint8_t *to, size_t len)
{
    while (len != 0) {
        ssize_t got = recv(c->fd, to, len, 0);

        if (got <= 0)
            return false;
        to += got;
        len -= (size_t)got;
    }
    return true;
}

static void write_all(struct caller *c, struct bytes b)
{
    while (b.len != 0) {
        ssize_t put = send(c->fd, b.at, b.len, MSG_NOSIGNAL);

        assert_true(put > 0);
        b = bytes(b.at + put, b.len - (size_t)put);
    }
}

static unsigned upgrade(struct caller *c)
{
    static const char ask[] =
        "GET /signal HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: teahouse.1\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    char head[HEAD_MAX] = "", forwarded[128] = "\r\n";
    unsigned status;
    size_t len = 0;

    if (c->forwarded != NULL)
        snprintf(forwarded, sizeof forwarded, "X-Forwarded-For: %s\r\n\r\n", c->forwarded);
    write_all(c, bytes(ask, sizeof ask - 1));
    write_all(c, bytes(forwarded, strlen(forwarded)));
    while (strstr(head, "\r\n\r\n") == NULL) {
        assert_true(len + 1 < sizeof head);
        assert_true(read_all(c, (uint8_t *)head + len, 1));
        head[++len] = '\0';
    }
    assert_int_equal(sscanf(head, "HTTP/1.1 %u ", &status), 1);
    return status;
}

unsigned caller_dial(struct caller *c, uint16_t port, int receive)
{
    const struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval patience = {10, 0};

    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(c->fd >= 0);
    assert_int_equal(setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    assert_int_equal(setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience), 0);
    if (receive != 0)
        assert_int_equal(setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &receive, sizeof receive), 0);
    assert_int_equal(connect(c->fd, (const struct sockaddr *)&to, sizeof to), 0);
    c->request = 0;
    c->closed = 0;
    return upgrade(c);
}

void caller_open(struct caller *c, uint16_t port, int receive)
{
    struct signal first;

    assert_int_equal(caller_dial(c, port, receive), 101);
    assert_true(caller_take(c, &first));
    assert_int_equal(first.type, SIGNAL_CHALLENGE);
    memcpy(c->house, first.challenge.house, sizeof c->house);
    memcpy(c->nonce, first.challenge.nonce, sizeof c->nonce);
}

void caller_close(struct caller *c)
{
    close(c->fd);
    c->fd = -1;
}

void caller_send(struct caller *c, struct signal *signal)
{
    static uint8_t plain[SIGNAL_BYTES], padded[SIGNAL_BYTES];
    uint8_t head[14] = {0x80 | OPCODE_BINARY, 0x80 | 127}; /* under a mask of zeros */
    struct bytes message;

    signal->request = ++c->request;
    assert_int_equal(signal_write(signal, (struct bytes_mut){plain, sizeof plain}, &message), OK);
    assert_int_equal(envelope_pad(message, (struct bytes_mut){padded, sizeof padded}, &message), OK);
    if (message.len < 65536) {
        head[1] = 0x80 | 126;
        head[2] = (uint8_t)(message.len >> 8);
        head[3] = (uint8_t)message.len;
    } else {
        for (unsigned i = 0; i < 4; i++)
            head[6 + i] = (uint8_t)(message.len >> (24 - 8 * i));
    }
    write_all(c, bytes(head, message.len < 65536 ? 8 : 14));
    write_all(c, message);
}

bool caller_take(struct caller *c, struct signal *out)
{
    for (;;) {
        uint8_t head[2], longer[8] = {0};
        size_t len, more;
        struct bytes message;

        if (!read_all(c, head, 2))
            return false;
        len = head[1];
        more = len < 126 ? 0 : len == 126 ? 2 : 8;
        if (!read_all(c, longer, more))
            return false;
        for (size_t i = 0; i < more; i++)
            len = i == 0 ? longer[i] : len << 8 | longer[i];
        assert_true(len <= sizeof c->message);
        if (!read_all(c, c->message, len))
            return false;
        if ((head[0] & 15) == OPCODE_CLOSE) {
            assert_in_range(len, 2, sizeof c->reason);
            c->closed = (unsigned)(c->message[0] << 8 | c->message[1]);
            snprintf(c->reason, sizeof c->reason, "%.*s", (int)len - 2, (const char *)c->message + 2);
            return false;
        }
        if ((head[0] & 15) != OPCODE_BINARY)
            continue;
        assert_int_equal(envelope_unpad(bytes(c->message, len), &message), OK);
        assert_int_equal(signal_read(message, out), OK);
        return true;
    }
}

static void sign(const struct caller *c, const char *label, struct bytes content, uint8_t out[static 64])
{
    uint8_t room[ENVELOPE_SIGNED_BYTES];
    struct bytes whole;

    assert_int_equal(
        envelope_signed(label, c->house, NULL, content, (struct bytes_mut){room, sizeof room}, &whole), OK);
    assert_int_equal(crypto_ed25519_sign(c->seed, whole, out), OK);
}

void caller_sign_up(struct caller *c, const char *handle)
{
    struct signal answer;

    caller_ask_account(c, handle, &answer);
    assert_int_equal(answer.type, SIGNAL_SIGNED_IN);
}

void caller_ask_account(struct caller *c, const char *handle, struct signal *answer)
{
    struct signal ask = {.type = SIGNAL_SIGN_UP, .sign_up.handle = bytes_string(handle)};
    uint8_t content[32 + HANDLE_BYTES];

    assert_int_equal(crypto_start(), OK);
    random_fill(crypto_random(), c->seed, sizeof c->seed);
    assert_int_equal(crypto_ed25519_public(c->seed, c->key), OK);
    memcpy(content, c->nonce, 32);
    memcpy(content + 32, handle, strlen(handle));
    memcpy(ask.sign_up.account, c->key, 32);
    sign(c, ENVELOPE_SIGN_UP, bytes(content, 32 + strlen(handle)), ask.sign_up.signature);
    caller_send(c, &ask);
    assert_true(caller_take(c, answer));
}

void caller_ask_room(struct caller *c, const char *title, struct signal *answer)
{
    struct charter charter = {.stage = CHARTER_EVERYONE};
    struct signal ask = {.type = SIGNAL_ROOM_NEW, .room_new.title = bytes_string(title)};
    uint8_t room[CHARTER_BYTES], id[32];

    memcpy(charter.maker, c->key, 32);
    memcpy(charter.house, c->house, 32);
    random_fill(crypto_random(), charter.nonce, sizeof charter.nonce);
    assert_int_equal(core_charter_sign(&charter, c->seed, (struct bytes_mut){room, sizeof room},
                                       &ask.room_new.charter, ask.room_new.signature, id),
                     OK);
    caller_send(c, &ask);
    assert_true(caller_take(c, answer));
}

void caller_sign_in(struct caller *c)
{
    struct signal ask = {.type = SIGNAL_SIGN_IN}, answer;

    memcpy(ask.sign_in.account, c->key, 32);
    sign(c, ENVELOPE_SIGN_IN, BYTES_OF(c->nonce), ask.sign_in.signature);
    caller_send(c, &ask);
    assert_true(caller_take(c, &answer));
    assert_int_equal(answer.type, SIGNAL_SIGNED_IN);
}
