#include "client/inside.h"

bool plan_is_ours(const struct client *s)
{
    const struct core_member *steward = core_room_steward(s->core);

    return steward != NULL && steward->self;
}

static void confirmed(struct client *s, uint64_t now_us)
{
    s->plan_us = now_us;
    s->plan_missed = false;
    if (s->plan_ended) {
        s->plan_ended = false;
        hearing_mute(s);
    }
}

/* A seat that is taken anew waits anew. */
void plan_begin(struct client *s)
{
    confirmed(s, loop_now_us());
    s->plan_due_us = 0;
}

void plan_heard(struct client *s, enum core_plan plan)
{
    if (plan == CORE_PLAN_AGREES)
        confirmed(s, loop_now_us());
    else if (plan == CORE_PLAN_DIFFERS)
        client_alarm(s, "the moderators' plan of the room is not what is here");
}

/* A plan that does not come is how a split room, or a kick that is held back, shows itself. */
void plan_due(struct client *s, uint64_t now_us)
{
    if (plan_is_ours(s)) {
        confirmed(s, now_us);
        return;
    }
    if (!s->plan_missed && now_us >= s->plan_us + (uint64_t)PLAN_WARN_MS * 1000) {
        s->plan_missed = true;
        client_alarm(s, "no moderator has confirmed the room for 15 s");
    }
    if (!s->plan_ended && now_us >= s->plan_us + (uint64_t)PLAN_END_MS * 1000) {
        s->plan_ended = true;
        client_alarm(s, "no moderator has confirmed the room for 60 s");
        hearing_mute(s);
    }
}
