#define _XOPEN_SOURCE 700
#include "client/identity.h"
#include "crypto/crypto.h"
#include "support/seeded.h"
#include "wire/envelope.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
    char parent[64], home[80], file[96];
    struct identity identity;
};

static int place_make(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    struct seeded seeded;

    seeded_start(&seeded, 7);
    snprintf(place->parent, sizeof place->parent, "%s", "/tmp/teahouse-identity-XXXXXX");
    if (crypto_start() != OK || mkdtemp(place->parent) == NULL)
        return -1;
    snprintf(place->home, sizeof place->home, "%s/home", place->parent);
    snprintf(place->file, sizeof place->file, "%s/account", place->home);
    if (identity_new(&seeded.random, &place->identity) != OK)
        return -1;
    snprintf(place->identity.handle, sizeof place->identity.handle, "%s", "amy");
    snprintf(place->identity.house_url, sizeof place->identity.house_url, "%s", "http://127.0.0.1:8080");
    memset(place->identity.house_key, 0xa5, 32);
    *state = place;
    return 0;
}

static int place_clear(void **state)
{
    struct place *place = *state;

    unlink(place->file);
    rmdir(place->home);
    rmdir(place->parent);
    free(place);
    return 0;
}

static mode_t mode_of(const char *path)
{
    struct stat info;

    assert_int_equal(stat(path, &info), 0);
    return info.st_mode & 07777;
}

