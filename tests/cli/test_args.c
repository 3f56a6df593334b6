#define _POSIX_C_SOURCE 200809L
#include "cli/args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int run_nothing(const struct args *a)
{
    (void)a;
    return EXIT_DONE;
}

static const struct args_option brew_options[] = {
    {"home", ARGS_TEXT, "DIR", "where the keys are", true},
    {"for", ARGS_SECONDS, "SECONDS", "how long", false},
    {"listen", ARGS_ADDRESS, "ADDR:PORT", "where", false},
    {"cups", ARGS_NUMBER, "N", "how many", false},
    {"role", ARGS_CHOICE, "listener|speaker", "as what", false},
    {"behind-proxy", ARGS_SWITCH, NULL, "a proxy is in front", false},
    {0},
};
static const struct args_option none[] = {{0}};
static const struct args_command table[] = {
    {"brew", "ROOM-OR-LINK", "makes tea", brew_options, run_nothing},
    {"room new", NULL, "makes a room", none, run_nothing},
    {"room list", NULL, "lists rooms", none, run_nothing},
    {0},
};

enum { WORDS = 12 };

struct line {
    const char *words[WORDS];
    const char *wrong; /* how the complaint begins; NULL for none */
};

static enum args_outcome read_words(const char *const words[], struct args *args)
{
    char *argv[WORDS + 2] = {(char *)(uintptr_t) "teahouse"};
    int argc = 1;

    for (; argc <= WORDS && words[argc - 1] != NULL; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc - 1];
    return args_read(table, argc, argv, args);
}

static int clean_environment(void **state)
{
    (void)state;
    return unsetenv("TEAHOUSE_HOME") | unsetenv("TEAHOUSE_FOR") | unsetenv("TEAHOUSE_BEHIND_PROXY") |
           unsetenv("TEAHOUSE_JSON") | unsetenv("TEAHOUSE_ROLE") | unsetenv("TEAHOUSE_CUPS");
}

static void both_spellings_and_any_order(void **state)
{
    static const char *const words[WORDS] = {"brew",   "--home=/a b", "--for",    "2.5",
                                             "a-room", "--listen",    "[::1]:80", "--behind-proxy"};
    struct args args;
    struct address where;
    int64_t ms = 0;

    (void)state;
    assert_int_equal(read_words(words, &args), ARGS_RUN);
    assert_string_equal(args.command->name, "brew");
    assert_string_equal(args_text(&args, "home"), "/a b");
    assert_string_equal(args.operands[0], "a-room");
    args_milliseconds(&args, "for", &ms);
    assert_int_equal(ms, 2500);
    args_address(&args, "listen", &where);
    assert_int_equal(address_port(&where), 80);
    assert_true(args_switch(&args, "behind-proxy"));
    assert_null(args_text(&args, "role"));
}

static void two_words_name_a_command(void **state)
{
    static const char *const words[WORDS] = {"room", "list"};
    struct args args;

    (void)state;
    assert_int_equal(read_words(words, &args), ARGS_RUN);
    assert_string_equal(args.command->name, "room list");
}

static void a_dash_is_a_value_and_two_end_the_options(void **state)
{
    static const char *const words[WORDS] = {"brew", "--home", "-", "--", "--odd-room"};
    struct args args;

    (void)state;
    assert_int_equal(read_words(words, &args), ARGS_RUN);
    assert_string_equal(args_text(&args, "home"), "-");
    assert_string_equal(args.operands[0], "--odd-room");
}

static void the_environment_fills_in_and_the_line_wins(void **state)
{
    static const char *const words[WORDS] = {"brew", "r", "--for=1"};
    struct args args;
    unsigned cups = 7;
    int64_t ms = 0;

    (void)state;
    setenv("TEAHOUSE_HOME", "/from/there", 1);
    setenv("TEAHOUSE_FOR", "9", 1);
    setenv("TEAHOUSE_BEHIND_PROXY", "0", 1);
    setenv("TEAHOUSE_JSON", "1", 1);
    assert_int_equal(read_words(words, &args), ARGS_RUN);
    assert_string_equal(args_text(&args, "home"), "/from/there");
    args_milliseconds(&args, "for", &ms);
    assert_int_equal(ms, 1000);
    args_number(&args, "cups", &cups);
    assert_int_equal(cups, 7);
    assert_false(args_switch(&args, "behind-proxy"));
    assert_true(args.json);

    setenv("TEAHOUSE_CUPS", "60000", 1);
    assert_int_equal(read_words(words, &args), ARGS_RUN);
    args_number(&args, "cups", &cups);
    assert_int_equal(cups, 60000);

    setenv("TEAHOUSE_BEHIND_PROXY", "yes", 1);
    assert_int_equal(read_words(words, &args), ARGS_WRONG);
    assert_string_equal(args.wrong, "teahouse brew: TEAHOUSE_BEHIND_PROXY takes 1 or 0, not 'yes'");
    setenv("TEAHOUSE_BEHIND_PROXY", "1", 1);
    setenv("TEAHOUSE_ROLE", "cook", 1);
    assert_int_equal(read_words(words, &args), ARGS_WRONG);
    assert_string_equal(args.wrong, "teahouse brew: --role takes listener|speaker, not 'cook'");
}

