#include "house/entering.h"
#include "house/accounts.h"
#include "house/clear.h"
#include "house/doorkeeper.h"
#include "house/gathering.h"
#include "house/rooms.h"
#include "house/seating.h"
#include "house/social.h"
#include "house/stage.h"
#include "house/standing.h"

#include "crypto/crypto.h"

/* What it would sit down as. */
struct entry {
    const struct signal_enter *asked;
    struct charter charter;
    bool is_pseudonym;
    uint8_t bones[32];
    bool invited, wants, moderates;
    enum signal_role role;
};

/* The seat that it says it gives up, if that is its own. */
static const struct session *replaced(const struct session *s, const struct entry *e)
{
    const struct gathering *g = gathering_find(s->house, e->asked->room, 0);
    const struct session *old = g == NULL ? NULL : gathering_leaf(g, e->asked->replaces);

    return old != NULL && memcmp(old->account, s->account, sizeof s->account) == 0 &&
                   (old->alias_len != 0) == e->is_pseudonym
               ? old
               : NULL;
}

/* Whether its account may sit down there at all. */
static struct answer judge_account(struct session *s, const struct entry *e)
{
    const uint8_t *room = e->asked->room;
    enum result res = standing_admits(s->house, room, s->account, e->is_pseudonym);

    /* A block does not touch a pseudonym that has its seat already (attack F20). */
    if (res == E_REFUSED && e->is_pseudonym && replaced(s, e) != NULL)
        res = OK;
    if (res == E_REFUSED)
        return refusal(REASON_NOT_YOURS, "a moderator has shut this room to you");
    if (res == OK && e->charter.kind == CHARTER_SOCIAL)
        res = social_admits(s->house, room, &e->charter, s->account);
    if (res == E_REFUSED)
        return refusal(REASON_NOT_YOURS, "this room is for those whom its moderators follow or let in");
    return res == OK ? answered() : trouble(res);
}

/* Names that look alike are one name, in the room and among accounts (field report G53). */
static bool is_taken(const struct session *s, const struct entry *e)
{
    const struct gathering *g = gathering_find(s->house, e->asked->room, 0);
    const struct session *own = replaced(s, e);

    for (const struct session *other = g == NULL ? NULL : g->sessions; other != NULL; other = other->beside)
        if (other != own && other->alias_len != 0 && memcmp(other->bones, e->bones, sizeof e->bones) == 0)
            return true;
    return false;
}

static struct answer judge_pseudonym(struct session *s, struct entry *e)
{
    uint8_t room[SKELETON_BYTES], holder[32];
    struct bytes skeleton;
    const char *why = NULL;
    enum result res;

    if (!e->is_pseudonym)
        return answered();
    if (!e->charter.pseudonyms)
        return refusal(REASON_NOT_HERE, "this room has no pseudonyms");
    res = names_handle(s->house->names, e->asked->pseudonym, (struct bytes_mut){room, sizeof room}, &skeleton,
                       &why);
    if (res == E_NO_MEMORY)
        return trouble(res);
    if (res != OK)
        return refusal(REASON_NAME_BAD, why);
    res = accounts_looking_like(s->house, skeleton, holder);
    if (res == OK)
        return refusal(REASON_NAME_TAKEN, "an account has this name, or one that looks like it");
    if (res == E_NOT_FOUND)
        res = crypto_sha256(&skeleton, 1, e->bones);
    if (res != OK)
        return trouble(res);
    return is_taken(s, e)
               ? refusal(REASON_NAME_TAKEN, "somebody here has this name, or one that looks like it")
               : answered();
}

/* What it may do there, by its account and what it asks for. */
static struct answer judge_role(struct session *s, struct entry *e)
{
    const uint8_t *room = e->asked->room;
    struct standing standing = {.speaks = e->charter.stage == CHARTER_EVERYONE};
    uint16_t speakers, listeners;
    const struct gathering *g = gathering_find(s->house, room, 0);
    unsigned waiting = g == NULL ? 0 : gathering_count(g, PLACE_WAITING) + gathering_count(g, PLACE_FOUNDING),
             most;
    enum result res = seating_count(s->house, room, &speakers, &listeners);

