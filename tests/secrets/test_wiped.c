/* Every block that core gives back to the heap is searched for what was secret in it: keys of an epoch that
 * is over, of a path, of a leaf, of a newcomer, and what was said. */
#include "core/group_state.h"
#include "core/joining.h"
#include "core/room.h"

#include "core/table.h"
#include "support/heap.h"

#include <stdlib.h>

static void search(const uint8_t *secret, size_t len)
{
    static const uint8_t none[64];

    if (memcmp(secret, none, len) != 0)
        heap_search(bytes(secret, len));
}

/* All that one member knows of its epoch. */
static void search_epoch(const struct core_room *room)
{
    const struct group *group = room->group;
    const struct epoch *epoch = group->epoch;
    const struct schedule *s = &epoch->secrets;

    search(group->seed, sizeof group->seed);
    search(s->init, sizeof s->init);
    search(s->sender_data, sizeof s->sender_data);
    search(s->external, sizeof s->external);
    search(s->membership, sizeof s->membership);
    search(s->resumption, sizeof s->resumption);
    search(s->authenticator, sizeof s->authenticator);
    for (unsigned level = 0; level <= TREE_DEPTH_MAX; level++)
        if (epoch->keys.known & 1u << level)
            search(epoch->keys.secrets[level], sizeof epoch->keys.secrets[level]);
    for (uint32_t leaf = 0; leaf < group_leaf_limit(group); leaf++)
        for (enum ratchet_kind kind = RATCHET_HANDSHAKE; kind <= RATCHET_APPLICATION; kind++) {
            struct message_key key;

            if (secret_tree_look(epoch->messages, leaf, kind, 0, &key) == OK)
                search(key.key, sizeof key.key);
        }
}

static void nothing_found(void)
{
    assert_int_equal(heap_found(), 0);
    heap_search_end();
}

/* What a newcomer has to join with, and what a Welcome tells it. */
static void search_welcome(const struct core_room *room, struct bytes welcome)
{
    struct opened_welcome open = {0};

    search(room->joining->init.secret, sizeof room->joining->init.secret);
    search(room->joining->encryption.secret, sizeof room->joining->encryption.secret);
    search(room->joining->seed, sizeof room->joining->seed);
    assert_int_equal(welcome_open(room->joining, welcome, &open), OK);
    search(open.secrets.joiner_secret.at, open.secrets.joiner_secret.len);
    if (open.secrets.has_path_secret)
        search(open.secrets.path_secret.at, open.secrets.path_secret.len);
    opened_welcome_free(&open);
}

static void epochs_leave_nothing(void **state)
{
    struct table_of_people t;

    (void)state;
    table_start(&t, &(struct charter){.kind = CHARTER_PRIVATE, .stage = CHARTER_EVERYONE});
    table_seat(&t, 4);
    for (unsigned i = 0; i < 4; i++)
        search_epoch(t.people[i].room);
    search(t.secret, sizeof t.secret);
    table_epoch(&t, (struct wish){.keeper = 1});
    table_epoch(&t, (struct wish){.keeper = 0, .kicks = 1 << 3});
    for (unsigned i = 0; i < 3; i++)
        search_epoch(t.people[i].room);
    for (unsigned i = 0; i < PEOPLE; i++)
        search(t.people[i].seed, sizeof t.people[i].seed);
    table_epoch(&t, (struct wish){.keeper = 2, .stage = CORE_STAGE_LEAVE});
    for (unsigned i = 0; i < 3; i++)
        search_epoch(t.people[i].room);
    table_end(&t);
    nothing_found();
}

static void joining_leaves_nothing(void **state)
{
    static struct order_room order;
    static struct upload upload;
    const struct core_commit *commit;
    struct table_of_people t;

    (void)state;
    table_start(&t, &(struct charter){.stage = CHARTER_EVERYONE});
    table_seat(&t, 2);
    table_enter(&t, 2);
    table_order(&t, (struct wish){.keeper = 0, .joiners = 1 << 2}, &order);
    assert_int_equal(core_room_commit(t.people[0].room, table_now(&t), &order.order, &commit), OK);
    table_upload(&t, commit, &upload);
    search_welcome(t.people[2].room, upload.welcome_bytes);
    upload.tree[20] ^= 1; /* first one that fails, then the right one */
    assert_int_not_equal(
        core_room_join(t.people[2].room, table_now(&t), upload.welcome_bytes, upload.tree_bytes), OK);
    upload.tree[20] ^= 1;
    assert_int_equal(core_room_join(t.people[2].room, table_now(&t), upload.welcome_bytes, upload.tree_bytes),
                     OK);
    table_end(&t);
    nothing_found();
}

static void words_leave_nothing(void **state)
{
    const struct talk chat = {.type = TALK_CHAT, .chat = {BYTES_TEXT("what nobody else is to hear of it")}};
    struct table_of_people t;
    const struct core_said *said;
    struct bytes message;
    uint8_t changed[4096];

    (void)state;
    table_start(&t, &(struct charter){.stage = CHARTER_EVERYONE});
    table_seat(&t, 2);
    heap_search(chat.chat.text);
    assert_int_equal(core_room_say(t.people[0].room, &chat, &message), OK);
    assert_true(message.len <= sizeof changed);
    memcpy(changed, message.at, message.len);
    changed[message.len - 1] ^= 1;
    assert_int_not_equal(core_room_hear(t.people[1].room, table_now(&t), bytes(changed, message.len), &said),
                         OK);
    assert_int_equal(core_room_hear(t.people[1].room, table_now(&t), message, &said), OK);
    table_end(&t);
    nothing_found();
}

/* The search itself. */
static void what_is_left_is_found(void **state)
{
    static const uint8_t secret[32] = "a secret that stays where it was";
    uint8_t *block = malloc(100), *other = malloc(100);

    (void)state;
    assert_true(block != NULL && other != NULL);
    memset(block, 0, 100);
    memset(other, 0, 100);
    memcpy(block + 41, secret, sizeof secret);
    memcpy(other, secret, sizeof secret);
    /* Read, so that the writing counts. */
    assert_true(bytes_equal(bytes(block + 41, sizeof secret), bytes(other, sizeof secret)));
    heap_search(BYTES_OF(secret));
    wipe(other, 100);
    free(other);
    assert_int_equal(heap_found(), 0);
    free(block);
    assert_int_equal(heap_found(), 1);
    heap_search_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(epochs_leave_nothing),
        cmocka_unit_test(joining_leaves_nothing),
        cmocka_unit_test(words_leave_nothing),
        cmocka_unit_test(what_is_left_is_found),
    };

    if (crypto_start() != OK)
        return 1;
    heap_watch();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
