#include "house/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int make(void **state)
{
    struct names *n = NULL;

    if (names_new(&n) != OK)
        return -1;
    *state = n;
    return 0;
}

static int unmake(void **state)
{
    names_free(*state);
    return 0;
}

static enum result handle(struct names *n, struct bytes text, uint8_t room[SKELETON_BYTES],
                          struct bytes *skeleton)
{
    const char *why = NULL;
    enum result res = names_handle(n, text, (struct bytes_mut){room, SKELETON_BYTES}, skeleton, &why);

    assert_true(res == OK || (why != NULL && strlen(why) <= REASON_BYTES));
    return res;
}

static enum result title(struct names *n, struct bytes text, uint8_t room[TITLE_BYTES], struct bytes *clean)
{
    const char *why = NULL;
    enum result res = names_title(n, text, (struct bytes_mut){room, TITLE_BYTES}, clean, &why);

    assert_true(res == OK || (why != NULL && strlen(why) <= REASON_BYTES));
    return res;
}

static void plain_handles_are_taken(void **state)
{
    static const char *const good[] = {"a",     "user",  "zoe.k-2", "x_y",   "7up",
                                       "почта", "茶館",  "ちゃ茶a", "찻집",  "हिन्दी",
                                       "عربي",  "ñandú", "ελλάς",   "a.b.c", "user2"};
    uint8_t room[SKELETON_BYTES];
    struct bytes skeleton;

    for (size_t i = 0; i < COUNT(good); i++) {
        assert_int_equal(handle(*state, bytes_string(good[i]), room, &skeleton), OK);
        assert_true(skeleton.len != 0);
    }
}

static void other_handles_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "User",
        "ÄA",
        ".a",
        "-a",
        "_",
        "a b",
        "a@b",
        "a/b",
        "#a",
        "a:b",
        "a'b",
        "ǅ",
        "a!",
        "❤",
        "🚲",
        "a\t",
        /* Decomposed e with acute: one name would have two forms. */
        "cafe\xcc\x81",
        /* Full-width a, mathematical a, Roman numeral one, superscript two: compatibility forms. */
        "\xef\xbd\x81",
        "\xf0\x9d\x90\x9a",
        "\xe2\x85\xb0",
        "a\xc2\xb2",
        /* Digits of two systems, a mark that hides in what it stands on, a mark at the front. */
        "1\xd9\xa1",
        "i\xcc\x87",
        "\xcc\x81z",
    };
    uint8_t room[SKELETON_BYTES];
    struct bytes skeleton;

    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(handle(*state, bytes_string(bad[i]), room, &skeleton), E_REFUSED);
}

/* Field report G53: a handle that looks like another one is refused, by its mixture or by its skeleton. */
static void g53_lookalikes_share_a_skeleton(void **state)
{
    static const char *const mixed[] = {"us\u0435r", "p\u0430ypal", "\u0441at", "go\u03bfgle"};
    /* Each alone is an honest handle; the second of a pair must not be had beside the first. */
    static const char *const pairs[][2] = {{"coco", "\u0441\u043e\u0441\u043e"},
                                           {"modern", "modem"},
                                           {"pax", "\u0440\u0430\u0445"},
                                           {"l0l", "10l"}};
    static const char *const apart[][2] = {{"user", "uzer"}, {"anna", "ana"}, {"a.b", "a-b"}};
    uint8_t room[SKELETON_BYTES], other_room[SKELETON_BYTES];
    struct bytes one, other;

    for (size_t i = 0; i < COUNT(mixed); i++)
        assert_int_equal(handle(*state, bytes_string(mixed[i]), room, &one), E_REFUSED);
    for (size_t i = 0; i < COUNT(pairs); i++) {
        assert_int_equal(handle(*state, bytes_string(pairs[i][0]), room, &one), OK);
        assert_int_equal(handle(*state, bytes_string(pairs[i][1]), other_room, &other), OK);
        assert_true(bytes_equal(one, other));
    }
    for (size_t i = 0; i < COUNT(apart); i++) {
        assert_int_equal(handle(*state, bytes_string(apart[i][0]), room, &one), OK);
        assert_int_equal(handle(*state, bytes_string(apart[i][1]), other_room, &other), OK);
        assert_false(bytes_equal(one, other));
    }
}

