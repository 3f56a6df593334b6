/* One direction of SRTP and SRTCP under AEAD_AES_128_GCM: its session keys, and what has been seen of each
 * SSRC. RFC 3711 for numbers, windows and key derivation, RFC 7714 for the cipher. Private to hop. */
#ifndef HOP_SRTP_H
#define HOP_SRTP_H

#include "crypto/crypto.h"
#include "hop/hop.h"

enum { HOP_KEY_LEN = 16, HOP_SALT_LEN = 12, HOP_WINDOW = 128 };

/* The newest number, and which of the HOP_WINDOW before it were seen: bit 0 is the newest. */
struct hop_window {
    bool begun;
    uint64_t top;
    uint64_t seen[2];
};

/* An RTP number is the rollover counter and the sequence number, 48 bits; an RTCP number is SRTCP's index. */
struct hop_stream {
    struct hop_window rtp, rtcp;
};

struct hop_way {
    struct crypto_sealer *rtp, *rtcp;
    uint8_t rtp_salt[HOP_SALT_LEN], rtcp_salt[HOP_SALT_LEN];
    unsigned count;
    uint32_t ssrcs[HOP_STREAMS];
    struct hop_stream streams[HOP_STREAMS];
};

/* RFC 3711, section 4.3, AES-CM as PRF: `label` 0 and 2 give key and salt of RTP, 3 and 5 of RTCP. The
 * 12-byte master salt is padded with zeros to the 14 bytes of AES-CM (RFC 7714, section 11). OK | E_CRYPTO */
MUST_USE enum result hop_derive(const uint8_t key[static HOP_KEY_LEN], const uint8_t salt[static 14],
                                uint8_t label, struct bytes_mut out);

/* From the master key and salt of one direction. On error the way is empty.
 * OK | E_NO_MEMORY | E_CRYPTO */
MUST_USE enum result hop_way_start(struct hop_way *, const uint8_t key[static HOP_KEY_LEN],
                                   const uint8_t salt[static HOP_SALT_LEN]);
/* The same from session keys. */
MUST_USE enum result hop_way_keyed(struct hop_way *, const uint8_t rtp_key[static HOP_KEY_LEN],
                                   const uint8_t rtp_salt[static HOP_SALT_LEN],
                                   const uint8_t rtcp_key[static HOP_KEY_LEN],
                                   const uint8_t rtcp_salt[static HOP_SALT_LEN]);
void hop_way_end(struct hop_way *); /* wipes; an empty way is fine */

/* In place; as hop_seal_rtp, hop_seal_rtcp in hop.h. */
MUST_USE enum result hop_way_seal_rtp(struct hop_way *, struct bytes_mut room, size_t *len);
MUST_USE enum result hop_way_seal_rtcp(struct hop_way *, struct bytes_mut room, size_t *len);

/* In place: *out is the plain packet, without its padding, or *len its length. Nothing is remembered of a
 * packet that does not verify. OK | E_MALFORMED | E_FORGED | E_REPLAY | E_NO_MEMORY (too many SSRCs) |
 * E_CRYPTO */
MUST_USE enum result hop_way_open_rtp(struct hop_way *, struct bytes_mut packet, struct rtp *out);
MUST_USE enum result hop_way_open_rtcp(struct hop_way *, struct bytes_mut packet, size_t *len);

#endif
