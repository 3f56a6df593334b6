/* What one address, and one account, may have of a server: as the operator says it on the command line. */
#include "support/caller.h"
#include "support/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void limits_are_the_operators(void **state)
{
    static const char *const options[] = {
        "--behind-proxy", "--connections-each", "2", "--sign-ups-each", "1", "--rooms-each", "1", NULL};
    static struct caller amy = {.forwarded = "192.0.2.1"}, bo = {.forwarded = "192.0.2.1"};
    static struct caller cy = {.forwarded = "192.0.2.1"}, dan = {.forwarded = "192.0.2.2"};
    struct signal answer;
    struct scene scene;

    (void)state;
    scene_start(&scene, options);
    caller_open(&amy, scene.port, 0);
    caller_sign_up(&amy, "amy");
    caller_open(&bo, scene.port, 0);
    caller_ask_account(&bo, "bo", &answer);
    assert_int_equal(answer.type, SIGNAL_REFUSED);
    assert_int_equal(answer.refused.reason, REASON_TOO_MANY);
    assert_int_equal(caller_dial(&cy, scene.port, 0), 429);
    caller_open(&dan, scene.port, 0);
    caller_sign_up(&dan, "dan");

    caller_ask_room(&amy, "The first", &answer);
    assert_int_equal(answer.type, SIGNAL_ROOM_IS);
    caller_ask_room(&amy, "One more", &answer);
    assert_int_equal(answer.type, SIGNAL_REFUSED);
    assert_int_equal(answer.refused.reason, REASON_FULL);
    caller_close(&amy);
    caller_close(&bo);
    caller_close(&cy);
    caller_close(&dan);
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_are_the_operators),
    };

    return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
