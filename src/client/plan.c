#include "client/inside.h"

/* A stream brings 50 frames a second. */
enum { FOREIGN_FRAMES = 25, FOREIGN_S = 3 };

/* Time for a plan to be missed, and for another's to come before anybody is warned. */
enum { INSTEAD_US = 8 * 1000 * 1000 };

static bool is_ours(const struct client *s)
{
    const struct core_member *steward = core_room_steward(s->core);

    return steward != NULL && steward->self;
}

/* Others are not to suffer from a steward who does not do its duty. We ourselves are warned like anybody. */
bool plan_is_to_say(const struct client *s, uint64_t now_us)
{
    const struct core_member *self = core_room_member(s->core, core_room_leaf(s->core));

    return is_ours(s) || (self != NULL && self->moderator && now_us >= s->plan_us + INSTEAD_US);
}

bool plan_is_over(const struct client *s)
{
    return s->plan_ended && core_room_charter(s->core)->kind != CHARTER_OPEN;
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

/* A seat that is taken anew does not wait anew: else a house that has people take another every 14 s would
 * never be caught. */
void plan_begin(struct client *s)
{
    if (s->plan_us == 0)
        confirmed(s, loop_now_us());
    s->plan_due_us = 0;
    s->split_told = false;
    s->foreign_seen = 0;
    s->foreign_s = 0;
}

/* An honest house has one group under a room's name, and brings nothing of a former one (F3). */
void plan_split(struct client *s)
{
    if (s->split_told)
        return;
    s->split_told = true;
    client_alarm(s, "the house has another group under this room's name: the room is split");
}

/* Asked once a second. Some foreign frames come from whoever has just left the stage; a stream of them is a
 * half of the room that went on without us, or us without it (F3, F13). While our own link is broken that is
 * no wonder. */
void plan_listen(struct client *s)
{
    uint64_t foreign = keyring_stats(core_room_keyring(s->core))->foreign;
    bool streams = s->linked && foreign - s->foreign_seen >= FOREIGN_FRAMES;

    s->foreign_seen = foreign;
    s->foreign_s = streams ? s->foreign_s + 1 : 0;
    if (s->foreign_s == FOREIGN_S)
        client_alarm(s, "voices come in that this room has no key for");
}

void plan_heard(struct client *s, enum core_plan plan)
{
    if (plan == CORE_PLAN_AGREES) {
        confirmed(s, loop_now_us());
        if (core_room_mark(s->core, &s->mark) != OK)
            return;
    } else if (plan == CORE_PLAN_DIFFERS)
        client_alarm(s, "the moderators' plan of the room is not what is here");
}

/* A plan that does not come is how a split room, or a kick that is held back, shows itself. */
void plan_due(struct client *s, uint64_t now_us)
{
    if (s->state == CLIENT_LEAVING || s->state == CLIENT_OVER)
        return;
    if (is_ours(s)) {
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
