/* Frames of a voice in a browser, whose Opus encoder, jitter buffer and loudspeaker are its own: what comes
 * between them and the wire is sealed and opened here, in place, one frame a call. */
#ifndef CLIENT_WASM_VOICE_H
#define CLIENT_WASM_VOICE_H

#include "client/beat.h"

/* Seals one frame of the microphone. `frame` has room for any sealed frame and begins with `len` bytes of
 * Opus; *sealed_len is the profile's, whatever is said: Opus that is too long, or no frame of 20 ms, is
 * replaced by silence. After an error nothing may be sent. OK | E_STATE (the microphone is closed) | errors
 * of keyring_seal */
MUST_USE enum result voice_seal(struct beat *, uint64_t now_us, struct bytes_mut frame, size_t len,
                                size_t *sealed_len);

/* Opens one frame that came in `slot`; *opus then points into it. An empty frame is a probe: E_AGAIN, and
 * nothing is counted (field report G04).
 * OK | E_NO_KEY (hold it for EARLY_HOLD_MS, and try it again when an epoch has begun) | errors of
 * keyring_open: it may not be played */
MUST_USE enum result voice_open(struct beat *, uint64_t now_us, unsigned slot, struct bytes_mut frame,
                                struct bytes *opus);
/* A frame that was held in vain. */
void voice_gave_up(struct beat *);

#endif
