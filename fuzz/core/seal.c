/* The header in general, a whole frame from a stranger, and what a member sealed inside it. */
#include "core/keyring.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fill(void *self, uint8_t *to, size_t len)
{
    (void)self;
    memset(to, 0x11, len);
}

static void header(struct bytes data)
{
    struct reader r = reader_on(data);
    struct seal_header h;
    uint8_t again[17];
    struct writer w = writer_over(again);
    struct bytes written;

    seal_header_read(&r, &h);
    if (r.failed)
        return;
    /* One encoding: what was read is what we should have written. */
    seal_header_write(&w, &h);
    assert(writer_end(&w, &written) == OK);
    assert((size_t)(r.at - data.at) == written.len);
    assert(memcmp(written.at, data.at, written.len) == 0);
}

/* In memory of its exact size, so that a read past the end is seen. */
static void frame(struct bytes data)
{
    static const struct random fixed = {fill, NULL};
    static const uint16_t speakers[] = {0, 1, 0x1234};
    static const uint8_t base_key[SEAL_BASE_KEY_LEN] = {1};
    struct keyring_epoch epoch = {
        .number = 3, .base_key = base_key, .speakers = speakers, .speaker_count = 3};
    struct keyring *ring = NULL;
    struct keyring_heard heard;
    uint8_t copy[FRAME_SEALED_MAX];

    if (data.len > sizeof copy || keyring_new(&fixed, FRAME_PLAIN_SPEECH, &ring) != OK)
        return;
    if (data.len != 0)
        memcpy(copy + sizeof copy - data.len, data.at, data.len);
    assert(keyring_enter(ring, 0, &epoch) == OK);
    epoch.number = 4;
    assert(keyring_enter(ring, 0, &epoch) == OK);
    for (unsigned slot = 0; slot < 2; slot++) {
        uint64_t before = keyring_stats(ring)->attempts;
        enum result res =
            keyring_open(ring, 0, slot, (struct bytes_mut){copy + sizeof copy - data.len, data.len}, &heard);

        /* Nobody seals under this key but a seed, and the second time it is a replay. */
        assert(res != OK || slot == 0);
        assert(keyring_stats(ring)->attempts - before <= 1);
    }
    keyring_free(ring);
}

static void plain(struct bytes data)
{
    struct voice voice;

    if (voice_read(data, &voice) != OK)
        return;
    assert(voice.opus.len != 0);
    assert(voice.opus.at >= data.at && voice.opus.at + voice.opus.len <= data.at + data.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (crypto_start() != OK)
        return 0;
    header(bytes(data, size));
    frame(bytes(data, size));
    plain(bytes(data, size));
    return 0;
}
