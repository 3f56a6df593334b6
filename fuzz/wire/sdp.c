/* Any offer that is read can be answered, and the answer is a description again with the same m-lines. */
#include "wire/sdp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(int truth)
{
    if (!truth)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t room[SDP_SIZE_MAX];
    struct sdp_self self = {
        .ufrag = BYTES_TEXT("abcd"), .pwd = BYTES_TEXT("abcdefghijklmnopqrstuv"), .cname = BYTES_TEXT("x")};
    struct writer w = writer_over(room);
    struct sdp offer, answer;
    struct sdp_plan plan;
    struct bytes text;
    bool active;

    if (sdp_read(bytes(data, size), &offer) != OK)
        return 0;
    sdp_plan_of(&offer, &plan);
    sdp_answer_write(&w, &offer, &plan, &self, &active);
    if (writer_end(&w, &text) != OK)
        return 0;
    want(sdp_read(text, &answer) == OK);
    want(answer.media_count == offer.media_count);
    for (size_t i = 0; i < offer.media_count; i++) {
        want(bytes_equal(answer.media[i].mid, offer.media[i].mid));
        want(bytes_equal(answer.media[i].proto, offer.media[i].proto));
        want(answer.media[i].rejected == (plan.use[i] == SDP_REJECT));
        want(answer.media[i].bundled || plan.use[i] == SDP_REJECT || !offer.has_bundle);
    }
    return 0;
}
