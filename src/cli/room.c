#include "cli/commands.h"

#include "cli/errand.h"
#include "cli/home.h"
#include "cli/line.h"
#include "client/room_link.h"
#include "core/core.h"
#include "crypto/crypto.h"
#include "wire/charter.h"
#include "wire/envelope.h"

#include <string.h>

const struct args_option room_new_options[] = {
    HOME_OPTION,
    SERVER_OPTION,
    {"title", ARGS_TEXT, "TITLE", "what the room is about; 'Room of HANDLE' where not given", false},
    {"open", ARGS_SWITCH, NULL, "everybody of the house may come in, as where nothing else is said", false},
    {"social", ARGS_SWITCH, NULL, "whom a moderator follows, or admits, may come in", false},
    {"private", ARGS_SWITCH, NULL, "whoever has the link's secret may come in", false},
    {"pseudonyms", ARGS_SWITCH, NULL, "seats may be taken under other names than the account's", false},
    {"deniable", ARGS_SWITCH, NULL, "speakers sign no proof of what they say", false},
    {"stage", ARGS_CHOICE, "invited|everyone", "who may speak; the invited where not given", false},
    {0},
};
const struct args_option room_list_options[] = {HOME_OPTION, SERVER_OPTION, {0}};
const struct args_option room_one_options[] = {HOME_OPTION, SERVER_OPTION, {0}};

struct errand_room {
    const struct args *args;
    struct identity identity;
    struct signal question;
    uint8_t charter[CHARTER_BYTES];
    uint8_t room[32];
    bool has_secret;
    uint8_t secret[ROOM_SECRET_BYTES]; /* of the new room's link */
};

/* The account, and the house that is asked: --server's, or the link's, or the account's own. */
static int room_open(struct errand_room *r, const struct args *args)
{
    const char *text = args->operands[0];
    struct room_link link = {.house_url = ""};
    int code = home_open(args, &r->identity);

    r->args = args;
    if (code != EXIT_DONE)
        return code;
    if (text != NULL) {
        if (room_link_read(bytes_string(text), &link) != OK)
            return args_wrong(args, "'%s' is neither a room's id (43 letters) nor a link (http://HOST/r/ID)",
                              text);
        memcpy(r->room, link.room, sizeof r->room);
    }
    if (args_text(args, "server") != NULL)
        code = home_server(args, link.house_url);
    if (code == EXIT_DONE && link.house_url[0] != '\0')
        code = home_elsewhere(args, &r->identity, link.house_url);
    return code;
}

static int room_ask(struct errand_room *r, int (*answered)(void *context, const struct signal *))
{
    struct errand errand = {
        .args = r->args,
        .identity = &r->identity,
        .question = &r->question,
        .answered = answered,
        .context = r,
    };
    int code = errand_run(&errand);

    identity_wipe(&r->identity);
    return code;
}

static int print(struct line *line)
{
    return line_print(line, stdout) == OK ? EXIT_DONE : EXIT_NEGATIVE;
}

static void put_room(struct line *line, const struct errand_room *r, const uint8_t room[static 32])
{
    char name[ROOM_NAME_SIZE];

    room_name_write(room, name);
    line_start(line, r->args->json);
    line_text(line, "room", bytes_string(name));
}

static int on_new(void *context, const struct signal *signal)
{
    struct errand_room *r = context;
    struct room_link link = {.has_secret = r->has_secret};
    char text[ROOM_LINK_SIZE];
    struct line line;

    if (memcmp(signal->room_is.room, r->room, sizeof r->room) != 0)
        return args_failed(r->args, "the house made another room than the one that was asked for");
    memcpy(link.room, r->room, sizeof link.room);
    memcpy(link.secret, r->secret, sizeof link.secret);
    snprintf(link.house_url, sizeof link.house_url, "%s", r->identity.house_url);
    room_link_write(&link, text);
    put_room(&line, r, r->room);
    line_text(&line, "link", bytes_string(text));
    return print(&line);
}

/* The kind of room, and what comes with it. EXIT_DONE, or the exit code after a line on standard error. */
static int kind_read(struct errand_room *r, struct charter *charter)
{
    const struct args *args = r->args;
    unsigned kinds = args_switch(args, "open") + args_switch(args, "social") + args_switch(args, "private");

    if (kinds > 1)
        return args_wrong(args, "a room is --open, --social or --private, one of them");
    if (args_switch(args, "social"))
        charter->kind = CHARTER_SOCIAL;
    if (args_switch(args, "private")) {
        charter->kind = CHARTER_PRIVATE;
        r->has_secret = true;
        random_fill(crypto_random(), r->secret, sizeof r->secret);
        if (core_link_key(r->secret, charter->link_key) != OK)
            return args_failed(args, "the link's key cannot be made");
    }
    charter->pseudonyms = args_switch(args, "pseudonyms");
    if (args_switch(args, "deniable"))
        charter->proof = CHARTER_DENIABLE;
    return EXIT_DONE;
}

