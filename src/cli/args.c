#define _POSIX_C_SOURCE 200809L
#include "cli/args.h"

#include "base/text.h"
#include "cli/nearest.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DAY_MS = 24 * 60 * 60 * 1000, NAME_ROOM = 64, NUMBER_MAX = 60000 };

static const struct args_option common[] = {
    {"json", ARGS_SWITCH, NULL, "one JSON object a line, as always when standard output is no terminal",
     false},
    {"help", ARGS_SWITCH, NULL, "this text", false},
};

__attribute__((format(printf, 2, 3))) static enum args_outcome wrong(struct args *a, const char *format, ...)
{
    char line[ARGS_LINE];
    va_list list;

    va_start(list, format);
    vsnprintf(line, sizeof line, format, list);
    va_end(list);
    text_for_display(bytes_string(line), a->wrong, sizeof a->wrong);
    return ARGS_WRONG;
}

/* *place is where its value is kept. */
static bool option_find(const struct args_command *command, struct bytes name, const struct args_option **out,
                        size_t *place)
{
    for (size_t i = 0; command->options[i].name != NULL; i++)
        if (bytes_equal(name, bytes_string(command->options[i].name))) {
            *out = &command->options[i];
            *place = i;
            return true;
        }
    return false;
}

static const char *value_of(const struct args *a, const char *name)
{
    const struct args_option *option;
    size_t place;
    bool known = option_find(a->command, bytes_string(name), &option, &place);

    assert(known);
    return known ? a->values[place] : NULL;
}

/* Decimal seconds, three places kept. */
static bool seconds_read(const char *text, int64_t *ms)
{
    struct bytes whole = bytes_string(text), part = {0};
    uint64_t seconds = 0, thousandths = 0;
    const char *point = strchr(text, '.');

    if (point != NULL) {
        whole.len = (size_t)(point - text);
        part = bytes_string(point + 1);
        if (part.len == 0 || part.len > 3 || text_number(part, 999, &thousandths) != OK)
            return false;
        for (size_t i = part.len; i < 3; i++)
            thousandths *= 10;
    }
    if (text_number(whole, DAY_MS / 1000, &seconds) != OK)
        return false;
    *ms = (int64_t)(seconds * 1000 + thousandths);
    return *ms <= DAY_MS;
}

static bool is_choice(const char *words, struct bytes value)
{
    while (*words != '\0') {
        size_t len = strcspn(words, "|");

        if (bytes_equal(bytes(words, len), value))
            return true;
        words += len;
        words += *words == '|';
    }
    return false;
}

static enum args_outcome value_check(struct args *a, const struct args_option *option, const char *value)
{
    const char *command = a->command->name;
    struct address address;
    uint64_t number;
    int64_t ms;

    if (*value == '\0')
        return wrong(a, "teahouse %s: --%s needs %s, not an empty text", command, option->name,
                     option->shown);
    if (option->kind == ARGS_SECONDS && !seconds_read(value, &ms))
        return wrong(a, "teahouse %s: --%s takes seconds up to a day, such as 2.5, not '%s'", command,
                     option->name, value);
    if (option->kind == ARGS_NUMBER &&
        (text_number(bytes_string(value), NUMBER_MAX, &number) != OK || number == 0))
        return wrong(a, "teahouse %s: --%s takes a number from 1 to %d, not '%s'", command, option->name,
                     NUMBER_MAX, value);
    if (option->kind == ARGS_ADDRESS && address_parse_pair(bytes_string(value), &address) != OK)
        return wrong(a,
                     "teahouse %s: --%s takes an address and a port, such as 127.0.0.1:8080 or [::1]:8080, "
                     "not '%s'",
                     command, option->name, value);
    if (option->kind == ARGS_CHOICE && !is_choice(option->shown, bytes_string(value)))
        return wrong(a, "teahouse %s: --%s takes %s, not '%s'", command, option->name, option->shown, value);
    return ARGS_RUN;
}

