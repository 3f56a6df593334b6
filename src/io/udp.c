#define _GNU_SOURCE
#include "io/udp.h"

#include "io/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

enum {
    BUFFER = 4 * 1024 * 1024, /* what net.core.rmem_max allows is taken */
    SEGMENTS_MAX = 64,        /* UDP_MAX_SEGMENTS of older kernels */
    SEGMENTED_MAX = 65000     /* bytes of one segmented send; an IP packet's length is 16 bits */
};

struct udp {
    int fd, family;
    bool segments;
    struct address at;
    struct udp_packet packets[UDP_BATCH];
    struct mmsghdr heads[UDP_BATCH];
    struct iovec runs[UDP_BATCH];
    struct sockaddr_storage names[UDP_BATCH];
    uint8_t bodies[UDP_BATCH][UDP_PACKET_MAX];
};

static enum result prepare(struct udp *u, const struct address *at, enum udp_sharing sharing)
{
    struct sockaddr_storage name;
    int on = 1, off = 0, size = BUFFER;
    socklen_t len;

    u->family = address_is_v4(at) ? AF_INET : AF_INET6;
    u->fd = socket(u->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
    if (u->fd < 0)
        return E_IO;
    if (u->family == AF_INET6 && setsockopt(u->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0)
        return E_IO;
    if (sharing == UDP_SHARED && setsockopt(u->fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
        return E_IO;
    /* The system cuts the wish down to its limit; root may go beyond. Small buffers are no reason to fail. */
    if (setsockopt(u->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
        (void)setsockopt(u->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    if (setsockopt(u->fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) != 0)
        (void)setsockopt(u->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);

    len = socket_address(at, u->family, &name);
    if (bind(u->fd, (struct sockaddr *)&name, len) != 0)
        return E_IO;
    return socket_bound(u->fd, &u->at);
}

enum result udp_open(const struct address *at, enum udp_sharing sharing, struct udp **out)
{
    struct udp *u = calloc(1, sizeof *u);
    enum result res;

    if (u == NULL)
        return E_NO_MEMORY;
    u->fd = -1;
    u->segments = true;
    res = prepare(u, at, sharing);
    if (res != OK) {
        int why = errno;

        udp_close(u);
        errno = why;
        return res;
    }
    *out = u;
    return OK;
}

void udp_close(struct udp *u)
{
    if (u == NULL)
        return;
    if (u->fd >= 0)
        close(u->fd);
    free(u);
}

struct address udp_address(const struct udp *u)
{
    return u->at;
}

int udp_fd(const struct udp *u)
{
    return u->fd;
}

bool udp_segments(const struct udp *u)
{
    return u->segments;
}

static enum result receive_once(struct udp *u, unsigned *kept)
{
    int got;

    for (int i = 0; i < UDP_BATCH; i++) {
        u->runs[i] = (struct iovec){u->bodies[i], UDP_PACKET_MAX};
        u->heads[i].msg_hdr = (struct msghdr){.msg_name = &u->names[i],
                                              .msg_namelen = sizeof u->names[i],
                                              .msg_iov = &u->runs[i],
                                              .msg_iovlen = 1};
    }
    do
        got = recvmmsg(u->fd, u->heads, UDP_BATCH, 0, NULL);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? E_AGAIN : E_IO;

    for (int i = 0; i < got; i++) {
        if (u->heads[i].msg_hdr.msg_flags & MSG_TRUNC)
            continue;
        u->packets[*kept].from = socket_address_from(&u->names[i]);
        u->packets[(*kept)++].body = (struct bytes_mut){u->bodies[i], u->heads[i].msg_len};
    }
    return OK;
}

enum result udp_receive(struct udp *u, const struct udp_packet **packets, unsigned *count)
{
    enum result res;

    /* A batch of nothing but oversized packets is no sign that the socket is empty. */
    *count = 0;
    do
        res = receive_once(u, count);
    while (res == OK && *count == 0);
    *packets = u->packets;
    return res;
}

/* Sends the messages of heads[0..count), whose names and runs are filled in. A message that the system
 * refuses for its own sake is skipped, so that the others still go. */
static unsigned send_heads(struct udp *u, struct mmsghdr *heads, unsigned count)
{
    unsigned done = 0, lost = 0;

    while (done < count) {
        int sent = sendmmsg(u->fd, heads + done, count - done, 0);

        if (sent > 0) {
            done += (unsigned)sent;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
            return lost + count - done;
        } else if (errno != EINTR) {
            lost++;
            done++;
        }
    }
    return lost;
}

static bool fill_head(const struct udp *u, struct mmsghdr *head, struct sockaddr_storage *name,
                      struct iovec *run, const struct address *to)
{
    socklen_t len = socket_address(to, u->family, name);

    *head =
        (struct mmsghdr){.msg_hdr = {.msg_name = name, .msg_namelen = len, .msg_iov = run, .msg_iovlen = 1}};
    return len != 0;
}

unsigned udp_send(struct udp *u, const struct outbox *outbox)
{
    struct mmsghdr heads[OUTBOX_MESSAGES];
    struct sockaddr_storage names[OUTBOX_MESSAGES];
    struct iovec runs[OUTBOX_MESSAGES];
    unsigned count = 0, lost = 0;

    for (unsigned i = 0; i < outbox->count; i++) {
        const struct outbox_message *m = &outbox->messages[i];

        runs[count] = (struct iovec){m->body.at, m->body.len};
        if (fill_head(u, &heads[count], &names[count], &runs[count], &m->to))
            count++;
        else
            lost++;
    }
    return lost + send_heads(u, heads, count);
}

/* sendmsg has no const version of an iovec; it only reads. */
static struct iovec run_of(struct bytes b)
{
    struct iovec run = {.iov_len = b.len};

    memcpy(&run.iov_base, &b.at, sizeof run.iov_base);
    return run;
}

unsigned udp_send_one(struct udp *u, const struct address *to, struct bytes packet)
{
    struct mmsghdr head;
    struct sockaddr_storage name;
    struct iovec run = run_of(packet);

    if (!fill_head(u, &head, &name, &run, to))
        return 1;
    return send_heads(u, &head, 1);
}

static unsigned send_singly(struct udp *u, const struct address *to, struct bytes packets, size_t each)
{
    struct mmsghdr heads[SEGMENTS_MAX];
    struct sockaddr_storage names[SEGMENTS_MAX];
    struct iovec runs[SEGMENTS_MAX];
    unsigned count = 0;

    for (size_t at = 0; at < packets.len; at += each) {
        size_t len = packets.len - at < each ? packets.len - at : each;

        runs[count] = run_of(bytes(packets.at + at, len));
        if (!fill_head(u, &heads[count], &names[count], &runs[count], to))
            return (unsigned)((packets.len + each - 1) / each);
        count++;
    }
    return send_heads(u, heads, count);
}

/* One segmented send of at most SEGMENTS_MAX packets. */
static unsigned send_segmented(struct udp *u, const struct address *to, struct bytes packets, size_t each)
{
    union {
        struct cmsghdr aligned;
        uint8_t room[CMSG_SPACE(sizeof(uint16_t))];
    } control = {.room = {0}};
    struct mmsghdr head;
    struct sockaddr_storage name;
    struct iovec run = run_of(packets);
    uint16_t size = (uint16_t)each;
    ssize_t sent;

    if (!fill_head(u, &head, &name, &run, to))
        return (unsigned)((packets.len + each - 1) / each);
    head.msg_hdr.msg_control = control.room;
    head.msg_hdr.msg_controllen = sizeof control.room;
    control.aligned =
        (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof size), .cmsg_level = SOL_UDP, .cmsg_type = UDP_SEGMENT};
    memcpy(CMSG_DATA(&control.aligned), &size, sizeof size);

    do
        sent = sendmsg(u->fd, &head.msg_hdr, 0);
    while (sent < 0 && errno == EINTR);
    if (sent >= 0)
        return 0;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)
        return (unsigned)((packets.len + each - 1) / each);

    /* Kernels that offer segmentation and cannot do it on this way say EIO or EINVAL (field report G52).
     * Other reasons concern the address, and the single sends will meet them again. */
    if (errno == EIO || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOPROTOOPT)
        u->segments = false;
    return send_singly(u, to, packets, each);
}

unsigned udp_send_segments(struct udp *u, const struct address *to, struct bytes packets, size_t each)
{
    unsigned lost = 0;
    size_t batch;

    if (each == 0 || each > UDP_PACKET_MAX)
        return packets.len == 0 ? 0 : 1;
    batch = SEGMENTED_MAX / each < SEGMENTS_MAX ? SEGMENTED_MAX / each : SEGMENTS_MAX;
    while (packets.len != 0) {
        size_t len = packets.len < batch * each ? packets.len : batch * each;
        struct bytes part = bytes(packets.at, len);

        if (u->segments && len > each)
            lost += send_segmented(u, to, part, each);
        else
            lost += send_singly(u, to, part, each);
        packets = bytes(packets.at + len, packets.len - len);
    }
    return lost;
}