static void file_set(const struct place *place, const void *text, size_t len)
{
    int file = open(place->file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(file >= 0);
    assert_int_equal(write(file, text, len), len);
    close(file);
}

static size_t file_get(const struct place *place, char *out, size_t size)
{
    int file = open(place->file, O_RDONLY);
    ssize_t n;

    assert_true(file >= 0);
    n = read(file, out, size);
    assert_true(n > 0);
    close(file);
    return (size_t)n;
}

static void saved_and_loaded(void **state)
{
    struct place *place = *state;
    struct identity loaded;

    assert_int_equal(identity_load(place->home, &loaded), E_NOT_FOUND);
    assert_int_equal(identity_save(&place->identity, place->home), OK);
    assert_int_equal(mode_of(place->home), 0700);
    assert_int_equal(mode_of(place->file), 0600);
    assert_int_equal(identity_load(place->home, &loaded), OK);
    assert_memory_equal(&loaded, &place->identity, sizeof loaded);

    /* Nothing but the account is left behind. */
    struct dirent *entry;
    DIR *dir = opendir(place->home);
    unsigned names = 0;
    while ((entry = readdir(dir)) != NULL)
        names += entry->d_name[0] != '.';
    closedir(dir);
    assert_int_equal(names, 1);
}

static void an_account_is_never_replaced(void **state)
{
    struct place *place = *state;
    struct identity other = place->identity, loaded;

    snprintf(other.handle, sizeof other.handle, "%s", "bo");
    assert_int_equal(identity_save(&place->identity, place->home), OK);
    assert_int_equal(identity_save(&other, place->home), E_EXISTS);
    assert_int_equal(identity_load(place->home, &loaded), OK);
    assert_string_equal(loaded.handle, "amy");

    assert_int_equal(identity_remove(place->home), OK);
    assert_int_equal(identity_load(place->home, &loaded), E_NOT_FOUND);
    assert_int_equal(identity_save(&other, place->home), OK);
}

static void what_others_can_reach_is_refused(void **state)
{
    struct place *place = *state;
    struct identity loaded;

    assert_int_equal(identity_save(&place->identity, place->home), OK);
    assert_int_equal(chmod(place->file, 0640), 0);
    assert_int_equal(identity_load(place->home, &loaded), E_REFUSED);
    assert_int_equal(chmod(place->file, 0600), 0);
    assert_int_equal(chmod(place->home, 0770), 0);
    assert_int_equal(identity_load(place->home, &loaded), E_REFUSED);
    assert_int_equal(identity_save(&place->identity, place->home), E_REFUSED);
    assert_int_equal(chmod(place->home, 0755), 0);
    assert_int_equal(identity_load(place->home, &loaded), OK);
}

static void a_line_break_cannot_be_smuggled_in(void **state)
{
    struct place *place = *state;
    struct identity loaded;

    snprintf(place->identity.handle, sizeof place->identity.handle, "%s", "amy\nhouse http://evil");
    assert_int_equal(identity_save(&place->identity, place->home), E_MALFORMED);
    assert_int_equal(identity_load(place->home, &loaded), E_NOT_FOUND);
}

static void every_truncation_is_refused(void **state)
{
    struct place *place = *state;
    struct identity loaded = {.handle = "untouched"};
    char whole[1024], longer[2048] = {0};
    size_t len;

    assert_int_equal(identity_save(&place->identity, place->home), OK);
    len = file_get(place, whole, sizeof whole);
    for (size_t cut = 0; cut < len; cut++) {
        file_set(place, whole, cut);
        assert_int_equal(identity_load(place->home, &loaded), E_MALFORMED);
    }
    memcpy(longer, whole, len);
    file_set(place, longer, len + 1);
    assert_int_equal(identity_load(place->home, &loaded), E_MALFORMED);
    file_set(place, longer, sizeof longer);
    assert_int_equal(identity_load(place->home, &loaded), E_MALFORMED);
    assert_string_equal(loaded.handle, "untouched");
}

static void f19_a_signature_is_for_one_use_house_and_room(void **state)
{
    struct place *place = *state;
    const uint8_t room[32] = {1}, other_room[32] = {2}, content[] = {'c'};
    uint8_t text[ENVELOPE_SIGNED_BYTES], signature[64];
    struct bytes whole;
    static const struct {
        const char *label;
        uint8_t house, room;
        enum result result;
    } rows[] = {
        {ENVELOPE_BINDING, 0xa5, 1, OK},       {ENVELOPE_CHARTER, 0xa5, 1, E_FORGED},
        {ENVELOPE_BINDING, 0xa6, 1, E_FORGED}, {ENVELOPE_BINDING, 0xa5, 2, E_FORGED},
        {ENVELOPE_BINDING, 0xa5, 0, E_FORGED},
    };

    assert_int_equal(identity_sign(&place->identity, ENVELOPE_BINDING, room, BYTES_OF(content), signature),
                     OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t house[32];
        const uint8_t *in = rows[i].room == 0 ? NULL : rows[i].room == 1 ? room : other_room;

        memset(house, rows[i].house, sizeof house);
        assert_int_equal(envelope_signed(rows[i].label, house, in, BYTES_OF(content),
                                         (struct bytes_mut){text, sizeof text}, &whole),
                         OK);
        assert_int_equal(crypto_ed25519_verify(place->identity.account_key, whole, BYTES_OF(signature)),
                         rows[i].result);
    }
}

/* RFC 8032, section 7.1, test 1: the public key; its SHA-256 computed apart. */
static void the_fingerprint_is_of_the_key(void **state)
{
    static const uint8_t key[32] = {0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe,
                                    0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6,
                                    0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a};
    char text[IDENTITY_FINGERPRINT_SIZE];

    (void)state;
    assert_int_equal(identity_fingerprint(key, text), OK);
    assert_string_equal(text, "21fe 31df a154 a261 626b f854 046f d227");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(saved_and_loaded, place_make, place_clear),
        cmocka_unit_test_setup_teardown(an_account_is_never_replaced, place_make, place_clear),
        cmocka_unit_test_setup_teardown(what_others_can_reach_is_refused, place_make, place_clear),
        cmocka_unit_test_setup_teardown(a_line_break_cannot_be_smuggled_in, place_make, place_clear),
        cmocka_unit_test_setup_teardown(every_truncation_is_refused, place_make, place_clear),
        cmocka_unit_test_setup_teardown(f19_a_signature_is_for_one_use_house_and_room, place_make,
                                        place_clear),
        cmocka_unit_test(the_fingerprint_is_of_the_key),
    };

    return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