static enum args_outcome unknown_option(struct args *a, struct bytes name)
{
    struct nearest nearest = nearest_to(name);

    for (size_t i = 0; a->command->options[i].name != NULL; i++)
        nearest_offer(&nearest, a->command->options[i].name);
    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++)
        nearest_offer(&nearest, common[i].name);
    if (nearest.best != NULL)
        return wrong(a, "teahouse %s: there is no option --%.*s; did you mean --%s?", a->command->name,
                     (int)name.len, (const char *)name.at, nearest.best);
    return wrong(a, "teahouse %s: there is no option --%.*s; 'teahouse %s --help' lists them",
                 a->command->name, (int)name.len, (const char *)name.at, a->command->name);
}

/* One option at argv[*at]; *at is left at the last word that was used. */
static enum args_outcome option_read(struct args *a, int argc, char **argv, int *at)
{
    const char *text = argv[*at] + 2, *equals = strchr(text, '=');
    struct bytes name = bytes(text, equals != NULL ? (size_t)(equals - text) : strlen(text));
    const struct args_option *option;
    const char *value;
    size_t place;

    if (bytes_equal(name, BYTES_TEXT("help")) && equals == NULL)
        return ARGS_HELP;
    if (bytes_equal(name, BYTES_TEXT("json")) && equals == NULL) {
        a->json = true;
        return ARGS_RUN;
    }
    if (!option_find(a->command, name, &option, &place))
        return unknown_option(a, name);
    if (a->values[place] != NULL)
        return wrong(a, "teahouse %s: --%s is given twice", a->command->name, option->name);

    if (option->kind == ARGS_SWITCH) {
        if (equals != NULL)
            return wrong(a, "teahouse %s: --%s takes no value", a->command->name, option->name);
        a->values[place] = "1";
        return ARGS_RUN;
    }
    if (equals != NULL) {
        value = equals + 1;
    } else if (*at + 1 < argc && strncmp(argv[*at + 1], "--", 2) != 0) {
        value = argv[++*at];
    } else {
        return wrong(a, "teahouse %s: --%s needs a value: --%s %s", a->command->name, option->name,
                     option->name, option->shown);
    }
    a->values[place] = value;
    return value_check(a, option, value);
}

/* --tls-cert is TEAHOUSE_TLS_CERT. */
static void environment_name(const char *option, char out[static NAME_ROOM])
{
    size_t n = (size_t)snprintf(out, NAME_ROOM, "TEAHOUSE_%s", option);

    assert(n < NAME_ROOM);
    for (char *c = out; *c != '\0'; c++) {
        if (*c == '-')
            *c = '_';
        else if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
    }
}

/* A switch that is off is as good as absent; NULL where the variable is neither. */
static const char *switch_word(const char *value, bool *on)
{
    *on = strcmp(value, "1") == 0;
    return *on || strcmp(value, "0") == 0 ? value : NULL;
}

static enum args_outcome environment_read(struct args *a)
{
    char variable[NAME_ROOM];
    const char *value;
    bool on;

    for (size_t i = 0; a->command->options[i].name != NULL; i++) {
        const struct args_option *option = &a->command->options[i];

        environment_name(option->name, variable);
        value = getenv(variable);
        if (value == NULL || a->values[i] != NULL)
            continue;
        if (option->kind != ARGS_SWITCH) {
            a->values[i] = value;
            if (value_check(a, option, value) != ARGS_RUN)
                return ARGS_WRONG;
        } else if (switch_word(value, &on) == NULL) {
            return wrong(a, "teahouse %s: %s takes 1 or 0, not '%s'", a->command->name, variable, value);
        } else if (on) {
            a->values[i] = value;
        }
    }
    value = getenv("TEAHOUSE_JSON");
    if (value != NULL && switch_word(value, &on) == NULL)
        return wrong(a, "teahouse %s: TEAHOUSE_JSON takes 1 or 0, not '%s'", a->command->name, value);
    a->json |= value != NULL && on;
    return ARGS_RUN;
}

