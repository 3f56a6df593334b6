#include "io/loop.h"
#include "support/patience.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

struct seen {
    struct loop *loop;
    struct loop_timer *timer;
    struct loop_watch *watch;
    unsigned count, stop_at;
    uint64_t due_us;
    bool early;
    int fd;
};

static void count(void *context)
{
    struct seen *s = context;

    if (++s->count == s->stop_at)
        loop_stop(s->loop);
}

static void due(void *context)
{
    struct seen *s = context;

    s->early |= loop_now_us() < s->due_us;
    s->due_us = loop_now_us() + 2000;
    loop_timer_set(s->timer, s->due_us);
    count(s);
}

static void timer_set_again_never_early(void **state)
{
    struct seen s = {.loop = patience_loop(), .stop_at = 5};

    (void)state;
    assert_int_equal(loop_timer_new(s.loop, due, &s, &s.timer), OK);
    s.due_us = loop_now_us() + 2000;
    loop_timer_set(s.timer, s.due_us);
    patience_run(s.loop);
    assert_int_equal(s.count, 5);
    assert_false(s.early);
    loop_timer_free(s.timer);
    loop_free(s.loop);
}

static void timer_fires_once_and_rests(void **state)
{
    struct seen s = {.loop = patience_loop()};

    (void)state;
    assert_int_equal(loop_timer_new(s.loop, count, &s, &s.timer), OK);
    loop_timer_set(s.timer, 0); /* long past: the next turn */
    patience_let_pass(s.loop, 20);
    assert_int_equal(s.count, 1);
    loop_timer_set(s.timer, loop_now_us() + 1000);
    loop_timer_clear(s.timer);
    patience_let_pass(s.loop, 20);
    assert_int_equal(s.count, 1);
    loop_timer_free(s.timer);
    loop_free(s.loop);
}

static void free_itself(void *context)
{
    struct seen *s = context;

    loop_timer_free(s->timer);
    loop_stop(s->loop);
}

static void timer_freed_by_its_own_callback(void **state)
{
    struct seen s = {.loop = patience_loop()};

    (void)state;
    assert_int_equal(loop_timer_new(s.loop, free_itself, &s, &s.timer), OK);
    loop_timer_set(s.timer, 0);
    patience_run(s.loop);
    loop_free(s.loop);
}

static void read_one(void *context)
{
    struct seen *s = context;
    char c;

    assert_int_equal(read(s->fd, &c, 1), 1);
    count(s);
}

static void watch_is_level_triggered(void **state)
{
    struct seen s = {.loop = patience_loop(), .stop_at = 3};
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    s.fd = ends[0];
    assert_int_equal(loop_watch_new(s.loop, s.fd, read_one, &s, &s.watch), OK);
    assert_int_equal(write(ends[1], "tea", 3), 3);
    patience_run(s.loop);
    assert_int_equal(s.count, 3);
    loop_watch_free(s.watch);
    close(ends[0]);
    close(ends[1]);
    loop_free(s.loop);
}

enum { POSTS = 1000 };

static void *post_many(void *context)
{
    struct seen *s = context;

    for (int i = 0; i < POSTS; i++)
        if (loop_post(s->loop, count, s) != OK)
            return context;
    return NULL;
}

static void posts_of_two_threads_all_run(void **state)
{
    struct seen s = {.loop = patience_loop(), .stop_at = 2 * POSTS};
    pthread_t threads[2];
    void *failed;

    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, post_many, &s), 0);
    patience_run(s.loop);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    assert_int_equal(s.count, 2 * POSTS);
    loop_free(s.loop);
}

static void posts_are_dropped_with_the_loop(void **state)
{
    struct seen s = {.loop = patience_loop()};

    (void)state;
    assert_int_equal(loop_post(s.loop, count, &s), OK);
    loop_free(s.loop);
    assert_int_equal(s.count, 0);
}

static void stop_before_run_is_kept(void **state)
{
    struct loop *loop = patience_loop();

    (void)state;
    loop_stop(loop);
    assert_int_equal(loop_run(loop), OK);
    /* And only once: this run needs a stop of its own. */
    patience_let_pass(loop, 5);
    loop_free(loop);
}

static void stop(void *context)
{
    struct seen *s = context;

    s->count++;
    loop_stop(s->loop);
}

static void signals_end_it_in_order(void **state)
{
    struct seen s = {.loop = patience_loop()};

    (void)state;
    assert_int_equal(loop_on_end(s.loop, stop, &s), OK);
    assert_int_equal(raise(SIGTERM), 0);
    patience_run(s.loop);
    assert_int_equal(raise(SIGINT), 0);
    patience_run(s.loop);
    assert_int_equal(raise(SIGPIPE), 0);
    assert_int_equal(s.count, 2);
    loop_free(s.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timer_set_again_never_early),     cmocka_unit_test(timer_fires_once_and_rests),
        cmocka_unit_test(timer_freed_by_its_own_callback), cmocka_unit_test(watch_is_level_triggered),
        cmocka_unit_test(posts_of_two_threads_all_run),    cmocka_unit_test(posts_are_dropped_with_the_loop),
        cmocka_unit_test(stop_before_run_is_kept),         cmocka_unit_test(signals_end_it_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
