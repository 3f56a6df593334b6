#include "client/inside.h"

#include "base/text.h"

#include <string.h>

void people_drop(struct client *s, uint32_t leaf)
{
    size_t kept = 0;

    for (size_t i = 0; i < s->seat_count; i++)
        if (s->seats[i].leaf != leaf)
            s->seats[kept++] = s->seats[i];
    s->seat_count = kept;
}

/* The house tells names, and could tell another's tomorrow: a name is its first key's, and a key has its
 * first name, as long as the session lives. Nothing of it is kept on the disk (F21). */
static void pin(struct client *s, const struct client_seat *seat)
{
    size_t held = s->pin_count < PINS ? s->pin_count : PINS;
    struct client_pin *next = &s->pins[s->pin_count % PINS];

    for (size_t i = 0; i < held; i++) {
        bool same_key = memcmp(s->pins[i].account, seat->account, sizeof seat->account) == 0;
        bool same_name = strcmp(s->pins[i].handle, seat->handle) == 0;

        if (same_key && same_name)
            return;
        if (same_key || same_name) {
            client_alarm(s, "the house gives a name to another key than before");
            return;
        }
    }
    memcpy(next->account, seat->account, sizeof next->account);
    memcpy(next->handle, seat->handle, sizeof next->handle);
    s->pin_count++;
}

const uint8_t *people_pinned(const struct client *s, const char *handle)
{
    for (size_t i = 0; i < s->pin_count && i < PINS; i++)
        if (strcmp(s->pins[i].handle, handle) == 0)
            return s->pins[i].account;
    return NULL;
}

void people_add(struct client *s, const struct core_member *member, struct bytes told)
{
    struct client_seat seat = {
        .leaf = member->leaf, .speaker = member->speaker, .moderator = member->moderator};
    struct signal_seat name;
    size_t at;

    people_drop(s, member->leaf);
    if (s->seat_count == TABLE_LEAVES)
        return;
    memcpy(seat.account, member->account, sizeof seat.account);
    while (signal_seat_next(&told, &name)) {
        if (name.leaf != member->leaf)
            continue;
        if (name.handle.len != 0)
            memcpy(seat.handle, name.handle.at, name.handle.len);
        seat.handle[name.handle.len] = '\0';
        seat.speaker = member->speaker && name.role == SIGNAL_SPEAKER;
    }
    for (at = s->seat_count; at > 0 && s->seats[at - 1].leaf > seat.leaf; at--)
        s->seats[at] = s->seats[at - 1];
    s->seats[at] = seat;
    s->seat_count++;
    if (member->bound && seat.handle[0] != '\0')
        pin(s, &seat);
}

void people_move(struct client *s, const struct core_member *member)
{
    for (size_t i = 0; i < s->seat_count; i++) {
        if (s->seats[i].leaf != member->leaf)
            continue;
        s->seats[i].speaker = member->speaker;
        s->seats[i].moderator = member->moderator;
    }
}

const struct client_seat *people_at(const struct client *s, uint32_t leaf)
{
    for (size_t i = 0; i < s->seat_count; i++)
        if (s->seats[i].leaf == leaf)
            return &s->seats[i];
    return NULL;
}

size_t people_named(const struct client *s, const char *who, uint32_t *leaves, size_t max)
{
    uint64_t leaf = 0;
    bool by_leaf = who[0] == '#' && text_number(bytes_string(who + 1), UINT32_MAX, &leaf) == OK;
    size_t count = 0;

    for (size_t i = 0; i < s->seat_count && count < max; i++)
        if (by_leaf ? s->seats[i].leaf == leaf : strcmp(s->seats[i].handle, who) == 0)
            leaves[count++] = s->seats[i].leaf;
    return count;
}

static bool judge_one(struct client *s, unsigned slot)
{
    static const enum client_proof proofs[] = {
        [PROOF_NONE] = CLIENT_UNHEARD,
        [PROOF_PROVEN] = CLIENT_PROVEN,
        [PROOF_UNPROVEN] = CLIENT_UNPROVEN,
        [PROOF_FORGED] = CLIENT_FORGED,
    };
    enum client_proof proof;
    uint32_t leaf;

    if (!beat_hears(s->beat, slot, &leaf))
        return false;
    proof = proofs[core_room_verdict(s->core, client_time(), slot, leaf)];
    for (size_t i = 0; i < s->seat_count; i++) {
        if (s->seats[i].leaf != leaf || proof == CLIENT_UNHEARD || s->seats[i].proof == proof)
            continue;
        s->seats[i].proof = proof;
        if (proof == CLIENT_FORGED)
            client_alarm(s, "a voice is not the one that it claims to be");
        return true;
    }
    return false;
}

void people_judge(struct client *s, uint64_t now_us)
{
    bool changed = false;

    if (now_us < s->verdicts_us)
        return;
    s->verdicts_us = now_us + (uint64_t)CLIENT_VERDICT_MS * 1000;
    for (unsigned slot = 0; slot < SLOTS; slot++)
        changed = judge_one(s, slot) || changed;
    plan_listen(s);
    if (changed)
        client_tell(s, (struct client_news){.kind = NEWS_ROSTER});
}
