#include "core/seal.h"
#include "support/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* RFC 9605, appendix C.1. */
static void header_vectors(void **state)
{
    struct json_object *file = vectors_load("sframe/test-vectors.json");
    struct json_object *list = vectors_member(file, "header");
    size_t count = json_object_array_length(list);

    (void)state;
    assert_true(count > 200);
    for (size_t i = 0; i < count; i++) {
        struct json_object *v = json_object_array_get_idx(list, i);
        struct arena arena = {0};
        struct bytes encoded = vectors_hex(&arena, v, "encoded"), written;
        struct seal_header h = {vectors_number(v, "kid"), vectors_number(v, "ctr")}, got;
        struct reader r = reader_on(encoded);
        uint8_t room[17];
        struct writer w = writer_over(room);

        seal_header_write(&w, &h);
        assert_int_equal(writer_end(&w, &written), OK);
        assert_true(bytes_equal(written, encoded));
        seal_header_read(&r, &got);
        assert_int_equal(reader_end(&r), OK);
        assert_true(got.kid == h.kid && got.counter == h.counter);
        for (size_t cut = 0; cut < encoded.len; cut++) {
            r = reader_on(bytes(encoded.at, cut));
            seal_header_read(&r, &got);
            assert_int_equal(reader_end(&r), E_MALFORMED);
        }
        arena_free(&arena);
    }
    vectors_ran("sframe headers", count);
    json_object_put(file);
}

/* Section 4.3: the minimum number of bytes, and values below 8 in the config byte. */
static void header_has_one_encoding(void **state)
{
    static const struct {
        uint8_t bytes[6];
        size_t len;
    } cases[] = {
        {{0x08, 0x07}, 2},                         /* counter 7 in a byte of its own */
        {{0x80, 0x00}, 2},                         /* key id 0 in a byte of its own */
        {{0x09, 0x00, 0xff}, 3},                   /* counter 255 in two bytes */
        {{0xb0, 0x00, 0xff, 0xff, 0xff}, 5},       /* key id 2^24-1 in four */
        {{0x0c, 0x00, 0xff, 0xff, 0xff, 0xff}, 6}, /* counter 2^32-1 in five */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reader r = reader_on(bytes(cases[i].bytes, cases[i].len));
        struct seal_header got;

        seal_header_read(&r, &got);
        assert_int_equal(reader_end(&r), E_MALFORMED);
    }
}

/* RFC 9605, appendix C.3, the suite that Teahouse uses. */
static void frame_vector_of_suite_4(void **state)
{
    struct json_object *file = vectors_load("sframe/test-vectors.json");
    struct json_object *list = vectors_member(file, "sframe");
    unsigned ran = 0;

    (void)state;
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *v = json_object_array_get_idx(list, i);
        struct arena arena = {0};

        if (vectors_number(v, "cipher_suite") != 4)
            continue;

        struct bytes base_key = vectors_hex(&arena, v, "base_key"), aad = vectors_hex(&arena, v, "aad");
        struct bytes plain = vectors_hex(&arena, v, "pt"), sealed = vectors_hex(&arena, v, "ct");
        struct bytes metadata = vectors_hex(&arena, v, "metadata");
        uint64_t counter = vectors_number(v, "ctr");
        size_t header_len = aad.len - metadata.len;
        uint8_t text[64], tag[16];
        struct seal_key *key = NULL;

        assert_int_equal(base_key.len, SEAL_BASE_KEY_LEN);
        assert_int_equal(sealed.len, header_len + plain.len + sizeof tag);
        assert_int_equal(seal_key_new(base_key.at, vectors_number(v, "kid"), &key), OK);
        memcpy(text, plain.at, plain.len);
        assert_int_equal(seal_encrypt(key, counter, aad, (struct bytes_mut){text, plain.len}, tag), OK);
        assert_memory_equal(text, sealed.at + header_len, plain.len);
        assert_memory_equal(tag, sealed.at + header_len + plain.len, sizeof tag);
        assert_int_equal(seal_decrypt(key, counter, aad, (struct bytes_mut){text, plain.len}, tag), OK);
        assert_memory_equal(text, plain.at, plain.len);
        assert_int_equal(seal_decrypt(key, counter + 1, aad, (struct bytes_mut){text, plain.len}, tag),
                         E_FORGED);
        seal_key_free(key);
        arena_free(&arena);
        ran++;
    }
    assert_int_equal(ran, 1);
    vectors_ran("sframe frames", ran);
    json_object_put(file);
}

/* RFC 9605 has nothing against a key id, an epoch, a leaf or a counter of zero. */
static void g34_zero_is_a_value(void **state)
{
    const uint8_t base_key[SEAL_BASE_KEY_LEN] = {0};
    uint8_t header[1], text[4] = "tea", tag[16];
    struct writer w = writer_over(header);
    struct seal_key *key = NULL;
    struct seal_name name = {0, 0, FRAME_COUNTER_FIRST_MIN}, got = {1, 1, 1};
    uint8_t fixed[FRAME_HEADER_LEN];

    (void)state;
    seal_header_write(&w, &(struct seal_header){0, 0});
    assert_int_equal(writer_end(&w, NULL), OK);
    assert_int_equal(header[0], 0);
    assert_int_equal(seal_key_new(base_key, 0, &key), OK);
    assert_int_equal(seal_encrypt(key, 0, BYTES_OF(header), (struct bytes_mut){text, sizeof text}, tag), OK);
    assert_int_equal(seal_decrypt(key, 0, BYTES_OF(header), (struct bytes_mut){text, sizeof text}, tag), OK);
    assert_string_equal((char *)text, "tea");
    seal_key_free(key);

    seal_name_write(&name, fixed);
    assert_int_equal(seal_name_read(BYTES_OF(fixed), &got), OK);
    assert_true(got.leaf == 0 && got.epoch == 0 && got.counter == name.counter);
}

