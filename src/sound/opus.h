/* Opus as Teahouse speaks it: 48 kHz, mono, frames of 20 ms, constant bit rate, no DTX, in-band FEC (RFC
 * 6716, RFC 7587). Nothing here allocates after `_new`. One thread at a time per object. */
#ifndef SOUND_OPUS_H
#define SOUND_OPUS_H

#include "base/bytes.h"
#include "base/result.h"
#include "sound/sound.h"

enum {
    SOUND_SPEECH_BITRATE = 32000,
    SOUND_SPEECH_BYTES = 80, /* of every packet that the encoder makes */
};

struct sound_encoder;
struct sound_decoder;

/* OK | E_NO_MEMORY */
MUST_USE enum result sound_encoder_new(struct sound_encoder **);
void sound_encoder_free(struct sound_encoder *);

/* One frame to one packet of exactly SOUND_SPEECH_BYTES, in silence too. */
void sound_encode(struct sound_encoder *, const float in[static SOUND_FRAME],
                  uint8_t out[static SOUND_SPEECH_BYTES]);

/* OK | E_NO_MEMORY */
MUST_USE enum result sound_decoder_new(struct sound_decoder **);
void sound_decoder_free(struct sound_decoder *);
/* Forgets what came before, for a stream that begins anew. */
void sound_decoder_reset(struct sound_decoder *);

/* Whether a packet is of the profile: one frame of 20 ms, mono or stereo (RFC 6716, section 3). Packets
 * of 2.5 to 60 ms and of several frames are refused, whole, before a decoder sees them (field report G14). OK
 * | E_MALFORMED | E_UNSUPPORTED */
MUST_USE enum result sound_packet_check(struct bytes packet);

/* One packet to one frame. On an error the frame is what sound_conceal would give.
 * OK | E_MALFORMED | E_UNSUPPORTED (as sound_packet_check) */
MUST_USE enum result sound_decode(struct sound_decoder *, struct bytes packet, float out[static SOUND_FRAME]);

/* The frame before `next`, whose own packet is lost, from the second copy that `next` may carry; concealed
 * where it carries none. Decode `next` itself afterwards. Errors as sound_decode. */
MUST_USE enum result sound_decode_lost(struct sound_decoder *, struct bytes next,
                                       float out[static SOUND_FRAME]);

/* A frame for which there is nothing: made up from what came before, fading when repeated. */
void sound_conceal(struct sound_decoder *, float out[static SOUND_FRAME]);

#endif
