/* A process that dies leaves all of its memory in a core dump, registers too: keys of an epoch that is over
 * are not in it. The dump of a child is searched, which has spoken, changed epoch and waited OLD_KEY_MS. */
#define _POSIX_C_SOURCE 200809L
#include "core/group_state.h"
#include "core/keyring.h"
#include "core/room.h"

#include "core/table.h"
#include "support/memory.h"
#include "support/scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NEEDLES = 64 };

/* What the child tells before it dies, over a pipe. */
struct told {
    struct memory_needle needles[NEEDLES];
    unsigned count;
    unsigned over; /* so many of them are of the epoch that is over */
};

static void put(struct told *told, const uint8_t *secret, size_t len)
{
    uint8_t copy[32];

    assert_true(told->count < NEEDLES && len <= sizeof copy);
    memcpy(copy, secret, len);
    memory_needle_take(&told->needles[told->count++], copy, len);
}

/* An epoch of MLS, as one member has it, but for what is kept beyond it: the resumption PSK, which commits
 * may call for, and the authenticator, by which late proofs of speakers are judged and nothing is opened. */
static void put_epoch(struct told *told, const struct core_room *room)
{
    const struct epoch *epoch = room->group->epoch;
    const struct schedule *s = &epoch->secrets;
    struct message_key key;

    put(told, s->init, sizeof s->init);
    put(told, s->sender_data, sizeof s->sender_data);
    put(told, s->external, sizeof s->external);
    put(told, s->membership, sizeof s->membership);
    put(told, epoch->keys.secrets[0], sizeof epoch->keys.secrets[0]);
    assert_int_equal(secret_tree_look(epoch->messages, epoch_own_leaf(epoch), RATCHET_APPLICATION, 0, &key),
                     OK);
    put(told, key.key, sizeof key.key);
    wipe(&key, sizeof key);
}

/* The media key that a ring seals with, as RFC 9605, section 4.4.2, has it. */
static void put_sender_key(struct told *told, const uint8_t base_key[static SEAL_BASE_KEY_LEN],
                           uint64_t epoch)
{
    uint8_t secret[32], derived[16], tail[10];
    struct writer w = writer_over(tail);
    const struct bytes info[] = {BYTES_TEXT("SFrame 1.0 Secret key "), BYTES_OF(tail)};

    assert_int_equal(crypto_hkdf_extract((struct bytes){0}, bytes(base_key, SEAL_BASE_KEY_LEN), secret), OK);
    writer_u64(&w, seal_kid(0, epoch));
    writer_u16(&w, 4);
    assert_int_equal(crypto_hkdf_expand(BYTES_OF(secret), info, 2, (struct bytes_mut){derived, 16}), OK);
    put(told, derived, sizeof derived);
    wipe(secret, sizeof secret);
    wipe(derived, sizeof derived);
}

static void ring_enter(struct keyring *ring, struct told *told, uint64_t now_ms, uint64_t epoch)
{
    static const uint16_t speakers[] = {0};
    uint8_t base_key[SEAL_BASE_KEY_LEN], frame[FRAME_SEALED_SPEECH];

    random_fill(crypto_random(), base_key, sizeof base_key);
    assert_int_equal(
        keyring_enter(ring, now_ms,
                      &(struct keyring_epoch){
                          .number = epoch, .base_key = base_key, .speakers = speakers, .speaker_count = 1}),
        OK);
    assert_int_equal(keyring_seal(ring, now_ms, &(struct voice){BYTES_TEXT("voice"), NULL},
                                  (struct bytes_mut){frame, sizeof frame}),
                     OK);
    put_sender_key(told, base_key, epoch);
    put(told, base_key, sizeof base_key);
    wipe(base_key, sizeof base_key);
}

static _Noreturn void live_and_die(int tell, const char *folder)
{
    static struct table_of_people t;
    static struct told told;
    struct keyring *ring = NULL;
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

    assert_int_equal(keyring_new(crypto_random(), FRAME_PLAIN_SPEECH, &ring), OK);
    ring_enter(ring, &told, 0, 7);
    table_start(&t, &(struct charter){.stage = CHARTER_EVERYONE});
    table_seat(&t, 3);
    put_epoch(&told, t.people[1].room);
    told.over = told.count;

    table_epoch(&t, (struct wish){.keeper = 1});
    ring_enter(ring, &told, 100, 8);
    t.now_ms += OLD_KEY_MS;
    keyring_due(ring, 100 + OLD_KEY_MS);
    for (unsigned i = 0; i < 3; i++)
        core_room_due(t.people[i].room, table_now(&t));
    put_epoch(&told, t.people[1].room);
    if (chdir(folder) != 0 || setrlimit(RLIMIT_CORE, &limit) != 0 ||
        write(tell, &told, sizeof told) != sizeof told)
        _exit(1);
    signal(SIGABRT, SIG_DFL); /* cmocka has it */
    abort();
}

/* The one file in the folder. */
static struct bytes dump_map(const char *folder)
{
    char path[SCRATCH_PATH];
    DIR *open_folder = opendir(folder);
    struct dirent *entry;
    struct stat about;
    int file;
    void *at;

    assert_non_null(open_folder);
    do
        entry = readdir(open_folder);
    while (entry != NULL && entry->d_name[0] == '.');
    if (entry == NULL) {
        closedir(open_folder);
        return (struct bytes){0};
    }
    scratch_path(folder, entry->d_name, path);
    closedir(open_folder);
    file = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(file >= 0);
    assert_int_equal(fstat(file, &about), 0);
    at = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    assert_true(at != MAP_FAILED);
    close(file);
    return bytes(at, (size_t)about.st_size);
}

static bool is_in(struct bytes dump, const struct memory_needle *needle)
{
    uint8_t secret[32];
    bool found = false;

    memory_needle_show(needle, secret);
    for (size_t i = 0; i + needle->len <= dump.len && !found; i++)
        found = dump.at[i] == secret[0] && memcmp(dump.at + i, secret, needle->len) == 0;
    wipe(secret, sizeof secret);
    return found;
}

static void old_keys_are_in_no_core_dump(void **state)
{
    static struct told told;
    char folder[SCRATCH_PATH];
    unsigned in_use = 0;
    struct bytes dump;
    int tell[2], status;
    pid_t child;

    (void)state;
    scratch_make(folder);
    assert_int_equal(pipe(tell), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        live_and_die(tell[1], folder);
    close(tell[1]);
    assert_int_equal(read(tell[0], &told, sizeof told), sizeof told);
    assert_int_equal(waitpid(child, &status, 0), child);
    close(tell[0]);
    assert_true(WIFSIGNALED(status));
    dump = dump_map(folder);
    if (dump.len == 0) {
        scratch_remove(folder);
        skip(); /* the system keeps no core dumps, or keeps them elsewhere */
    }
    for (unsigned i = 0; i < told.over; i++)
        if (is_in(dump, &told.needles[i]))
            fail_msg("secret %u of the epoch before is in the dump", i);
    for (unsigned i = told.over; i < told.count; i++)
        in_use += is_in(dump, &told.needles[i]);
    assert_true(in_use >= 6); /* the running epoch's are: the search finds what is there */
    munmap((void *)(uintptr_t)dump.at, dump.len);
    scratch_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(old_keys_are_in_no_core_dump),
    };

    if (crypto_start() != OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