static void f29_a_key_id_has_one_form_and_length(void **state)
{
    struct seal_name name = {0x1234, 0x56, 0x789abcde}, got;
    const uint8_t expected[FRAME_HEADER_LEN] = {0xbb, 1, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde};
    uint8_t header[FRAME_HEADER_LEN + 1] = {0};

    (void)state;
    seal_name_write(&name, header);
    assert_memory_equal(header, expected, sizeof expected);
    assert_int_equal(seal_name_read(bytes(header, FRAME_HEADER_LEN), &got), OK);
    assert_true(got.leaf == name.leaf && got.epoch == name.epoch && got.counter == name.counter);
    for (size_t len = 0; len <= sizeof header; len++)
        assert_int_equal(seal_name_read(bytes(header, len), &got),
                         len == FRAME_HEADER_LEN ? OK : E_MALFORMED);
    for (unsigned config = 0; config < 256; config++) {
        header[0] = (uint8_t)config;
        assert_int_equal(seal_name_read(bytes(header, FRAME_HEADER_LEN), &got),
                         config == 0xbb ? OK : E_MALFORMED);
    }
    header[0] = 0xbb;
    header[1] = 2; /* another context */
    assert_int_equal(seal_name_read(bytes(header, FRAME_HEADER_LEN), &got), E_MALFORMED);
    header[1] = 1;
    header[5] = 0; /* a counter that three bytes would hold */
    assert_int_equal(seal_name_read(bytes(header, FRAME_HEADER_LEN), &got), E_MALFORMED);
}

static void voice_goes_round(void **state)
{
    static const size_t profiles[] = {FRAME_PLAIN_SPEECH, FRAME_PLAIN_MUSIC};
    uint8_t opus[FRAME_PLAIN_MAX], proof[FRAME_PROOF_LEN], plain[FRAME_PLAIN_MAX];

    (void)state;
    memset(opus, 0xa5, sizeof opus);
    memset(proof, 0x5a, sizeof proof);
    assert_int_equal(voice_room(FRAME_PLAIN_SPEECH), 106);
    assert_int_equal(voice_room(FRAME_PLAIN_MUSIC), 361);
    for (size_t p = 0; p < 2; p++) {
        struct bytes_mut all = {plain, profiles[p]};

        for (size_t len = 1; len <= voice_room(all.len); len++) {
            struct voice voice = {bytes(opus, len), len % 2 == 0 ? proof : NULL}, got;

            assert_int_equal(voice_write(&voice, all), OK);
            assert_int_equal(voice_read(bytes_const(all), &got), OK);
            assert_true(bytes_equal(got.opus, voice.opus));
            if (voice.proof != NULL)
                assert_memory_equal(got.proof, proof, sizeof proof);
            else
                assert_int_equal(got.proof[0] | got.proof[FRAME_PROOF_LEN - 1], 0);
        }
        assert_int_equal(voice_write(&(struct voice){bytes(opus, voice_room(all.len) + 1), NULL}, all),
                         E_TOO_LARGE);
        assert_int_equal(voice_write(&(struct voice){0}, all), E_MALFORMED);
    }
}

static void voice_refusals(void **state)
{
    uint8_t plain[FRAME_PLAIN_SPEECH];
    const uint8_t opus[80] = {1};
    struct voice got;

    (void)state;
    assert_int_equal(
        voice_write(&(struct voice){BYTES_OF(opus), NULL}, (struct bytes_mut){plain, sizeof plain}), OK);
    plain[0] = 1;
    assert_int_equal(voice_read(BYTES_OF(plain), &got), E_UNSUPPORTED);
    plain[0] = 0;
    plain[1] = 107;
    assert_int_equal(voice_read(BYTES_OF(plain), &got), E_MALFORMED);
    plain[1] = 0;
    assert_int_equal(voice_read(BYTES_OF(plain), &got), E_MALFORMED);
    plain[1] = 80;
    plain[FRAME_PLAIN_SPEECH - 1] = 1; /* something hidden in the padding */
    assert_int_equal(voice_read(BYTES_OF(plain), &got), E_MALFORMED);
    plain[FRAME_PLAIN_SPEECH - 1] = 0;
    for (size_t cut = 0; cut < 1 + 1 + FRAME_PROOF_LEN + 80; cut++)
        assert_int_equal(voice_read(bytes(plain, cut), &got), E_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_vectors),
        cmocka_unit_test(header_has_one_encoding),
        cmocka_unit_test(frame_vector_of_suite_4),
        cmocka_unit_test(g34_zero_is_a_value),
        cmocka_unit_test(f29_a_key_id_has_one_form_and_length),
        cmocka_unit_test(voice_goes_round),
        cmocka_unit_test(voice_refusals),
    };

    if (crypto_start() != OK)
        return 1;
    return cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}
