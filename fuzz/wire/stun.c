/* Any datagram as a STUN message. */
#include "wire/stun.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes datagram = bytes(data, size), out;
    uint8_t room[64];
    struct stun m, again;

    if (stun_read(datagram, &m) != OK)
        return 0;
    assert(stun_is(datagram));
    if (m.username.len != 0)
        assert(m.username.at > data && m.username.at + m.username.len <= data + size);
    if (m.integrity != NULL) {
        assert(m.integrity > data && m.integrity + STUN_INTEGRITY_LEN <= data + size);
        assert(m.covered_rest.len <= size - STUN_HEADER_LEN - STUN_INTEGRITY_LEN - 4);
    }
    if (m.mapped_given) {
        struct writer w = writer_over(room);

        stun_open(&w, STUN_SUCCESS, m.transaction);
        stun_put_mapped(&w, &m.mapped);
        stun_fingerprint(&w);
        assert(writer_end(&w, &out) == OK);
        assert(stun_read(out, &again) == OK);
        assert(again.fingerprint && address_equal(&again.mapped, &m.mapped));
    }
    return 0;
}
