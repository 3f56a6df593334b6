/* What an operator asks of the data folder, beside a server that may be running. */
#include "cli/commands.h"

#include "cli/line.h"
#include "house/house.h"

const struct args_option admin_options[] = {
    {"data", ARGS_TEXT, "DIR", "the folder for the database and the house's key", true},
    {0},
};

struct answers {
    bool json, failed;
};

static int look(const struct args *args, struct store **out)
{
    const char *folder = args_text(args, "data"), *why;
    enum result res = store_look(folder, house_schema(), out, &why);

    return res == OK ? EXIT_DONE : args_wrong(args, "--data %s: %s", folder, why);
}

static void print(struct answers *a, struct line *line)
{
    if (line_print(line, stdout) != OK)
        a->failed = true;
}

static int finish(const struct args *args, struct store *store, enum result res, const struct answers *a)
{
    store_close(store);
    if (res == OK && !a->failed)
        return EXIT_DONE;
    return args_failed(args, res == E_NOT_FOUND ? "nobody here has this handle" : "the data cannot be told");
}

static void on_class(void *context, const struct house_class *c)
{
    struct answers *a = context;
    struct line line;

    line_start(&line, a->json);
    line_text(&line, "class", bytes_string(c->name));
    line_text(&line, "what", bytes_string(c->what));
    line_text(&line, "kept", bytes_string(c->until));
    if (c->lifetime_ms != 0)
        line_number(&line, "lifetime_s", (int64_t)(c->lifetime_ms / 1000));
    if (c->count >= 0)
        line_number(&line, "held", c->count);
    print(a, &line);
}

int admin_retention_run(const struct args *args)
{
    struct answers a = {args->json, false};
    struct store *store;
    int code = look(args, &store);

    return code == EXIT_DONE ? finish(args, store, house_retention(store, on_class, &a), &a) : code;
}

static void on_fact(void *context, const struct house_fact *fact)
{
    struct answers *a = context;
    struct line line;

    line_start(&line, a->json);
    line_text(&line, "kind", bytes_string(fact->kind));
    for (unsigned i = 0; i < fact->count; i++) {
        if (fact->fields[i].is_number)
            line_number(&line, fact->fields[i].name, fact->fields[i].number);
        else
            line_text(&line, fact->fields[i].name, fact->fields[i].text);
    }
    print(a, &line);
}

int admin_disclose_run(const struct args *args)
{
    struct answers a = {true, false}; /* always JSON: it is handed on */
    struct store *store;
    int code = look(args, &store);

    if (code != EXIT_DONE)
        return code;
    return finish(args, store, house_disclose(store, bytes_string(args->operands[0]), on_fact, &a), &a);
}