static size_t words_in(const char *text)
{
    size_t n = 0;

    while (text != NULL && *text != '\0') {
        size_t len = strcspn(text, " ");

        n += len != 0;
        text += len;
        text += *text == ' ';
    }
    return n;
}

static const char *nth_word(const char *text, size_t n, size_t *len)
{
    while (n-- != 0)
        text += strcspn(text, " ") + 1;
    *len = strcspn(text, " ");
    return text;
}

/* How many words of argv name the command; 0 where they do not. */
static int command_matches(const struct args_command *command, int argc, char **argv)
{
    size_t len = strcspn(command->name, " ");

    if (argc < 2 || !bytes_equal(bytes(command->name, len), bytes_string(argv[1])))
        return 0;
    if (command->name[len] == '\0')
        return 1;
    return argc > 2 && strcmp(command->name + len + 1, argv[2]) == 0 ? 2 : 0;
}

static enum args_outcome unknown_command(struct args *a, const struct args_command *table, int argc,
                                         char **argv)
{
    struct nearest nearest = nearest_to(bytes_string(argv[1])), second;
    char verbs[128] = "";
    size_t used = 0;

    second = nearest_to(bytes_string(argc > 2 ? argv[2] : ""));
    for (size_t i = 0; table[i].name != NULL; i++) {
        size_t len = strcspn(table[i].name, " ");

        nearest_offer(&nearest, table[i].name);
        if (table[i].name[len] == ' ' && bytes_equal(bytes(table[i].name, len), bytes_string(argv[1]))) {
            nearest_offer(&second, table[i].name + len + 1);
            used += (size_t)snprintf(verbs + used, sizeof verbs - used, "%s%s", used != 0 ? ", " : "",
                                     table[i].name + len + 1);
            assert(used < sizeof verbs);
        }
    }
    if (used != 0 && argc > 2 && second.best != NULL)
        return wrong(a, "teahouse: there is no 'teahouse %s %s'; did you mean 'teahouse %s %s'?", argv[1],
                     argv[2], argv[1], second.best);
    if (used != 0)
        return wrong(a, "teahouse: 'teahouse %s' is followed by one of: %s", argv[1], verbs);
    if (nearest.best != NULL)
        return wrong(a, "teahouse: there is no subcommand '%s'; did you mean '%s'?", argv[1], nearest.best);
    return wrong(a, "teahouse: there is no subcommand '%s'; 'teahouse --help' lists them", argv[1]);
}

static enum args_outcome complete(struct args *a, size_t operands)
{
    size_t wanted = words_in(a->command->operands), len;

    for (size_t i = 0; a->command->options[i].name != NULL; i++)
        if (a->command->options[i].required && a->values[i] == NULL)
            return wrong(a, "teahouse %s: --%s %s is missing", a->command->name, a->command->options[i].name,
                         a->command->options[i].shown);
    if (operands < wanted) {
        const char *word = nth_word(a->command->operands, operands, &len);

        if (*word == '[')
            return ARGS_RUN;
        return wrong(a, "teahouse %s: %.*s is missing", a->command->name, (int)len, word);
    }
    return ARGS_RUN;
}

enum args_outcome args_read(const struct args_command *table, int argc, char **argv, struct args *out)
{
    size_t operands = 0;
    bool options_end = false;
    int used = 0;

    *out = (struct args){.json = isatty(STDOUT_FILENO) == 0};
    if (argc < 2)
        return wrong(out, "teahouse: a subcommand is missing; 'teahouse --help' lists them");
    if (strcmp(argv[1], "--help") == 0)
        return ARGS_HELP;
    for (size_t i = 0; table[i].name != NULL && used == 0; i++) {
        used = command_matches(&table[i], argc, argv);
        if (used != 0)
            out->command = &table[i];
    }
    if (used == 0)
        return unknown_command(out, table, argc, argv);

