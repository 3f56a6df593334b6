#define _GNU_SOURCE
#include "support/capture.h"

#include "base/reader.h"

#include <pcap/pcap.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 64 * 1024 * 1024, PACKETS = 256 * 1024, SETTLE_MS = 300, SNAP = 65535 };

struct capture {
    pcap_t *pcap;
    pthread_t thread;
    atomic_bool ends;
    bool running;
    size_t used, count, missed;
    uint8_t *room;
    struct capture_packet *packets;
};

/* Ethernet, IPv4 without fragments, then UDP or TCP: all that the loopback carries here. */
static bool packet_read(struct bytes frame, struct capture_packet *out)
{
    struct reader r = reader_on(frame);
    size_t header, total;
    uint8_t version, protocol;

    reader_take(&r, 12);
    if (reader_u16(&r) != 0x0800)
        return false;
    version = reader_u8(&r);
    reader_take(&r, 1);
    total = reader_u16(&r);
    reader_take(&r, 5);
    protocol = reader_u8(&r);
    reader_take(&r, 10);
    header = (version & 15u) * 4u;
    if (r.failed || version >> 4 != 4 || header < 20 || total < header || (protocol != 6 && protocol != 17))
        return false;
    reader_take(&r, header - 20);
    if (reader_left(&r) < total - header)
        return false;
    r.end = r.at + (total - header);

    out->udp = protocol == 17;
    out->from = reader_u16(&r);
    out->to = reader_u16(&r);
    if (out->udp) {
        reader_take(&r, 4);
    } else {
        out->sequence = reader_u32(&r);
        reader_take(&r, 4);
        header = (reader_u8(&r) >> 4) * 4u;
        if (header < 20)
            return false;
        reader_take(&r, header - 13);
    }
    out->payload = reader_take(&r, reader_left(&r));
    return !r.failed && out->payload.len != 0;
}

static void packet_keep(struct capture *c, const struct pcap_pkthdr *info, const u_char *data)
{
    struct capture_packet packet = {0};

    if (!packet_read(bytes(data, info->caplen), &packet))
        return;
    if (c->count == PACKETS || ROOM - c->used < packet.payload.len) {
        c->missed++;
        return;
    }
    memcpy(c->room + c->used, packet.payload.at, packet.payload.len);
    packet.payload.at = c->room + c->used;
    packet.at_us = (int64_t)info->ts.tv_sec * 1000000 + info->ts.tv_usec;
    c->used += packet.payload.len;
    c->packets[c->count++] = packet;
}

/* Ends at the first empty wait after it was told to, which comes after all that was sent before. */
static void *capture_run(void *self)
{
    struct capture *c = self;
    struct pollfd ready = {pcap_get_selectable_fd(c->pcap), POLLIN, 0};
    struct pcap_pkthdr *info;
    const u_char *data;

    for (;;) {
        bool ends = atomic_load(&c->ends);
        int found = poll(&ready, 1, SETTLE_MS), res;

        while ((res = pcap_next_ex(c->pcap, &info, &data)) == 1)
            packet_keep(c, info, data);
        if (res < 0 || (found == 0 && ends))
            return NULL;
    }
}

static bool pcap_ready(struct capture *c, uint16_t first_port, uint16_t second_port)
{
    char why[PCAP_ERRBUF_SIZE], filter[64];
    struct bpf_program program;
    bool ready;

    c->pcap = pcap_create("lo", why);
    if (c->pcap == NULL || pcap_set_snaplen(c->pcap, SNAP) != 0 ||
        pcap_set_timeout(c->pcap, SETTLE_MS / 3) != 0 || pcap_set_buffer_size(c->pcap, ROOM) != 0 ||
        pcap_activate(c->pcap) < 0 || pcap_setdirection(c->pcap, PCAP_D_IN) != 0)
        return false;
    snprintf(filter, sizeof filter, "port %u or port %u", first_port, second_port);
    if (pcap_compile(c->pcap, &program, filter, 1, PCAP_NETMASK_UNKNOWN) != 0)
        return false;
    ready = pcap_setfilter(c->pcap, &program) == 0 && pcap_setnonblock(c->pcap, 1, why) == 0;
    pcap_freecode(&program);
    return ready;
}

struct capture *capture_start(uint16_t first_port, uint16_t second_port)
{
    struct capture *c = calloc(1, sizeof *c);

    if (c == NULL)
        return NULL;
    c->room = malloc(ROOM);
    c->packets = calloc(PACKETS, sizeof *c->packets);
    if (c->room != NULL && c->packets != NULL && pcap_ready(c, first_port, second_port))
        c->running = pthread_create(&c->thread, NULL, capture_run, c) == 0;
    if (!c->running) {
        capture_free(c);
        return NULL;
    }
    return c;
}

void capture_stop(struct capture *c)
{
    struct pcap_stat stat = {0};

    if (!c->running)
        return;
    atomic_store(&c->ends, true);
    pthread_join(c->thread, NULL);
    c->running = false;
    if (pcap_stats(c->pcap, &stat) == 0)
        c->missed += stat.ps_drop;
}

void capture_free(struct capture *c)
{
    if (c == NULL)
        return;
    capture_stop(c);
    if (c->pcap != NULL)
        pcap_close(c->pcap);
    free(c->packets);
    free(c->room);
    free(c);
}

size_t capture_count(const struct capture *c)
{
    return c->count;
}

size_t capture_missed(const struct capture *c)
{
    return c->missed;
}

struct capture_packet capture_packet(const struct capture *c, size_t index)
{
    return c->packets[index];
}