    if (res == OK && !e->is_pseudonym)
        res = standing_of(s->house, room, &e->charter, s->account, &standing);
    if (res != OK)
        return trouble(res);
    if (e->asked->role != SIGNAL_LISTENER && e->asked->role != SIGNAL_SPEAKER)
        return refusal(REASON_MALFORMED, "no such role");
    e->moderates = standing.moderates;
    e->invited = standing.speaks;
    e->wants = e->asked->role == SIGNAL_SPEAKER;
    e->role = stage_role(e->moderates, e->invited, e->wants);
    if (e->role == SIGNAL_SPEAKER && speakers >= SLOTS)
        return refusal(REASON_FULL, "the stage is full");
    /* Some leaves stay free for those who come on stage. */
    most = e->role == SIGNAL_SPEAKER ? TABLE_LEAVES : TABLE_LEAVES - STAGE_LEAVES;
    if ((unsigned)speakers + listeners + waiting >= most)
        return refusal(REASON_FULL, "the room is full");
    return answered();
}

static void sit_as(struct session *s, const struct entry *e)
{
    const struct signal_enter *m = e->asked;

    s->invited = e->invited;
    s->wants = e->wants;
    s->moderates = e->moderates;
    s->role = e->role;
    s->alias_len = m->pseudonym.len;
    if (e->is_pseudonym)
        memcpy(s->alias, m->pseudonym.at, m->pseudonym.len);
    memcpy(s->bones, e->bones, sizeof s->bones);
    s->replaces = m->replaces;
    memcpy(s->replaces_signature, m->replaces_signature, sizeof s->replaces_signature);
    memcpy(s->fingerprint, m->fingerprint, sizeof s->fingerprint);
}

static enum result keep_key_package(struct session *s, struct bytes package)
{
    s->key_package = malloc(package.len);
    if (s->key_package == NULL)
        return E_NO_MEMORY;
    memcpy(s->key_package, package.at, package.len);
    s->key_package_len = package.len;
    return OK;
}

struct answer entering_take(struct session *s, const struct signal *message)
{
    const struct signal_enter *m = &message->enter;
    struct entry e = {.asked = m, .is_pseudonym = m->pseudonym.len != 0};
    struct answer how;
    enum result res;

    if (!s->house->relay.is_linked)
        return refusal(REASON_TROUBLE, "no relay is linked");
    /* Who cannot follow a commit takes a new seat in place of its old one. */
    if (s->place != PLACE_NONE && !(m->replaces == s->leaf && gathering_has(s, m->room, 0, PLACE_SEATED)))
        return refusal(REASON_NOT_NOW, "one seat a link: leave the other first");
    res = rooms_charter(s->house, m->room, &e.charter);
    if (res == E_NOT_FOUND)
        return refusal(REASON_UNKNOWN, "there is no such room");
    if (res != OK)
        return trouble(res);
    how = judge_account(s, &e);
    if (how.reason == 0)
        how = judge_pseudonym(s, &e);
    if (how.reason == 0)
        how = judge_role(s, &e);
    if (how.reason != 0)
        return how;
    res = clear_key_package(m->key_package, s->reference);
    if (res == E_MALFORMED || res == E_UNSUPPORTED)
        return refusal(REASON_MALFORMED, "not a KeyPackage of MLS 1.0 and a suite of this house");
    if (res == OK && s->place == PLACE_SEATED)
        res = seating_rise(s);
    if (res == OK)
        res = gathering_join(s, m->room, 0);
    if (res == OK)
        res = keep_key_package(s, m->key_package);
    if (res != OK) {
        gathering_quit(s);
        return trouble(res);
    }
    s->enter_request = message->request;
    sit_as(s, &e);
    doorkeeper_stir(s->gathering, s->house->now_ms);
    return answered();
}
