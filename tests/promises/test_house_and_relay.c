/* House and relay together, `teahouse serve` as it runs: while people speak through it, its memory and what
 * it wrote are searched for their keys and their voices. */
#include "support/guests.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void a_running_server_has_no_key_and_no_sound(void **state)
{
    static struct guests g;
    const char *line;

    (void)state;
    guests_start(&g);
    guests_talk(&g, 100);
    /* A packet is soon overwritten by the next: the search is for the newest ones, at several moments. */
    for (unsigned moment = 0; moment < 5; moment++) {
        guests_go_on(&g, 7);
        for (unsigned kind = SECRET_BASE_KEY; kind <= SECRET_PCM; kind++)
            assert_int_equal(guests_in_memory(&g, (enum secret_kind)kind, g.scene.server.pid), 0);
    }
    /* The same search finds what the relay must know: both seats are taken. */
    assert_int_equal(guests_in_memory(&g, SECRET_SEAT, g.scene.server.pid), GUESTS);
    guests_leave(&g);
    while ((line = process_line(&g.scene.server, 0)) != NULL)
        for (unsigned kind = 0; kind < SECRET_KINDS; kind++)
            assert_int_equal(guests_in_bytes(&g, (enum secret_kind)kind, bytes_string(line)), 0);
    guests_end(&g);
    for (unsigned kind = 0; kind < SECRET_KINDS; kind++)
        assert_int_equal(guests_in_bytes(&g, (enum secret_kind)kind, bytes_string(g.scene.server.errors)), 0);
    assert_null(strstr(g.scene.server.errors, g.room_name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_running_server_has_no_key_and_no_sound),
    };

    return cmocka_run_group_tests_name("house_and_relay", tests, NULL, NULL);
}
