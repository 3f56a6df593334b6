/* Any packet: what is read lies inside it, and what is written again reads the same. */
#include "wire/rtp.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct bytes outer, struct bytes run)
{
    assert(run.len == 0 || (run.at >= outer.at && run.at + run.len <= outer.at + outer.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes packet = bytes(data, size), value;
    struct rtp p, header, again;

    if (rtp_read(packet, &p) != OK)
        return 0;
    assert(rtp_header_read(packet, &header) == OK);
    assert(p.header_len + p.payload.len + p.padding == size);
    assert(header.header_len == p.header_len && header.payload.len == p.payload.len + p.padding);
    inside(packet, p.csrcs);
    inside(packet, p.extension);
    inside(packet, p.payload);
    for (unsigned id = 0; id < 256; id++)
        if (rtp_element(&p, (uint8_t)id, &value) == OK)
            inside(p.extension, value);

    uint8_t *room = malloc(size);
    assert(room != NULL);
    assert(rtp_write(&p, (struct bytes_mut){room, size}, &value) == OK);
    assert(rtp_read(value, &again) == OK);
    assert(bytes_equal(again.payload, p.payload) && bytes_equal(again.extension, p.extension));
    assert(again.sequence == p.sequence && again.ssrc == p.ssrc && again.time == p.time);
    free(room);
    return 0;
}
