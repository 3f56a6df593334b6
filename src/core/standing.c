#include "core/standing.h"

#include "crypto/crypto.h"
#include "wire/envelope.h"

#include <string.h>

/* The entry's place, or entry_count. */
static size_t entry_place(const struct standing *s, const uint8_t key[static 32], bool leaf)
{
    size_t i = 0;

    while (i < s->entry_count && !(s->entries[i].leaf == leaf && memcmp(s->entries[i].key, key, 32) == 0))
        i++;
    return i;
}

static const struct standing_entry *entry_find(const struct standing *s, const uint8_t key[static 32],
                                               bool leaf)
{
    size_t place = entry_place(s, key, leaf);

    return place < s->entry_count ? &s->entries[place] : NULL;
}

static struct standing_entry *entry_make(struct standing *s, const uint8_t key[static 32], bool leaf)
{
    size_t place = entry_place(s, key, leaf);
    struct standing_entry *entry = &s->entries[place];

    if (place < s->entry_count)
        return entry;
    if (place == STANDING_ENTRIES)
        return NULL;
    s->entry_count++;
    memset(entry, 0, sizeof *entry);
    entry->leaf = leaf;
    memcpy(entry->key, key, 32);
    return entry;
}

static bool is_maker(const struct standing *s, const uint8_t key[static 32])
{
    return memcmp(key, s->charter->maker, 32) == 0;
}

void standing_start(struct standing *s, const struct charter *charter, const uint8_t room[static 32])
{
    memset(s, 0, sizeof *s);
    s->charter = charter;
    memcpy(s->room, room, 32);
    memcpy(s->link_key, charter->link_key, 32);
    for (unsigned i = 0; i < charter->moderator_count; i++) {
        struct standing_entry *entry = entry_make(s, charter->moderators[i], false);

        /* The charter is the maker's word. */
        entry->moderator = entry->moderator_by_maker = true;
    }
}

static uint32_t last_number(const struct standing *s, const uint8_t signer[static 32])
{
    for (size_t i = 0; i < s->signer_count; i++)
        if (memcmp(s->signers[i].key, signer, 32) == 0)
            return s->signers[i].last;
    return 0;
}

static void remember_number(struct standing *s, const uint8_t signer[static 32], uint32_t number)
{
    for (size_t i = 0; i < s->signer_count; i++) {
        if (memcmp(s->signers[i].key, signer, 32) == 0) {
            s->signers[i].last = number;
            return;
        }
    }
    memcpy(s->signers[s->signer_count].key, signer, 32);
    s->signers[s->signer_count++].last = number;
}

static enum result signature_check(const struct standing *s, const struct statement *word)
{
    uint8_t content_room[STATEMENT_SIGNED_BYTES], room[ENVELOPE_SIGNED_BYTES];
    struct bytes content, text;
    enum result res =
        statement_write_signed(word, (struct bytes_mut){content_room, sizeof content_room}, &content);

    if (res == OK)
        res = envelope_signed(ENVELOPE_ROLE, s->charter->house, s->room, content,
                              (struct bytes_mut){room, sizeof room}, &text);
    if (res == OK)
        res = crypto_ed25519_verify(word->signer, text, BYTES_OF(word->signature));
    return res;
}

/* One of an entry's three facts, and whose word it is. */
struct fact {
    bool *is, *by_maker, value;
};

static struct fact fact_of(struct standing_entry *entry, enum statement_verb verb)
{
    switch (verb) {
    case STATEMENT_MODERATOR:
    case STATEMENT_NO_MODERATOR:
        return (struct fact){&entry->moderator, &entry->moderator_by_maker, verb == STATEMENT_MODERATOR};
    case STATEMENT_SPEAKER:
    case STATEMENT_NO_SPEAKER:
        return (struct fact){&entry->speaker, &entry->speaker_by_maker, verb == STATEMENT_SPEAKER};
    default:
        return (struct fact){&entry->blocked, &entry->blocked_by_maker, verb == STATEMENT_BLOCK};
    }
}

