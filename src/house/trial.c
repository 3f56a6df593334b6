#include "house/trial.h"
#include "house/doorkeeper.h"
#include "house/gathering.h"
#include "house/words.h"

enum { VALUE_BYTES = 16, HELD_MAX = 8 };

/* A look that comes so late shows that the house stood still, for its disk or its machine: the answers may
 * lie unread. */
enum { STOOD_STILL_MS = 50 };

/* One member's word. */
struct word {
    uint32_t leaf;
    uint8_t value[VALUE_BYTES];
};

/* What is known of the commit, and what undoes it. */
struct trial {
    uint64_t epoch; /* that it began */
    uint64_t until_ms;
    uint32_t poster;
    unsigned word_count, removed_count, placed_count, moved_count;
    struct word words[TABLE_LEAVES];
    struct seat removed[TABLE_LEAVES];
    uint32_t placed[TABLE_LEAVES];
    struct seat moved[TABLE_LEAVES]; /* as they were */
    unsigned words_before, note_count;
    struct standing_note *notes; /* owned */
};

static void trial_free(struct trial *t)
{
    if (t == NULL)
        return;
    free(t->notes);
    free(t);
}

/* ---- the answers */

/* Others who would answer if they could: they have done so before. */
static unsigned count_witnesses(const struct gathering *g, uint32_t poster, const struct upload *u)
{
    unsigned count = 0;

    for (const struct session *s = g->sessions; s != NULL; s = s->beside)
        count +=
            session_awake(s) && s->answers && s->leaf != poster && (u == NULL || !upload_removes(u, s->leaf));
    return count;
}

void trial_begin(struct upload *u)
{
    struct gathering *g = u->by->gathering;
    struct trial *t;

    if (count_witnesses(g, u->by->leaf, u) == 0)
        return;
    t = calloc(1, sizeof *t);
    if (t == NULL) {
        log_warn("house", "a commit is taken untried", u->by->log, E_NO_MEMORY);
        return;
    }
    t->epoch = u->commit->epoch + 1;
    t->until_ms = g->house->now_ms + TRIAL_MS;
    t->poster = u->by->leaf;
    t->removed_count = u->removed_count;
    memcpy(t->removed, u->removed, u->removed_count * sizeof u->removed[0]);
    t->placed_count = u->placed_count;
    memcpy(t->placed, u->leaves, u->placed_count * sizeof u->leaves[0]);
    for (unsigned i = 0; i < u->moved_count; i++) {
        const struct session *who = u->moved[i].who;

        if (who->place == PLACE_SEATED)
            t->moved[t->moved_count++] = (struct seat){.leaf = who->leaf,
                                                       .invited = who->invited,
                                                       .wants = who->wants,
                                                       .moderates = who->moderates,
                                                       .role = who->role};
    }
    t->words_before = u->words_before;
    t->note_count = u->note_count;
    t->notes = u->notes;
    u->notes = NULL;
    g->trial = t;
    doorkeeper_stir(g, t->until_ms);
}

/* Two who say the same are two who share an epoch, the poster being one of them or not. */
static bool is_followed(const struct trial *t)
{
    for (unsigned i = 0; i < t->word_count; i++)
        for (unsigned k = 0; k < i; k++)
            if (memcmp(t->words[i].value, t->words[k].value, VALUE_BYTES) == 0)
                return true;
    return false;
}

static bool has_spoken(const struct trial *t, uint32_t leaf)
{
    for (unsigned i = 0; i < t->word_count; i++)
        if (t->words[i].leaf == leaf)
            return true;
    return false;
}

/* ---- commits that wait */

enum result trial_hold(struct session *s, const struct signal *message, const struct delivery_state *state)
{
    struct gathering *g = s->gathering;
    uint64_t epoch = message->commit.epoch;
    struct bytes plain;
    unsigned held = 0;
    enum result res;

    if (g->trial == NULL || s->held != NULL)
        return E_STATE;
    /* For the epoch that follows, or, should this one be undone, a moderator's for the one before. */
    if (epoch != state->epoch && !(s->moderates && epoch + 1 == state->epoch))
        return E_STATE;
    for (const struct session *other = g->sessions; other != NULL; other = other->beside)
        held += other->held != NULL;
    if (held >= HELD_MAX && !s->moderates)
        return E_STATE;
    res = signal_write(message, (struct bytes_mut){s->house->plain, SIGNAL_BYTES}, &plain);
    if (res != OK)
        return res;
    s->held = malloc(plain.len);
    if (s->held == NULL)
        return E_NO_MEMORY;
    memcpy(s->held, plain.at, plain.len);
    s->held_len = plain.len;
    s->held_number = ++g->next_held;
    return OK;
}

/* Whose commit is next: a moderator's, then who came first. */
static struct session *next_held(const struct gathering *g)
{
    struct session *next = NULL;

    for (struct session *s = g->sessions; s != NULL; s = s->beside)
        if (s->held != NULL && (next == NULL || (s->moderates && !next->moderates) ||
                                (s->moderates == next->moderates && s->held_number < next->held_number)))
            next = s;
    return next;
}

