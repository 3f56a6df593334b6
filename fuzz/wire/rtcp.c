/* Any datagram as a row of RTCP packets. */
#include "wire/rtcp.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = bytes(data, size);
    struct rtcp p;

    while (rest.len != 0 && rtcp_next(&rest, &p) == OK) {
        struct rtcp_sender sender;
        struct rtcp_report report;
        uint32_t ssrc;

        assert(p.body.len == 0 || (p.body.at >= data && p.body.at + p.body.len <= data + size));
        if (rtcp_sender_read(&p, &sender) == OK)
            assert(rtcp_source(&p, &ssrc) == OK && ssrc == sender.ssrc);
        for (unsigned i = 0; i <= p.count; i++)
            if (rtcp_report_read(&p, i, &report) == OK)
                assert(report.lost >= -0x800000 && report.lost <= 0x7fffff);
    }
    if (size != 0)
        assert((rtcp_check(bytes(data, size)) == OK) == (rest.len == 0));
    return 0;
}