int room_new_run(const struct args *args)
{
    struct errand_room r = {.question = {.type = SIGNAL_ROOM_NEW}};
    struct charter charter = {.kind = CHARTER_OPEN, .stage = CHARTER_INVITED};
    struct signal_room_new *ask = &r.question.room_new;
    const char *stage = args_text(args, "stage"), *title = args_text(args, "title");
    char own_title[IDENTITY_HANDLE_SIZE + 16];
    int code = room_open(&r, args);

    if (code == EXIT_DONE)
        code = kind_read(&r, &charter);
    if (code != EXIT_DONE)
        return code;
    if (stage != NULL && strcmp(stage, "everyone") == 0)
        charter.stage = CHARTER_EVERYONE;
    memcpy(charter.maker, r.identity.account_key, sizeof charter.maker);
    memcpy(charter.house, r.identity.house_key, sizeof charter.house);
    random_fill(crypto_random(), charter.nonce, sizeof charter.nonce);
    snprintf(own_title, sizeof own_title, "Room of %s", r.identity.handle);
    ask->title = bytes_string(title != NULL ? title : own_title);
    if (ask->title.len > TITLE_BYTES)
        code = args_wrong(args, "--title takes at most %d characters", TITLE_POINTS);
    else if (core_charter_sign(&charter, r.identity.seed, (struct bytes_mut){r.charter, sizeof r.charter},
                               &ask->charter, ask->signature, r.room) != OK)
        code = args_failed(args, "the charter cannot be signed");
    else
        return room_ask(&r, on_new);
    identity_wipe(&r.identity);
    return code;
}

static int on_list(void *context, const struct signal *signal)
{
    struct errand_room *r = context;
    struct bytes rooms = signal->rooms.rooms;
    struct signal_room room;
    struct line line;
    bool any = false;

    while (signal_room_next(&rooms, &room)) {
        put_room(&line, r, room.room);
        line_text(&line, "title", room.title);
        line_number(&line, "speakers", room.speakers);
        line_number(&line, "listeners", room.listeners);
        if (print(&line) != EXIT_DONE)
            return EXIT_NEGATIVE;
        /* Pages go upward, or a house could keep us turning them for ever. */
        if (memcmp(room.room, r->question.room_list.after, sizeof room.room) <= 0)
            return args_failed(r->args, "the house lists its rooms out of order");
        memcpy(r->question.room_list.after, room.room, sizeof room.room);
        any = true;
    }
    return any ? ERRAND_AGAIN : EXIT_DONE;
}

int room_list_run(const struct args *args)
{
    struct errand_room r = {.question = {.type = SIGNAL_ROOM_LIST}};
    int code = room_open(&r, args);

    return code == EXIT_DONE ? room_ask(&r, on_list) : code;
}

static void put_seats(struct line *line, const char *key, struct bytes seats, uint8_t role)
{
    struct signal_seat seat;

    line_list(line, key);
    while (signal_seat_next(&seats, &seat))
        if (seat.role == role)
            line_item(line, seat.handle);
    line_list_end(line);
}

static int on_show(void *context, const struct signal *signal)
{
    struct errand_room *r = context;
    const struct signal_room_is *is = &signal->room_is;
    struct charter charter;
    struct line line;

    if (core_charter_check(is->charter, is->signature, r->room, &charter) != OK)
        return args_failed(r->args, "the house showed another room than the one that was asked for");
    put_room(&line, r, r->room);
    line_text(&line, "title", is->title);
    put_seats(&line, "speakers", is->seats, SIGNAL_SPEAKER);
    put_seats(&line, "listeners", is->seats, SIGNAL_LISTENER);
    return print(&line);
}

int room_show_run(const struct args *args)
{
    struct errand_room r = {.question = {.type = SIGNAL_ROOM_SHOW}};
    int code = room_open(&r, args);

    memcpy(r.question.room_show.room, r.room, sizeof r.room);
    return code == EXIT_DONE ? room_ask(&r, on_show) : code;
}

static int on_end(void *context, const struct signal *signal)
{
    struct errand_room *r = context;
    struct line line;

    (void)signal;
    put_room(&line, r, r->room);
    return print(&line);
}

int room_end_run(const struct args *args)
{
    struct errand_room r = {.question = {.type = SIGNAL_ROOM_END}};
    int code = room_open(&r, args);

    if (code != EXIT_DONE)
        return code;
    memcpy(r.question.room_end.room, r.room, sizeof r.room);
    if (identity_sign(&r.identity, ENVELOPE_END_ROOM, r.room, (struct bytes){0},
                      r.question.room_end.signature) != OK) {
        identity_wipe(&r.identity);
        return args_failed(args, "the order cannot be signed");
    }
    return room_ask(&r, on_end);
}