    for (int i = 1 + used; i < argc; i++) {
        if (!options_end && strcmp(argv[i], "--") == 0) {
            options_end = true;
        } else if (!options_end && strncmp(argv[i], "--", 2) == 0) {
            enum args_outcome outcome = option_read(out, argc, argv, &i);

            if (outcome != ARGS_RUN)
                return outcome;
        } else if (operands < words_in(out->command->operands)) {
            out->operands[operands++] = argv[i];
        } else {
            return wrong(out, "teahouse %s: '%s' is one word too many", out->command->name, argv[i]);
        }
    }
    if (environment_read(out) != ARGS_RUN)
        return ARGS_WRONG;
    return complete(out, operands);
}

void args_help_all(FILE *to, const struct args_command *table)
{
    fputs("teahouse: sealed drop-in voice rooms\n\n", to);
    for (size_t i = 0; table[i].name != NULL; i++)
        fprintf(to, "  teahouse %-12s %s\n", table[i].name, table[i].help);
    fputs("\n'teahouse SUBCOMMAND --help' tells its options. Each may also come from the environment: --home "
          "from\n"
          "TEAHOUSE_HOME. Exit codes: 0 done, 1 refused, lost or not found, 2 wrong usage or input.\n",
          to);
}

static void option_help(FILE *to, const struct args_option *option)
{
    char left[NAME_ROOM];
    int n = snprintf(left, sizeof left, "--%s%s%s", option->name, option->shown != NULL ? " " : "",
                     option->shown != NULL ? option->shown : "");

    assert(n > 0 && (size_t)n < sizeof left);
    fprintf(to, "  %-28s %s%s\n", left, option->help, option->required ? " (required)" : "");
}

void args_help(FILE *to, const struct args_command *command)
{
    fprintf(to, "teahouse %s%s%s [options]: %s\n\n", command->name, command->operands != NULL ? " " : "",
            command->operands != NULL ? command->operands : "", command->help);
    if (command->more != NULL)
        fprintf(to, "%s\n", command->more);
    for (size_t i = 0; command->options[i].name != NULL; i++)
        option_help(to, &command->options[i]);
    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++)
        option_help(to, &common[i]);
}

const char *args_text(const struct args *a, const char *name)
{
    return value_of(a, name);
}

bool args_switch(const struct args *a, const char *name)
{
    return value_of(a, name) != NULL;
}

void args_milliseconds(const struct args *a, const char *name, int64_t *out)
{
    const char *value = value_of(a, name);

    if (value != NULL && !seconds_read(value, out))
        assert(!"checked when it was read");
}

void args_number(const struct args *a, const char *name, unsigned *out)
{
    const char *value = value_of(a, name);
    uint64_t number;

    if (value == NULL)
        return;
    if (text_number(bytes_string(value), NUMBER_MAX, &number) != OK)
        assert(!"checked when it was read");
    else
        *out = (unsigned)number;
}

void args_address(const struct args *a, const char *name, struct address *out)
{
    const char *value = value_of(a, name);

    if (value != NULL && address_parse_pair(bytes_string(value), out) != OK)
        assert(!"checked when it was read");
}

static void complain(const struct args *a, const char *format, va_list list)
{
    char line[ARGS_LINE], shown[ARGS_LINE];

    vsnprintf(line, sizeof line, format, list);
    text_for_display(bytes_string(line), shown, sizeof shown);
    fprintf(stderr, "teahouse %s: %s\n", a->command->name, shown);
}

int args_wrong(const struct args *a, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    complain(a, format, list);
    va_end(list);
    return EXIT_USAGE;
}

int args_failed(const struct args *a, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    complain(a, format, list);
    va_end(list);
    return EXIT_NEGATIVE;
}
