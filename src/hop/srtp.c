#include "hop/srtp.h"

#include <openssl/evp.h>
#include <string.h>

enum {
    TAG_LEN = CRYPTO_AEAD_TAG_LEN,
    RTCP_HEAD_LEN = 8, /* the first packet's header and SSRC stay in clear */
    INDEX_LEN = 4,
    RETRY_MAX = 2048, /* the longest packet that is tried under two rollover counters */
};

static const uint64_t number_end = (uint64_t)1 << 48;     /* RTP numbers lie below */
static const uint64_t index_end = (uint64_t)1 << 31;      /* SRTCP's too */
static const uint32_t encrypted_flag = (uint32_t)1 << 31; /* SRTCP's E, before the index */

/* Key derivation. */

enum result hop_derive(const uint8_t key[static HOP_KEY_LEN], const uint8_t salt[static 14], uint8_t label,
                       struct bytes_mut out)
{
    EVP_CIPHER_CTX *aes = EVP_CIPHER_CTX_new();
    uint8_t iv[16] = {0};
    enum result res = E_CRYPTO;
    int len;

    memcpy(iv, salt, 14);
    iv[7] ^= label; /* the key id is label and a packet index of zero, aligned with the salt's end */
    memset(out.at, 0, out.len);
    if (aes != NULL && EVP_EncryptInit_ex2(aes, EVP_aes_128_ctr(), key, iv, NULL) == 1 &&
        EVP_EncryptUpdate(aes, out.at, &len, out.at, (int)out.len) == 1)
        res = OK;
    EVP_CIPHER_CTX_free(aes);
    return res;
}

enum result hop_way_keyed(struct hop_way *way, const uint8_t rtp_key[static HOP_KEY_LEN],
                          const uint8_t rtp_salt[static HOP_SALT_LEN],
                          const uint8_t rtcp_key[static HOP_KEY_LEN],
                          const uint8_t rtcp_salt[static HOP_SALT_LEN])
{
    enum result res;

    memset(way, 0, sizeof *way);
    res = crypto_sealer_new(CRYPTO_AES_128_GCM, bytes(rtp_key, HOP_KEY_LEN), &way->rtp);
    if (res == OK)
        res = crypto_sealer_new(CRYPTO_AES_128_GCM, bytes(rtcp_key, HOP_KEY_LEN), &way->rtcp);
    if (res != OK) {
        hop_way_end(way);
        return res;
    }
    memcpy(way->rtp_salt, rtp_salt, HOP_SALT_LEN);
    memcpy(way->rtcp_salt, rtcp_salt, HOP_SALT_LEN);
    return OK;
}

enum result hop_way_start(struct hop_way *way, const uint8_t key[static HOP_KEY_LEN],
                          const uint8_t salt[static HOP_SALT_LEN])
{
    uint8_t padded[14] = {0};
    struct {
        uint8_t rtp_key[HOP_KEY_LEN], rtp_salt[HOP_SALT_LEN], rtcp_key[HOP_KEY_LEN], rtcp_salt[HOP_SALT_LEN];
    } session;
    const struct {
        uint8_t label;
        struct bytes_mut out;
    } parts[] = {
        {0, {session.rtp_key, HOP_KEY_LEN}},
        {2, {session.rtp_salt, HOP_SALT_LEN}},
        {3, {session.rtcp_key, HOP_KEY_LEN}},
        {5, {session.rtcp_salt, HOP_SALT_LEN}},
    };
    enum result res = OK;

    memset(way, 0, sizeof *way);
    memcpy(padded, salt, HOP_SALT_LEN);
    for (size_t i = 0; res == OK && i < sizeof parts / sizeof parts[0]; i++)
        res = hop_derive(key, padded, parts[i].label, parts[i].out);
    if (res == OK)
        res = hop_way_keyed(way, session.rtp_key, session.rtp_salt, session.rtcp_key, session.rtcp_salt);
    wipe(&session, sizeof session);
    wipe(padded, sizeof padded);
    return res;
}