/* Field report G54: nothing that turns, breaks or hides text, in handle or title, at any place. */
static void g54_unseen_characters_are_refused(void **state)
{
    static const char *const unseen[] = {
        "\u202e", "\u202a", "\u2066", "\u2069",     "\u200e",     "\u200f",   "\u061c", "\u2028", "\u2029",
        "\n",     "\r",     "\t",     "\x1b",       "\x7f",       "\xc2\x85", "\u200b", "\u2060", "\ufeff",
        "\u00ad", "\u3164", "\u115f", "\U000e0041", "\U000e0101", "\ue000",   "\ufff9", "\uffff"};
    uint8_t room[SKELETON_BYTES];
    struct bytes out;

    for (size_t i = 0; i < COUNT(unseen); i++) {
        for (size_t at = 0; at <= 4; at += 2) {
            char text[32] = "abcd";
            size_t len = strlen(unseen[i]);

            memmove(text + at + len, &"abcd"[at], 5 - at);
            memcpy(text + at, unseen[i], len);
            assert_int_equal(handle(*state, bytes_string(text), room, &out), E_REFUSED);
            assert_int_equal(title(*state, bytes_string(text), room, &out), E_REFUSED);
        }
    }
    assert_int_equal(handle(*state, BYTES_TEXT("ab\0cd"), room, &out), E_REFUSED);
    assert_int_equal(title(*state, BYTES_TEXT("ab\0cd"), room, &out), E_REFUSED);
    assert_int_equal(title(*state, BYTES_TEXT("ab\xed\xa0\x80"), room, &out), E_MALFORMED);
    assert_int_equal(handle(*state, BYTES_TEXT("ab\xff"), room, &out), E_MALFORMED);
}

static struct bytes repeat(uint8_t *room, const char *what, size_t times)
{
    size_t len = strlen(what);

    for (size_t i = 0; i < times; i++)
        memcpy(room + i * len, what, len);
    return bytes(room, len * times);
}

/* Field report G55: one rule in characters and in bytes, for every script. */
static void g55_length_is_one_rule(void **state)
{
    static const char *const letters[] = {"a", "\u0436", "\u8336", "\U00020000"};
    uint8_t text[1024], room[SKELETON_BYTES];
    struct bytes out;

    for (size_t i = 0; i < COUNT(letters); i++) {
        size_t each = strlen(letters[i]);
        size_t most = TITLE_BYTES / each < TITLE_POINTS ? TITLE_BYTES / each : TITLE_POINTS;

        assert_int_equal(title(*state, repeat(text, letters[i], most), room, &out), OK);
        assert_int_equal(out.len, most * each);
        assert_int_equal(title(*state, repeat(text, letters[i], most + 1), room, &out), E_TOO_LARGE);
    }
    for (size_t i = 0; i < COUNT(letters) - 1; i++) {
        size_t each = strlen(letters[i]);
        size_t most = HANDLE_BYTES / each < HANDLE_POINTS ? HANDLE_BYTES / each : HANDLE_POINTS;

        assert_int_equal(handle(*state, repeat(text, letters[i], most), room, &out), OK);
        assert_int_equal(handle(*state, repeat(text, letters[i], most + 1), room, &out), E_TOO_LARGE);
    }
    assert_int_equal(title(*state, repeat(text, "\u0436", 200), room, &out), E_TOO_LARGE);
    assert_int_equal(title(*state, repeat(text, "a", 255), room, &out), E_TOO_LARGE);
    assert_int_equal(title(*state, bytes(text, 0), room, &out), E_REFUSED);
}

/* Field report G56: astral characters survive, and so does what follows them. */
static void g56_astral_characters_stay(void **state)
{
    static const char *const good[] = {"a 🚲 b 🅱️",
                                       "👩‍🚀 & 👨‍👩‍👧",
                                       "𠀀𠀁",
                                       "tea at 5",
                                       "می‌خواهم",
                                       "क्‍ष",
                                       "Ａ　Ｂ",
                                       "C'est l'été, non?"};
    uint8_t room[TITLE_BYTES];
    struct bytes out;

    for (size_t i = 0; i < COUNT(good); i++) {
        assert_int_equal(title(*state, bytes_string(good[i]), room, &out), OK);
        assert_true(bytes_equal(out, bytes_string(good[i])));
    }
}

static void titles_are_composed_and_tidy(void **state)
{
    static const char *const bad[] = {" a",
                                      "a ",
                                      "a  b",
                                      "\u3000a",
                                      " ",
                                      "\u200da",
                                      "a\u200d",
                                      "a \u200db",
                                      "a\u200d b",
                                      "a\u200d\u200cb",
                                      "\u0301a",
                                      "a \u0301b",
                                      "z\u0322\u0323\u0324\u0325\u0326\u0327"};
    uint8_t room[TITLE_BYTES], text[1024];
    struct bytes out;

    assert_int_equal(title(*state, BYTES_TEXT("Cafe\xcc\x81"), room, &out), OK);
    assert_true(bytes_equal(out, BYTES_TEXT("Caf\xc3\xa9")));
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(title(*state, bytes_string(bad[i]), room, &out), E_REFUSED);
    /* U+1D160 grows to three characters in NFC, past what may be stored. */
    assert_int_equal(title(*state, repeat(text, "\U0001d160", 119), room, &out), E_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_handles_are_taken),
        cmocka_unit_test(other_handles_are_refused),
        cmocka_unit_test(g53_lookalikes_share_a_skeleton),
        cmocka_unit_test(g54_unseen_characters_are_refused),
        cmocka_unit_test(g55_length_is_one_rule),
        cmocka_unit_test(g56_astral_characters_stay),
        cmocka_unit_test(titles_are_composed_and_tidy),
    };

    return cmocka_run_group_tests_name("names", tests, make, unmake);
}