static void help_is_asked_for(void **state)
{
    static const char *const all[WORDS] = {"--help"}, *const one[WORDS] = {"brew", "--help"};
    struct args args;

    (void)state;
    assert_int_equal(read_words(all, &args), ARGS_HELP);
    assert_null(args.command);
    assert_int_equal(read_words(one, &args), ARGS_HELP);
    assert_string_equal(args.command->name, "brew");
}

static void a_wrong_line_says_what_would_be_right(void **state)
{
    static const struct line lines[] = {
        {{NULL}, "teahouse: a subcommand is missing; 'teahouse --help' lists them"},
        {{"brw"}, "teahouse: there is no subcommand 'brw'; did you mean 'brew'?"},
        {{"xxxxxxx"}, "teahouse: there is no subcommand 'xxxxxxx'; 'teahouse --help' lists them"},
        {{"room"}, "teahouse: 'teahouse room' is followed by one of: new, list"},
        {{"room", "lst"}, "teahouse: there is no 'teahouse room lst'; did you mean 'teahouse room list'?"},
        {{"room", "burn"}, "teahouse: 'teahouse room' is followed by one of: new, list"},
        {{"room", "new", "old"}, "teahouse room new: 'old' is one word too many"},
        {{"brew", "r"}, "teahouse brew: --home DIR is missing"},
        {{"brew", "--home", "h"}, "teahouse brew: ROOM-OR-LINK is missing"},
        {{"brew", "--home", "h", "r", "s"}, "teahouse brew: 's' is one word too many"},
        {{"brew", "--hom", "h", "r"}, "teahouse brew: there is no option --hom; did you mean --home?"},
        {{"brew", "--shield", "h"},
         "teahouse brew: there is no option --shield; 'teahouse brew --help' lists them"},
        {{"brew", "--home"}, "teahouse brew: --home needs a value: --home DIR"},
        {{"brew", "--home", "--for"}, "teahouse brew: --home needs a value: --home DIR"},
        {{"brew", "--home="}, "teahouse brew: --home needs DIR, not an empty text"},
        {{"brew", "--home=a", "--home=b"}, "teahouse brew: --home is given twice"},
        {{"brew", "--behind-proxy=1"}, "teahouse brew: --behind-proxy takes no value"},
        {{"brew", "--for", "soon"},
         "teahouse brew: --for takes seconds up to a day, such as 2.5, not 'soon'"},
        {{"brew", "--for", "-1"}, "teahouse brew: --for takes seconds up to a day, such as 2.5, not '-1'"},
        {{"brew", "--for", "1."}, "teahouse brew: --for takes seconds up to a day, such as 2.5, not '1.'"},
        {{"brew", "--for", "86400.1"}, "teahouse brew: --for takes seconds up to a day"},
        {{"brew", "--cups", "0"}, "teahouse brew: --cups takes a number from 1 to 60000, not '0'"},
        {{"brew", "--cups", "60001"}, "teahouse brew: --cups takes a number from 1 to 60000, not '60001'"},
        {{"brew", "--cups", "2.5"}, "teahouse brew: --cups takes a number from 1 to 60000, not '2.5'"},
        {{"brew", "--cups", "-1"}, "teahouse brew: --cups takes a number from 1 to 60000, not '-1'"},
        {{"brew", "--listen", "8080"},
         "teahouse brew: --listen takes an address and a port, such as 127.0.0.1:8080"},
        {{"brew", "--role", "listener|speaker"}, "teahouse brew: --role takes listener|speaker, not"},
        {{"brew", "--role", "listen"}, "teahouse brew: --role takes listener|speaker, not 'listen'"},
        /* G54: what a stranger may have put into a script moves no cursor. */
        {{"brew", "--home", "h", "r", "\x1b[2J"}, "teahouse brew: '\xef\xbf\xbd[2J' is one word too many"},
    };
    struct args args;

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_int_equal(read_words(lines[i].words, &args), ARGS_WRONG);
        if (strncmp(args.wrong, lines[i].wrong, strlen(lines[i].wrong)) != 0)
            fail_msg("row %zu: %s", i, args.wrong);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(both_spellings_and_any_order, clean_environment),
        cmocka_unit_test_setup(two_words_name_a_command, clean_environment),
        cmocka_unit_test_setup(a_dash_is_a_value_and_two_end_the_options, clean_environment),
        cmocka_unit_test_setup(the_environment_fills_in_and_the_line_wins, clean_environment),
        cmocka_unit_test_setup(help_is_asked_for, clean_environment),
        cmocka_unit_test_setup(a_wrong_line_says_what_would_be_right, clean_environment),
    };

    return cmocka_run_group_tests_name("args", tests, NULL, NULL);
}