/* A block takes every role away, so it would overrule the maker who gave one (F30). */
static bool has_role_by_maker(const struct standing_entry *entry)
{
    return (entry->moderator && entry->moderator_by_maker) || (entry->speaker && entry->speaker_by_maker);
}

enum result standing_add(struct standing *s, const struct statement *word)
{
    bool by_maker = is_maker(s, word->signer);
    struct standing_entry *entry;
    struct fact fact;
    enum result res;

    if (s->statement_count == STATEMENTS_MAX)
        return E_NO_MEMORY;
    if (standing_is_full(s, word->signer))
        return E_REFUSED;
    if (!standing_is_moderator(s, word->signer, false))
        return E_REFUSED;
    if (word->number <= last_number(s, word->signer))
        return E_REPLAY;
    res = signature_check(s, word);
    if (res != OK)
        return res;

    if (word->verb == STATEMENT_LINK) {
        if (s->charter->kind != CHARTER_PRIVATE)
            return E_REFUSED;
        memcpy(s->link_key, word->subject, 32);
    } else {
        if (is_maker(s, word->subject))
            return E_REFUSED;
        entry = entry_make(s, word->subject, word->kind == STATEMENT_LEAF);
        if (entry == NULL)
            return E_NO_MEMORY;
        if (word->verb == STATEMENT_BLOCK && !by_maker && has_role_by_maker(entry))
            return E_REFUSED;
        fact = fact_of(entry, word->verb);
        /* Nobody is kept a moderator, not by the maker either. */
        if (word->verb == STATEMENT_NO_MODERATOR && !entry->leaf &&
            memcmp(word->signer, word->subject, 32) == 0)
            *fact.by_maker = false;
        if (*fact.by_maker && !by_maker && *fact.is != fact.value)
            return E_REFUSED;
        *fact.is = fact.value;
        entry->speaker_told |= fact.is == &entry->speaker;
        *fact.by_maker |= by_maker;
    }
    remember_number(s, word->signer, word->number);
    s->statement_count++;
    return OK;
}

enum result standing_read(struct standing *s, const struct charter *charter, const uint8_t room[static 32],
                          struct bytes statements)
{
    struct statement word;
    enum result res;

    standing_start(s, charter, room);
    while ((res = statement_next(&statements, &word)) == OK) {
        res = standing_add(s, &word);
        if (res != OK)
            return res;
    }
    return res == E_NOT_FOUND ? OK : res;
}

enum result standing_follows(struct bytes before, struct bytes after)
{
    if (after.len < before.len || !bytes_equal(before, bytes(after.at, before.len)))
        return E_REFUSED;
    return OK;
}

bool standing_is_moderator(const struct standing *s, const uint8_t key[static 32], bool leaf)
{
    const struct standing_entry *entry = entry_find(s, key, leaf);

    if (!leaf && is_maker(s, key))
        return true;
    return entry != NULL && entry->moderator && !entry->blocked;
}

bool standing_is_invited(const struct standing *s, const uint8_t key[static 32], bool leaf)
{
    const struct standing_entry *entry = entry_find(s, key, leaf);

    if (entry != NULL && entry->blocked)
        return false;
    if (s->charter->stage == CHARTER_EVERYONE)
        /* Whoever was taken off the stage by name stays off, though all others may come. */
        return entry == NULL || entry->speaker || !entry->speaker_told;
    return entry != NULL && entry->speaker;
}

bool standing_may_speak(const struct standing *s, const uint8_t key[static 32], bool leaf)
{
    return standing_is_moderator(s, key, leaf) || standing_is_invited(s, key, leaf);
}

bool standing_is_blocked(const struct standing *s, const uint8_t account[static 32])
{
    const struct standing_entry *entry = entry_find(s, account, false);

    return entry != NULL && entry->blocked;
}

bool standing_is_full(const struct standing *s, const uint8_t signer[static 32])
{
    /* Or a moderator could fill the list, and nobody could take that role away any more (F30). */
    return s->statement_count >= STATEMENTS_MAX - (is_maker(s, signer) ? 0 : STATEMENTS_FOR_MAKER);
}

uint32_t standing_next_number(const struct standing *s, const uint8_t signer[static 32])
{
    return last_number(s, signer) + 1;
}
