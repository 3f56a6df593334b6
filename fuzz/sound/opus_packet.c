/* Packets into one decoder, in a row, each with its length before it: what is of the profile decodes, what is
 * not is refused by both ways in, and neither writes past a frame. */
#include "sound/opus.h"

#include "base/reader.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader r = reader_on(bytes(data, size));
    struct sound_decoder *decoder;

    if (sound_decoder_new(&decoder) != OK)
        return 0;
    while (reader_left(&r) != 0) {
        struct {
            float out[SOUND_FRAME], guard;
        } frame = {.guard = 7};
        struct bytes packet = reader_run8(&r);
        enum result check = sound_packet_check(packet), res = sound_decode_lost(decoder, packet, frame.out);

        assert(check == OK || res == check);
        res = sound_decode(decoder, packet, frame.out);
        assert(check == OK || res == check);
        assert(frame.guard == 7);
    }
    sound_decoder_free(decoder);
    return 0;
}
