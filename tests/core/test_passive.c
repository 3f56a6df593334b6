/* A client that is welcomed into published groups and follows them: passive-client-*.json, the
 * interoperability runs, and external commits with PSKs. RFC 9420, sections 12.4.2, 12.4.3. */
#include "core/group.h"
#include "core/group_state.h"
#include "core/joining.h"
#include "core/label.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "support/mls_cases.h"

/* These groups are full of PublicMessages and of outsiders, which Teahouse itself refuses. */
static const struct group_rules open_rules = {.public_handshakes = true, .outsiders = true};

static struct joining *joining_of(struct mls_case *c, uint64_t *now)
{
    struct json_object *psks = vectors_member(c->json, "external_psks");
    struct bytes message = case_hex(c, c->json, "key_package");
    struct joining_parts parts = {
        .package = bytes(message.at + 4, message.len - 4),
        .signature_seed = case_hex(c, c->json, "signature_priv").at,
        .init = case_hex(c, c->json, "init_priv").at,
        .encryption = case_hex(c, c->json, "encryption_priv").at,
    };
    struct reader r = reader_on(parts.package);
    struct joining *joining = NULL;
    struct key_package package;
    uint8_t public_key[32];

    key_package_read(&r, &package);
    assert_int_equal(reader_end(&r), OK);
    assert_int_equal(crypto_ed25519_public(parts.signature_seed, public_key), OK);
    assert_same(BYTES_OF(public_key), package.leaf.signature_key);
    /* A clock inside of the run: the others' packages were made around the same time. */
    *now = package.leaf.not_before + (package.leaf.not_after - package.leaf.not_before) / 2;

    assert_int_equal(joining_from(&parts, &joining), OK);
    for (size_t i = 0; i < json_object_array_length(psks); i++) {
        struct json_object *psk = json_object_array_get_idx(psks, i);

        assert_int_equal(joining_psk(joining, case_hex(c, psk, "psk_id"), case_hex(c, psk, "psk")), OK);
    }
    return joining;
}

static struct group *join(struct mls_case *c, uint64_t *now)
{
    struct joining *joining = joining_of(c, now);
    struct json_object *tree = vectors_member(c->json, "ratchet_tree");
    struct bytes welcome = case_hex(c, c->json, "welcome"), outside = {0};
    struct group *group = NULL;

    if (tree != NULL)
        outside = vectors_hex_string(&c->arena, json_object_get_string(tree));
    assert_int_equal(group_join(joining, &open_rules, welcome, outside, &group), OK);
    assert_same(group_epoch_authenticator(group), case_hex(c, c->json, "initial_epoch_authenticator"));
    assert_int_equal(group_join(joining, &open_rules, welcome, outside, &group), E_STATE);
    joining_free(joining);
    return group;
}

static void take(struct group *group, struct bytes message, uint64_t now)
{
    struct opened *opened = NULL;

    assert_int_equal(group_open(group, message, now, &opened), OK);
    assert_int_equal(group_apply(group, opened), OK);
    assert_int_equal(group_apply(group, opened), opened->kind == OPENED_COMMIT ? E_STALE : E_STATE);
    opened_free(opened);
}

static void passive(struct mls_case *c)
{
    struct json_object *epochs = vectors_member(c->json, "epochs");
    uint64_t now;
    struct group *group = join(c, &now);

    for (size_t i = 0; i < json_object_array_length(epochs); i++) {
        struct json_object *epoch = json_object_array_get_idx(epochs, i);
        struct json_object *proposals = vectors_member(epoch, "proposals");
        uint64_t number = group_epoch(group);

        for (size_t p = 0; p < json_object_array_length(proposals); p++)
            take(group,
                 vectors_hex_string(&c->arena,
                                    json_object_get_string(json_object_array_get_idx(proposals, p))),
                 now);
        take(group, case_hex(c, epoch, "commit"), now);
        assert_int_equal(group_epoch(group), number + 1);
        assert_same(group_epoch_authenticator(group), case_hex(c, epoch, "epoch_authenticator"));
    }
    group_free(group);
}

static void welcomes(void **state)
{
    (void)state;
    mls_cases("mls/passive-client-welcome.json", 16, passive);
}

static void commits(void **state)
{
    (void)state;
    mls_cases("mls/passive-client-handling-commit.json", 26, passive);
}

static void random_walk(void **state)
{
    (void)state;
    mls_cases("mls/passive-client-random.json", 1, passive);
}

static void interop_application(void **state)
{
    (void)state;
    mls_cases("mls/interop-passive/application.json", 12, passive);
}

static void interop_commit(void **state)
{
    (void)state;
    mls_cases("mls/interop-passive/commit.json", 88, passive);
}

static void interop_external_join(void **state)
{
    (void)state;
    mls_cases("mls/interop-passive/external_join.json", 12, passive);
}

static void interop_external_proposals(void **state)
{
    (void)state;
    mls_cases("mls/interop-passive/external_proposals.json", 56, passive);
}

static void interop_welcome(void **state)
{
    (void)state;
    mls_cases("mls/interop-passive/welcome_join.json", 16, passive);
}