static void judge_held(struct gathering *g)
{
    struct house *h = g->house;
    uint8_t room[32];
    uint16_t number = g->number;
    struct session *s;

    memcpy(room, g->room, sizeof room);
    /* A commit that is taken may begin the next trial; then the others wait on, or are stale. It may also end
     * the gathering. */
    while (g != NULL && (s = next_held(g)) != NULL) {
        uint8_t *plain = s->held;
        struct signal message;

        s->held = NULL;
        if (signal_read(bytes(plain, s->held_len), &message) == OK)
            session_answer(s, message.request, delivery_commit(s, &message));
        free(plain);
        g = gathering_find(h, room, number);
        if (g != NULL && g->trial != NULL)
            return;
    }
}

static void conclude(struct gathering *g)
{
    trial_free(g->trial);
    g->trial = NULL;
    doorkeeper_stir(g, g->house->now_ms);
    judge_held(g);
}

struct answer trial_answer(struct session *s, const struct signal *message)
{
    const struct signal_answer *m = &message->answer;
    struct delivery_state state;
    struct trial *t;
    enum result res;

    if (!gathering_has(s, m->room, m->table, PLACE_SEATED))
        return answered(); /* it has gone meanwhile */
    res = delivery_get(s->house, m->room, m->table, &state);
    if (res != OK || m->epoch != state.epoch)
        return answered();
    s->answers = true;
    t = s->gathering->trial;
    if (t == NULL || t->epoch != m->epoch || has_spoken(t, s->leaf) || t->word_count == TABLE_LEAVES)
        return answered();
    t->words[t->word_count].leaf = s->leaf;
    memcpy(t->words[t->word_count++].value, m->value, VALUE_BYTES);
    if (is_followed(t))
        conclude(s->gathering);
    return answered();
}

/* ---- undone */

/* Seats as they were before. Whoever was removed is gone all the same, and its leaf is a lost one now. */
static enum result undo_inside(struct gathering *g, const struct trial *t)
{
    struct house *h = g->house;
    enum result res = delivery_step_back(h, g->room, g->number, t->epoch);

    for (unsigned i = 0; i < t->placed_count && res == OK; i++) {
        res = seating_remove(h, g->room, g->number, t->placed[i]);
        if (res == E_NOT_FOUND) /* left again already */
            res = OK;
    }
    for (unsigned i = 0; i < t->removed_count && res == OK; i++)
        res = seating_put_back(h, g->room, g->number, &t->removed[i]);
    for (unsigned i = 0; i < t->moved_count && res == OK; i++)
        res = seating_update(h, g->room, g->number, &t->moved[i]);
    for (unsigned i = 0; i < t->note_count && res == OK; i++)
        res = standing_restore(h, g->room, &t->notes[i]);
    if (res == OK)
        res = words_cut(h, g->room, t->words_before);
    /* Those who say that they are in the epoch that is none cannot come back to the one before. */
    for (unsigned i = 0; i < t->word_count && res == OK; i++)
        res = seating_lose(h, g->room, g->number, t->words[i].leaf);
    if (res == OK)
        res = seating_lose(h, g->room, g->number, t->poster);
    return res;
}

/* The gathering ends with its last seat. */
static void end_seat(struct house *h, const uint8_t room[static 32], uint16_t number, uint32_t leaf,
                     enum signal_why why)
{
    struct gathering *g = gathering_find(h, room, number);
    struct session *s = g == NULL ? NULL : gathering_leaf(g, leaf);

    if (s != NULL)
        seating_end(s, why);
}

static void undo(struct gathering *g, struct trial *t)
{
    struct house *h = g->house;
    uint8_t room[32];
    uint16_t number = g->number;

    memcpy(room, g->room, sizeof room);
    g->trial = NULL;
    for (unsigned i = 0; i < t->moved_count; i++) {
        struct session *s = gathering_leaf(g, t->moved[i].leaf);

        if (s != NULL)
            stage_set(s, &t->moved[i]);
    }
    end_seat(h, room, number, t->poster, SIGNAL_SUSPENDED);
    for (unsigned i = 0; i < t->placed_count; i++)
        end_seat(h, room, number, t->placed[i], SIGNAL_LOST);
    for (unsigned i = 0; i < t->word_count; i++)
        if (t->words[i].leaf != t->poster)
            end_seat(h, room, number, t->words[i].leaf, SIGNAL_LOST);
    trial_free(t);
    g = gathering_find(h, room, number);
    if (g == NULL || gathering_count(g, PLACE_SEATED) == 0)
        delivery_deserted(h, room, number);
    g = gathering_find(h, room, number);
    if (g == NULL)
        return;
    doorkeeper_anew(g);
    judge_held(g);
}

void trial_due(struct gathering *g)
{
    struct trial *t = g->trial;
    enum result res;

    if (t == NULL)
        return;
    if (g->house->now_ms < t->until_ms) {
        doorkeeper_stir(g, t->until_ms);
        return;
    }
    if (count_witnesses(g, t->poster, NULL) == 0) {
        conclude(g);
        return;
    }
    if (g->house->now_ms >= t->until_ms + STOOD_STILL_MS) {
        t->until_ms = g->house->now_ms + TRIAL_MS;
        doorkeeper_stir(g, t->until_ms);
        return;
    }
    res = store_begin(g->house->store);
    if (res == OK)
        res = house_conclude(g->house, undo_inside(g, t));
    if (res != OK) {
        log_warn("house", "a commit that nobody follows was not undone", (struct log_tag){0}, res);
        t->until_ms = g->house->now_ms + TRIAL_MS;
        doorkeeper_stir(g, t->until_ms);
        return;
    }
    undo(g, t);
}

void trial_forget(struct gathering *g)
{
    trial_free(g->trial);
    g->trial = NULL;
}
