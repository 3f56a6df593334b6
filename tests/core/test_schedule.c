/* key-schedule.json, psk_secret.json, transcript-hashes.json. RFC 9420, section 8. */
#include "core/frame.h"
#include "core/schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "support/mls_cases.h"

static void one_epoch(struct mls_case *c, struct json_object *epoch, uint64_t number, uint8_t init[32])
{
    struct group_context context = {
        .version = MLS_VERSION_10,
        .suite = c->suite,
        .group_id = case_hex(c, c->json, "group_id"),
        .epoch = number,
        .tree_hash = case_hex(c, epoch, "tree_hash"),
        .confirmed_transcript_hash = case_hex(c, epoch, "confirmed_transcript_hash"),
    };
    struct json_object *exporter = vectors_member(epoch, "exporter");
    struct bytes psk = case_hex(c, epoch, "psk_secret");
    struct buffer encoded = {0};
    struct schedule schedule;
    uint8_t joiner[32], welcome[32], exported[64];
    size_t len = vectors_number(exporter, "length");
    struct hpke_pair external;

    group_context_write(&encoded, &context);
    assert_same(buffer_bytes(&encoded), case_hex(c, epoch, "group_context"));
    assert_int_equal(
        schedule_joiner(init, case_hex(c, epoch, "commit_secret").at, buffer_bytes(&encoded), joiner), OK);
    assert_same(BYTES_OF(joiner), case_hex(c, epoch, "joiner_secret"));
    assert_int_equal(schedule_welcome(joiner, psk.at, welcome), OK);
    assert_same(BYTES_OF(welcome), case_hex(c, epoch, "welcome_secret"));
    assert_int_equal(schedule_epoch(joiner, psk.at, buffer_bytes(&encoded), &schedule), OK);
    buffer_free(&encoded);

    assert_same(BYTES_OF(schedule.init), case_hex(c, epoch, "init_secret"));
    assert_same(BYTES_OF(schedule.sender_data), case_hex(c, epoch, "sender_data_secret"));
    assert_same(BYTES_OF(schedule.encryption), case_hex(c, epoch, "encryption_secret"));
    assert_same(BYTES_OF(schedule.exporter), case_hex(c, epoch, "exporter_secret"));
    assert_same(BYTES_OF(schedule.authenticator), case_hex(c, epoch, "epoch_authenticator"));
    assert_same(BYTES_OF(schedule.external), case_hex(c, epoch, "external_secret"));
    assert_same(BYTES_OF(schedule.confirmation), case_hex(c, epoch, "confirmation_key"));
    assert_same(BYTES_OF(schedule.membership), case_hex(c, epoch, "membership_key"));
    assert_same(BYTES_OF(schedule.resumption), case_hex(c, epoch, "resumption_psk"));

    assert_int_equal(schedule_external_pair(schedule.external, &external), OK);
    assert_same(BYTES_OF(external.public), case_hex(c, epoch, "external_pub"));
    assert_true(len <= sizeof exported);
    assert_int_equal(schedule_export(schedule.exporter, bytes_string(vectors_text(exporter, "label")),
                                     case_hex(c, exporter, "context"), (struct bytes_mut){exported, len}),
                     OK);
    assert_same(bytes(exported, len), case_hex(c, exporter, "secret"));
    memcpy(init, schedule.init, 32);
}

static void epochs(struct mls_case *c)
{
    struct json_object *list = vectors_member(c->json, "epochs");
    uint8_t init[32];

    memcpy(init, case_hex(c, c->json, "initial_init_secret").at, sizeof init);
    for (size_t i = 0; i < json_object_array_length(list); i++)
        one_epoch(c, json_object_array_get_idx(list, i), i, init);
}

static void psks(struct mls_case *c)
{
    struct json_object *list = vectors_member(c->json, "psks");
    size_t count = json_object_array_length(list);
    uint8_t secret[32] = {0};

    for (size_t i = 0; i < count; i++) {
        struct json_object *psk = json_object_array_get_idx(list, i);
        struct psk_id id = {
            .type = MLS_PSK_EXTERNAL,
            .id = case_hex(c, psk, "psk_id"),
            .nonce = case_hex(c, psk, "psk_nonce"),
        };

        assert_int_equal(schedule_psk(secret, &id, case_hex(c, psk, "psk"), (uint16_t)i, (uint16_t)count),
                         OK);
    }
    assert_same(BYTES_OF(secret), case_hex(c, c->json, "psk_secret"));
}

static void transcript(struct mls_case *c)
{
    struct reader r = reader_on(case_hex(c, c->json, "authenticated_content"));
    struct content content = {0};
    struct buffer input = {0};
    uint8_t confirmed[32], interim[32], tag[32];

    content.wire_format = reader_u16(&r);
    content_read(&r, &content);
    content_auth_read(&r, &content);
    assert_int_equal(reader_end(&r), OK);
    assert_int_equal(content.type, MLS_COMMIT);

    content_write_confirmed(&input, &content);
    assert_int_equal(schedule_confirmed_hash(case_hex(c, c->json, "interim_transcript_hash_before"),
                                             buffer_bytes(&input), confirmed),
                     OK);
    buffer_free(&input);
    assert_same(BYTES_OF(confirmed), case_hex(c, c->json, "confirmed_transcript_hash_after"));
    assert_int_equal(
        schedule_confirmation_tag(case_hex(c, c->json, "confirmation_key").at, BYTES_OF(confirmed), tag), OK);
    assert_same(BYTES_OF(tag), content.confirmation_tag);
    assert_int_equal(schedule_interim_hash(BYTES_OF(confirmed), content.confirmation_tag, interim), OK);
    assert_same(BYTES_OF(interim), case_hex(c, c->json, "interim_transcript_hash_after"));
    assert_int_equal(schedule_interim_hash(BYTES_OF(confirmed), bytes(tag, 31), interim), E_MALFORMED);
}

static void key_schedule(void **state)
{
    (void)state;
    mls_cases("mls/key-schedule.json", 2, epochs);
}

static void psk_secret(void **state)
{
    (void)state;
    mls_cases("mls/psk_secret.json", 22, psks);
}

static void transcript_hashes(void **state)
{
    (void)state;
    mls_cases("mls/transcript-hashes.json", 2, transcript);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_schedule),
        cmocka_unit_test(psk_secret),
        cmocka_unit_test(transcript_hashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