void hop_way_end(struct hop_way *way)
{
    crypto_sealer_free(way->rtp);
    crypto_sealer_free(way->rtcp);
    wipe(way, sizeof *way);
}

/* Numbers and windows. */

static struct hop_stream *stream_find(struct hop_way *way, uint32_t ssrc)
{
    for (unsigned i = 0; i < way->count; i++)
        if (way->ssrcs[i] == ssrc)
            return &way->streams[i];
    return NULL;
}

/* The caller has seen that there is room. */
static struct hop_stream *stream_add(struct hop_way *way, uint32_t ssrc)
{
    struct hop_stream *stream = &way->streams[way->count];

    way->ssrcs[way->count++] = ssrc;
    memset(stream, 0, sizeof *stream);
    return stream;
}

/* RFC 3711, section 3.3.1 and appendix A: the number nearest to the newest one. The first turn has no turn
 * before it, so a sequence number that looks older than its beginning lies ahead. */
static uint64_t number_of(uint64_t top, uint16_t sequence)
{
    uint64_t rollover = top >> 16;
    uint16_t newest = (uint16_t)top;

    if (newest < 0x8000) {
        if (sequence > newest && sequence - newest > 0x8000 && rollover > 0)
            rollover--;
    } else if (newest - 0x8000 > sequence) {
        rollover++;
    }
    return rollover << 16 | sequence;
}

static bool behind(const struct hop_window *w, uint64_t number)
{
    return w->begun && number + HOP_WINDOW <= w->top;
}

static bool seen(const struct hop_window *w, uint64_t number)
{
    if (!w->begun || number > w->top)
        return false;

    uint64_t back = w->top - number;
    return back >= HOP_WINDOW || (w->seen[back / 64] >> back % 64 & 1) != 0;
}

/* Only for a number that was not seen and is not behind. */
static void mark(struct hop_window *w, uint64_t number)
{
    uint64_t ahead = number - w->top, back = w->top - number;

    if (w->begun && number <= w->top) {
        w->seen[back / 64] |= (uint64_t)1 << back % 64;
        return;
    }
    if (!w->begun || ahead >= HOP_WINDOW) {
        w->seen[0] = w->seen[1] = 0;
    } else if (ahead >= 64) {
        w->seen[1] = w->seen[0] << (ahead - 64);
        w->seen[0] = 0;
    } else {
        w->seen[1] = w->seen[1] << ahead | w->seen[0] >> (64 - ahead);
        w->seen[0] <<= ahead;
    }
    w->seen[0] |= 1;
    w->top = number;
    w->begun = true;
}

/* RFC 7714, sections 8.1 and 9.1: two zero bytes, the SSRC, and 48 bits of number, under the salt. */
static void iv_of(const uint8_t salt[static HOP_SALT_LEN], uint32_t ssrc, uint64_t number,
                  uint8_t iv[static HOP_SALT_LEN])
{
    memcpy(iv, salt, HOP_SALT_LEN);
    for (unsigned i = 0; i < 4; i++)
        iv[2 + i] ^= (uint8_t)(ssrc >> (24 - 8 * i));
    for (unsigned i = 0; i < 6; i++)
        iv[6 + i] ^= (uint8_t)(number >> (40 - 8 * i));
}

/* RTP. */

enum result hop_way_seal_rtp(struct hop_way *way, struct bytes_mut room, size_t *len)
{
    uint8_t iv[HOP_SALT_LEN];
    struct hop_stream *stream;
    struct rtp p;
    uint64_t number;
    enum result res;

    if (*len > room.len || room.len - *len < TAG_LEN)
        return E_TOO_LARGE;
    res = rtp_header_read(bytes(room.at, *len), &p);
    if (res != OK)
        return res;
    stream = stream_find(way, p.ssrc);
    if (stream == NULL && way->count == HOP_STREAMS)
        return E_NO_MEMORY;

