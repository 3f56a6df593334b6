/* Walks over the MLS vectors: each entry of a file for a suite that we have. For tests alone; included after
 * cmocka.h. */
#ifndef SUPPORT_MLS_CASES_H
#define SUPPORT_MLS_CASES_H

#include "core/mls.h"
#include "crypto/crypto.h"
#include "support/vectors.h"

struct mls_case {
    struct arena arena; /* freed after the case */
    struct json_object *json;
    uint16_t suite; /* 0 where the file knows none */
    size_t number;
};

static inline struct bytes case_hex(struct mls_case *c, struct json_object *object, const char *member)
{
    return vectors_hex(&c->arena, object, member);
}

static inline void assert_same(struct bytes got, struct bytes wanted)
{
    assert_int_equal(got.len, wanted.len);
    if (wanted.len != 0)
        assert_memory_equal(got.at, wanted.at, wanted.len);
}

/* Runs the entries whose suite we have; a file that has changed its shape cannot pass by being empty. */
static inline void mls_cases(const char *name, unsigned at_least, void (*run)(struct mls_case *))
{
    struct json_object *file = vectors_load(name);
    unsigned ran = 0;

    assert_int_equal(crypto_start(), OK);
    for (size_t i = 0; i < json_object_array_length(file); i++) {
        struct mls_case c = {.json = json_object_array_get_idx(file, i), .number = i};
        struct json_object *suite;

        if (json_object_object_get_ex(c.json, "cipher_suite", &suite)) {
            c.suite = (uint16_t)json_object_get_int(suite);
            if (!mls_suite_known(c.suite))
                continue;
        }
        run(&c);
        arena_free(&c.arena);
        ran++;
    }
    json_object_put(file);
    assert_true(ran >= at_least);
    vectors_ran(name, ran);
}

#endif
