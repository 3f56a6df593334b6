#include "house/talk.h"
#include "house/clear.h"
#include "house/delivery.h"
#include "house/gathering.h"

struct answer talk_say(struct session *s, const struct signal *message)
{
    const struct signal_say *m = &message->say;
    struct signal said = {.type = SIGNAL_SAID, .said = *m};
    struct signal done = {.type = SIGNAL_DONE, .request = message->request};
    struct delivery_state state;
    struct bytes group, packed;
    uint64_t epoch;
    bool rested;
    enum result res;

    if (!gathering_has(s, m->room, m->table, PLACE_SEATED))
        return refusal(REASON_NOT_NOW, "only who sits at the table talks there");
    if (!allowance_spend(&s->says, s->house->now_ms, HOUSE_SAYS_BURST, HOUSE_SAYS_EACH_MS, &rested))
        return refusal(REASON_TOO_MANY, "too much talk in too short a time");
    res = delivery_get(s->house, s->gathering->room, s->gathering->number, &state);
    if (res != OK)
        return trouble(res);
    if (m->epoch != state.epoch)
        return refusal(REASON_STALE, "this epoch is over: seal it again");
    if (clear_say(m->message, &group, &epoch) != OK || epoch != m->epoch ||
        !bytes_equal(group, delivery_group(&state)))
        return refusal(REASON_MALFORMED, "not a private message for this group and epoch");

    res = house_pack(s->house, &said, &packed);
    if (res != OK)
        return trouble(res);
    for (struct session *other = s->gathering->sessions; other != NULL; other = other->beside)
        if (other != s && other->place == PLACE_SEATED)
            session_tell_packed(other, packed);
    session_tell(s, &done);
    return answered();
}