    number = p.sequence;
    if (stream != NULL && stream->rtp.begun) {
        number = number_of(stream->rtp.top, p.sequence);
        /* A sender that counts from an earlier number again goes on in the next turn: the cipher must never
         * see one number twice (field report G09). */
        if (behind(&stream->rtp, number))
            number += 1 << 16;
        else if (seen(&stream->rtp, number))
            return E_REPLAY;
    }
    if (number >= number_end)
        return E_STATE;

    iv_of(way->rtp_salt, p.ssrc, number, iv);
    res = crypto_seal(way->rtp, iv, bytes(room.at, p.header_len),
                      (struct bytes_mut){room.at + p.header_len, *len - p.header_len}, room.at + *len);
    if (res != OK)
        return res;
    if (stream == NULL)
        stream = stream_add(way, p.ssrc);
    mark(&stream->rtp, number);
    *len += TAG_LEN;
    return OK;
}

static enum result open_as(struct hop_way *way, const struct rtp *p, uint64_t number, struct bytes head,
                           struct bytes_mut text, const uint8_t tag[static TAG_LEN])
{
    uint8_t iv[HOP_SALT_LEN];

    iv_of(way->rtp_salt, p->ssrc, number, iv);
    return crypto_open(way->rtp, iv, head, text, tag);
}

/* An SSRC that is new to us may have begun just before its sequence wrapped, and its first packets may be
 * lost (field report G05): below the middle both turns are possible. Opening overwrites, so this way alone
 * needs a copy. */
static enum result open_first(struct hop_way *way, const struct rtp *p, struct bytes head,
                              struct bytes_mut text, const uint8_t tag[static TAG_LEN], uint64_t *number)
{
    uint8_t copy[RETRY_MAX];
    bool retry = p->sequence < 0x8000 && text.len <= sizeof copy;
    enum result res;

    if (retry)
        memcpy(copy, text.at, text.len);
    *number = p->sequence;
    res = open_as(way, p, *number, head, text, tag);
    if (res != E_FORGED || !retry)
        return res;
    memcpy(text.at, copy, text.len);
    *number += 1 << 16;
    return open_as(way, p, *number, head, text, tag);
}

enum result hop_way_open_rtp(struct hop_way *way, struct bytes_mut packet, struct rtp *out)
{
    struct hop_stream *stream;
    struct rtp p;
    uint64_t number;
    enum result res = rtp_header_read(bytes_const(packet), &p);

    if (res != OK)
        return res;
    if (p.payload.len < TAG_LEN)
        return E_MALFORMED;
    stream = stream_find(way, p.ssrc);
    if (stream == NULL && way->count == HOP_STREAMS)
        return E_NO_MEMORY;

    struct bytes head = bytes(packet.at, p.header_len);
    struct bytes_mut text = {packet.at + p.header_len, p.payload.len - TAG_LEN};
    const uint8_t *tag = text.at + text.len;
    if (stream == NULL || !stream->rtp.begun) {
        res = open_first(way, &p, head, text, tag, &number);
    } else {
        bool again = false;

        number = number_of(stream->rtp.top, p.sequence);
        /* Too old, or of a sender that began to count anew: then it is in the next turn, see sealing. */
        if (behind(&stream->rtp, number)) {
            number += 1 << 16;
            again = true;
        } else if (seen(&stream->rtp, number)) {
            return E_REPLAY;
        }
        res = number < number_end ? open_as(way, &p, number, head, text, tag) : E_REPLAY;
        if (res == E_FORGED && again)
            res = E_REPLAY;
    }
    if (res != OK)
        return res;
    if (stream == NULL)
        stream = stream_add(way, p.ssrc);
    mark(&stream->rtp, number);
    p.payload.len -= TAG_LEN;
    res = rtp_unpad(&p);
    if (res == OK)
        *out = p;
    return res;
}

/* RTCP: RFC 7714, section 9. Header and SSRC, sealed text, tag, then E flag and index. */

