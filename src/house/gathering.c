#include "house/gathering.h"
#include "house/trial.h"

struct gathering *gathering_find(struct house *h, const uint8_t room[static 32], uint16_t number)
{
    for (struct gathering *g = h->gatherings; g != NULL; g = g->next)
        if (g->number == number && memcmp(g->room, room, sizeof g->room) == 0)
            return g;
    return NULL;
}

static struct gathering *gathering_new(struct house *h, const uint8_t room[static 32], uint16_t number)
{
    struct gathering *g = calloc(1, sizeof *g);

    if (g == NULL)
        return NULL;
    g->house = h;
    memcpy(g->room, room, sizeof g->room);
    g->number = number;
    g->due_ms = UINT64_MAX;
    g->next = h->gatherings;
    g->link = &h->gatherings;
    if (g->next != NULL)
        g->next->link = &g->next;
    h->gatherings = g;
    return g;
}

enum result gathering_join(struct session *s, const uint8_t room[static 32], uint16_t number)
{
    struct gathering *g = gathering_find(s->house, room, number);

    if (g == NULL)
        g = gathering_new(s->house, room, number);
    if (g == NULL)
        return E_NO_MEMORY;
    s->gathering = g;
    s->beside = g->sessions;
    s->beside_link = &g->sessions;
    if (s->beside != NULL)
        s->beside->beside_link = &s->beside;
    g->sessions = s;
    gathering_wait(s);
    return OK;
}

void gathering_wait(struct session *s)
{
    s->place = PLACE_WAITING;
    s->offered = false;
    s->passed_over = 0;
    s->waiting = ++s->gathering->next_waiting;
}

static void take_out(struct session *s)
{
    *s->beside_link = s->beside;
    if (s->beside != NULL)
        s->beside->beside_link = s->beside_link;
    s->gathering = NULL;
    s->place = PLACE_NONE;
    free(s->key_package);
    s->key_package = NULL;
    s->key_package_len = 0;
    free(s->held);
    s->held = NULL;
    s->answers = false;
}

void gathering_quit(struct session *s)
{
    struct gathering *g = s->gathering;

    if (g == NULL)
        return;
    take_out(s);
    if (g->sessions == NULL)
        gathering_free(g);
}

void gathering_free(struct gathering *g)
{
    gathering_end_media(g);
    while (g->sessions != NULL)
        take_out(g->sessions);
    *g->link = g->next;
    if (g->next != NULL)
        g->next->link = g->link;
    trial_forget(g);
    free(g);
}

void gathering_end_media(struct gathering *g)
{
    struct control control = {.type = CONTROL_END_ROOM};

    if (!g->has_media)
        return;
    g->has_media = false;
    memcpy(control.end_room.room, g->tag, sizeof g->tag);
    house_control(g->house, &control);
}

void gathering_open_media(struct gathering *g)
{
    gathering_end_media(g);
    random_fill(g->house->random, g->tag, sizeof g->tag);
    g->has_media = true;
}

unsigned gathering_count(const struct gathering *g, enum session_place place)
{
    unsigned count = 0;

    for (const struct session *s = g->sessions; s != NULL; s = s->beside)
        count += s->place == place;
    return count;
}

bool gathering_has(const struct session *s, const uint8_t room[static 32], uint16_t number,
                   enum session_place place)
{
    return s->place == place && s->gathering->number == number && memcmp(s->gathering->room, room, 32) == 0;
}

bool session_awake(const struct session *s)
{
    return s->place == PLACE_SEATED && s->state != SESSION_ENDED;
}

struct session *gathering_awake(const struct gathering *g, uint32_t from)
{
    struct session *lowest = NULL;

    for (struct session *s = g->sessions; s != NULL; s = s->beside)
        if (session_awake(s) && s->leaf >= from && (lowest == NULL || s->leaf < lowest->leaf))
            lowest = s;
    return lowest;
}

struct session *gathering_leaf(const struct gathering *g, uint32_t leaf)
{
    for (struct session *s = g->sessions; s != NULL; s = s->beside)
        if (s->place == PLACE_SEATED && s->leaf == leaf)
            return s;
    return NULL;
}

struct session *gathering_waiting(const struct gathering *g, uint32_t waiting)
{
    for (struct session *s = g->sessions; s != NULL; s = s->beside)
        if (s->place == PLACE_WAITING && s->waiting == waiting)
            return s;
    return NULL;
}