/* --- External commits, some of them with a PSK --- */

static void check_new_epoch(struct mls_case *c, struct group *group, uint64_t now)
{
    struct json_object *exporter = vectors_member(c->json, "exporter");
    struct json_object *application = vectors_member(c->json, "application");
    size_t len = vectors_number(exporter, "length");
    uint8_t exported[64];
    struct opened *opened = NULL;

    assert_true(len <= sizeof exported);
    assert_int_equal(group_export(group, bytes_string(vectors_text(exporter, "label")),
                                  case_hex(c, exporter, "context"), (struct bytes_mut){exported, len}),
                     OK);
    assert_same(bytes(exported, len), case_hex(c, exporter, "exported"));
    assert_int_equal(group_open(group, case_hex(c, application, "message"), now, &opened), OK);
    assert_same(opened->application, case_hex(c, application, "plaintext"));
    opened_free(opened);
}

static void external(struct mls_case *c)
{
    struct json_object *epoch = json_object_array_get_idx(vectors_member(c->json, "epochs"), 0);
    struct bytes commit = case_hex(c, epoch, "commit");
    struct opened *opened = NULL;
    uint64_t now;
    struct group *group = join(c, &now);

    if (strcmp(vectors_text(c->json, "expect"), "reject") == 0) {
        assert_int_equal(group_open(group, commit, now, &opened), E_FORGED);
        assert_same(group_epoch_authenticator(group), case_hex(c, c->json, "initial_epoch_authenticator"));
    } else {
        assert_int_equal(group_open(group, commit, now, &opened), OK);
        assert_int_equal(opened->sender_type, MLS_SENDER_NEW_MEMBER_COMMIT);
        assert_int_equal(opened->update_count, 1);
        assert_int_equal(opened->updates[0].leaf, opened->sender);
        assert_null(group_member(group, opened->sender));
        assert_int_equal(group_apply(group, opened), OK);
        assert_non_null(group_member(group, opened->sender));
        opened_free(opened);
        assert_same(group_epoch_authenticator(group), case_hex(c, epoch, "epoch_authenticator"));
        check_new_epoch(c, group, now);
    }
    group_free(group);
}

/* The same commits to a member of Teahouse, who lets nobody in by the window. */
static void external_refused(struct mls_case *c)
{
    struct json_object *epoch = json_object_array_get_idx(vectors_member(c->json, "epochs"), 0);
    struct opened *opened = NULL;
    uint64_t now;
    struct group *group = join(c, &now);

    group->rules.outsiders = false;
    assert_int_equal(group_open(group, case_hex(c, epoch, "commit"), now, &opened), E_REFUSED);
    group_free(group);
}

static void external_commits_with_psk(void **state)
{
    (void)state;
    mls_cases("mls/external-commit-psk.json", 18, external);
}

static void external_commits_are_refused(void **state)
{
    (void)state;
    mls_cases("mls/external-commit-psk.json", 18, external_refused);
}

/* --- Welcomes without a tree --- */

static void bare_welcome(struct mls_case *c)
{
    struct bytes message = case_hex(c, c->json, "key_package"), init = case_hex(c, c->json, "init_priv");
    struct reader r = reader_on(bytes(message.at + 4, message.len - 4));
    struct joining joining = {0};
    struct opened_welcome open = {0};
    struct key_package package;
    struct schedule schedule;
    uint8_t tag[MLS_HASH_LEN];

    key_package_read(&r, &package);
    assert_int_equal(reader_end(&r), OK);
    buffer_put(&joining.package, package.encoded);
    assert_int_equal(key_package_ref(&package, joining.ref), OK);
    assert_int_equal(hpke_pair_from(init.at, &joining.init), OK);
    assert_same(BYTES_OF(joining.init.public), package.init_key);

    assert_int_equal(welcome_open(&joining, case_hex(c, c->json, "welcome"), &open), OK);
    assert_int_equal(label_verify(case_hex(c, c->json, "signer_pub"), BYTES_TEXT("GroupInfoTBS"),
                                  open.info.body, open.info.signature),
                     OK);
    assert_int_equal(
        schedule_epoch(open.secrets.joiner_secret.at, open.psk_secret, open.info.context_encoded, &schedule),
        OK);
    assert_int_equal(
        schedule_confirmation_tag(schedule.confirmation, open.info.context.confirmed_transcript_hash, tag),
        OK);
    assert_same(BYTES_OF(tag), open.info.confirmation_tag);
    opened_welcome_free(&open);
    buffer_free(&joining.package);
}

static void welcomes_without_a_tree(void **state)
{
    (void)state;
    mls_cases("mls/welcome.json", 2, bare_welcome);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(welcomes),
        cmocka_unit_test(commits),
        cmocka_unit_test(random_walk),
        cmocka_unit_test(interop_application),
        cmocka_unit_test(interop_commit),
        cmocka_unit_test(interop_external_join),
        cmocka_unit_test(interop_external_proposals),
        cmocka_unit_test(interop_welcome),
        cmocka_unit_test(external_commits_with_psk),
        cmocka_unit_test(external_commits_are_refused),
        cmocka_unit_test(welcomes_without_a_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