/* What is authenticated beside the text: the clear head and the trailing word (section 9.2). */
static void rtcp_aad(const uint8_t *packet, uint64_t index, uint8_t aad[static RTCP_HEAD_LEN + INDEX_LEN])
{
    uint32_t word = encrypted_flag | (uint32_t)index;

    memcpy(aad, packet, RTCP_HEAD_LEN);
    for (unsigned i = 0; i < INDEX_LEN; i++)
        aad[RTCP_HEAD_LEN + i] = (uint8_t)(word >> (24 - 8 * i));
}

static uint32_t rtcp_ssrc(const uint8_t *packet)
{
    return (uint32_t)packet[4] << 24 | (uint32_t)packet[5] << 16 | (uint32_t)packet[6] << 8 | packet[7];
}

enum result hop_way_seal_rtcp(struct hop_way *way, struct bytes_mut room, size_t *len)
{
    uint8_t iv[HOP_SALT_LEN], aad[RTCP_HEAD_LEN + INDEX_LEN];
    struct hop_stream *stream;
    uint64_t index;
    enum result res;

    if (*len > room.len || room.len - *len < TAG_LEN + INDEX_LEN)
        return E_TOO_LARGE;
    if (*len < RTCP_HEAD_LEN || !rtp_is_rtcp(bytes(room.at, *len)))
        return E_MALFORMED;
    stream = stream_find(way, rtcp_ssrc(room.at));
    if (stream == NULL && way->count == HOP_STREAMS)
        return E_NO_MEMORY;
    index = stream != NULL && stream->rtcp.begun ? stream->rtcp.top + 1 : 1;
    if (index >= index_end)
        return E_STATE;

    rtcp_aad(room.at, index, aad);
    iv_of(way->rtcp_salt, rtcp_ssrc(room.at), index, iv);
    res = crypto_seal(way->rtcp, iv, BYTES_OF(aad),
                      (struct bytes_mut){room.at + RTCP_HEAD_LEN, *len - RTCP_HEAD_LEN}, room.at + *len);
    if (res != OK)
        return res;
    memcpy(room.at + *len + TAG_LEN, aad + RTCP_HEAD_LEN, INDEX_LEN);
    if (stream == NULL)
        stream = stream_add(way, rtcp_ssrc(room.at));
    mark(&stream->rtcp, index);
    *len += TAG_LEN + INDEX_LEN;
    return OK;
}

enum result hop_way_open_rtcp(struct hop_way *way, struct bytes_mut packet, size_t *len)
{
    uint8_t iv[HOP_SALT_LEN], aad[RTCP_HEAD_LEN + INDEX_LEN];
    struct hop_stream *stream;
    uint64_t index = 0;
    enum result res;

    if (packet.len < RTCP_HEAD_LEN + TAG_LEN + INDEX_LEN)
        return E_MALFORMED;
    const uint8_t *word = packet.at + packet.len - INDEX_LEN;
    for (unsigned i = 0; i < INDEX_LEN; i++)
        index = index << 8 | word[i];
    /* Encryption has no off switch, so a packet without E is none of ours. */
    if ((index & encrypted_flag) == 0)
        return E_FORGED;
    index &= encrypted_flag - 1;

    stream = stream_find(way, rtcp_ssrc(packet.at));
    if (stream == NULL && way->count == HOP_STREAMS)
        return E_NO_MEMORY;
    if (stream != NULL && seen(&stream->rtcp, index))
        return E_REPLAY;

    struct bytes_mut text = {packet.at + RTCP_HEAD_LEN, packet.len - RTCP_HEAD_LEN - TAG_LEN - INDEX_LEN};
    rtcp_aad(packet.at, index, aad);
    iv_of(way->rtcp_salt, rtcp_ssrc(packet.at), index, iv);
    res = crypto_open(way->rtcp, iv, BYTES_OF(aad), text, text.at + text.len);
    if (res != OK)
        return res;
    if (stream == NULL)
        stream = stream_add(way, rtcp_ssrc(packet.at));
    mark(&stream->rtcp, index);
    *len = packet.len - TAG_LEN - INDEX_LEN;
    return OK;
}
