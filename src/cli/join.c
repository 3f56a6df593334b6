#define _POSIX_C_SOURCE 200809L
#include "cli/commands.h"

#include "cli/chat.h"
#include "cli/doorbell.h"
#include "cli/home.h"
#include "cli/line.h"
#include "cli/microphone.h"
#include "client/room_link.h"
#include "client/session.h"
#include "crypto/crypto.h"
#include "sound/wav.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

const struct args_option join_options[] = {
    HOME_OPTION,
    {"speak", ARGS_TEXT, "FILE|-", "a WAV file, or standard input, for a microphone; silence follows its end",
     false},
    {"record", ARGS_TEXT, "OUT.wav", "writes what is heard, from being seated on", false},
    {"for", ARGS_SECONDS, "SECONDS", "leaves so long after being seated", false},
    {"pseudonym", ARGS_TEXT, "NAME",
     "takes a seat under this name, not the account's, where the room allows it", false},
    {"role", ARGS_CHOICE, "listener|speaker", "speaker where --speak is given, else listener", false},
    {0},
};

struct join {
    const struct args *args;
    struct identity identity;
    struct room_link link;
    struct loop *loop;
    struct loop_timer *timer; /* of --for */
    struct client *session;
    struct doorbell *doorbell; /* from being seated on */
    struct microphone microphone;
    struct chat_input chat;
    int record; /* -1 for none */
    struct wav_writer writer;
    uint64_t start_us;
    int64_t for_ms; /* -1 for ever */
    bool seated, recording_failed;
    int code;
};

/* --- What `teahouse stage` asks for --- */

static void on_rung(void *context, uint32_t caller, char *line)
{
    struct join *join = context;
    char *who = strchr(line, ' ');
    enum client_verb verb;
    bool about_somebody;
    enum result res;

    if (who != NULL)
        *who++ = '\0';
    if (!client_verb_read(bytes_string(line), &verb, &about_somebody) || about_somebody != (who != NULL)) {
        doorbell_answer(join->doorbell, caller, EXIT_USAGE, "this join knows no such verb");
        return;
    }
    res = client_wish(join->session, verb, who, caller);
    if (res != OK)
        doorbell_answer(join->doorbell, caller, EXIT_NEGATIVE,
                        res == E_STATE       ? "this join has no seat at the moment"
                        : res == E_NOT_FOUND ? "nobody of that name is in the room"
                                             : "too much is asked for at one time");
}

static void doorbell_hang(struct join *join)
{
    const struct doorbell_options options = {
        .loop = join->loop,
        .home = args_text(join->args, "home"),
        .room = join->link.room,
        .rung = on_rung,
        .context = join,
    };

    if (join->doorbell == NULL && doorbell_new(&options, &join->doorbell) != OK)
        (void)args_failed(join->args, "'teahouse stage' will not reach this join: no socket in %s: %s",
                          options.home, strerror(errno));
}

/* Where standard input is no speech. */
static void chat_begin(struct join *join)
{
    const char *speak = args_text(join->args, "speak");

    if (speak == NULL || strcmp(speak, "-") != 0)
        chat_input_begin(&join->chat, join->args, join->loop, join->session);
}

static void wish_answer(struct join *join, const struct client_news *news)
{
    if (news->why == OK)
        doorbell_answer(join->doorbell, news->number, EXIT_DONE,
                        news->text.len != 0 ? (const char *)news->text.at : "done");
    else
        doorbell_answer(join->doorbell, news->number, EXIT_NEGATIVE,
                        news->what != NULL ? news->what : result_text(news->why));
}

/* --- What is told --- */

static void event_start(struct line *line, const struct join *join, const char *event, uint64_t at_us)
{
    line_start(line, join->args->json);
    line_text(line, "event", bytes_string(event));
    line_number(line, "ms", ((int64_t)at_us - (int64_t)join->start_us) / 1000);
    line_number(line, "clock_us", (int64_t)at_us);
}

static void put_handles(struct line *line, const char *key, const struct join *join, bool speaker)
{
    const struct client_seat *seats;
    size_t count = client_roster(join->session, &seats);

    line_list(line, key);
    for (size_t i = 0; i < count; i++)
        if (seats[i].speaker == speaker)
            line_item(line, bytes_string(seats[i].handle));
    line_list_end(line);
}

static void put_moderators(struct line *line, const struct join *join)
{
    const struct client_seat *seats;
    size_t count = client_roster(join->session, &seats);

    line_list(line, "moderators");
    for (size_t i = 0; i < count; i++)
        if (seats[i].moderator)
            line_item(line, bytes_string(seats[i].handle));
    line_list_end(line);
}

/* What `teahouse stage` takes in place of a handle. */
static void put_seats(struct line *line, const struct join *join)
{
    const struct client_seat *seats;
    size_t count = client_roster(join->session, &seats);
    char text[HANDLE_BYTES + 16];

    line_list(line, "seats");
    for (size_t i = 0; i < count; i++) {
        snprintf(text, sizeof text, "#%u %s", seats[i].leaf, seats[i].handle);
        line_item(line, bytes_string(text));
    }
    line_list_end(line);
}

/* Of the voices that were heard. */
static void put_proofs(struct line *line, const struct join *join)
{
    static const char *const words[] = {
        [CLIENT_PROVEN] = "proven", [CLIENT_UNPROVEN] = "unproven", [CLIENT_FORGED] = "forged"};
    const struct client_seat *seats;
    size_t count = client_roster(join->session, &seats);
    char text[HANDLE_BYTES + 16];

    line_list(line, "proof");
    for (size_t i = 0; i < count; i++) {
        if (seats[i].proof == CLIENT_UNHEARD)
            continue;
        snprintf(text, sizeof text, "%s %s", seats[i].handle, words[seats[i].proof]);
        line_item(line, bytes_string(text));
    }
    line_list_end(line);
}

static void put_report(struct line *line, const struct ear_report *report)
{
    line_number(line, "frames_played", (int64_t)report->frames_played);
    line_number(line, "frames_lost", (int64_t)report->frames_lost);
    line_number(line, "frames_late", (int64_t)report->frames_late);
    line_number(line, "frames_concealed", (int64_t)report->frames_concealed);
    line_number(line, "frames_refused", (int64_t)report->frames_refused);
    line_number(line, "frames_unknown", (int64_t)report->frames_unknown);
    line_number(line, "delay_ms_p50", report->delay_ms_p50);
    line_number(line, "delay_ms_p99", report->delay_ms_p99);
}

static void event_print(struct join *join, struct line *line)
{
    /* Nobody reads the events any more: then there is nobody to stay for. */
    if (line_print(line, stdout) != OK) {
        join->code =
            args_failed(join->args, "standard output cannot be written any more: %s", strerror(errno));
        client_leave(join->session);
    }
}

static void over(struct join *join, const struct client_news *news)
{
    struct ear_report report = client_report(join->session);
    struct line line;

    if (join->seated) {
        event_start(&line, join, "left", news->at_us);
        put_report(&line, &report);
        if (line_print(&line, stdout) != OK)
            join->code = EXIT_NEGATIVE;
    }
    if (news->why != OK)
        join->code = news->what != NULL ? args_failed(join->args, "%s", news->what)
                                        : home_lost(join->args, join->identity.house_url, news->why);
    loop_stop(join->loop);
}

/* By whom: the name is the house's word, the seat is that of the leaf which signed. */
static void put_who(struct line *line, const struct client_news *news)
{
    char seat[16];

    snprintf(seat, sizeof seat, "#%u", news->leaf);
    line_text(line, "handle", news->handle);
    line_text(line, "seat", bytes_string(seat));
}

static void on_told(void *context, struct client *session, const struct client_news *news)
{
    struct join *join = context;
    char room[ROOM_NAME_SIZE];
    struct line line;
    bool first;

    (void)session;
    switch (news->kind) {
    case NEWS_SEATED:
        first = !join->seated;
        join->seated = true;
        doorbell_hang(join);
        if (first)
            chat_begin(join);
        if (join->for_ms >= 0 && first)
            loop_timer_set(join->timer, news->at_us + (uint64_t)join->for_ms * 1000);
        room_name_write(join->link.room, room);
        event_start(&line, join, "seated", news->at_us);
        line_text(&line, "room", bytes_string(room));
        line_text(&line, "title", news->title);
        break;
    case NEWS_ROSTER:
        event_start(&line, join, "roster", news->at_us);
        put_handles(&line, "speakers", join, true);
        put_handles(&line, "listeners", join, false);
        put_moderators(&line, join);
        put_seats(&line, join);
        put_proofs(&line, join);
        break;
    case NEWS_EPOCH:
        event_start(&line, join, "epoch", news->at_us);
        line_number(&line, "epoch", (int64_t)news->epoch);
        break;
    case NEWS_STAGE:
        event_start(&line, join, "stage", news->at_us);
        line_text(&line, "microphone", bytes_string(news->on ? "open" : "closed"));
        break;
    case NEWS_HEARD:
        event_start(&line, join, "heard", news->at_us);
        line_text(&line, "handle", news->handle);
        break;
    case NEWS_CHAT:
        event_start(&line, join, "chat", news->at_us);
        put_who(&line, news);
        line_text(&line, "text", news->text);
        break;
    case NEWS_HAND:
        event_start(&line, join, "hand", news->at_us);
        put_who(&line, news);
        line_text(&line, "hand", bytes_string(news->on ? "up" : "down"));
        break;
    case NEWS_MUTED:
        event_start(&line, join, "muted", news->at_us);
        put_who(&line, news);
        line_text(&line, "muted", bytes_string(news->on ? "yes" : "no"));
        break;
    case NEWS_ENDED:
        event_start(&line, join, "ended", news->at_us);
        break;
    case NEWS_KICKED:
        event_start(&line, join, "kicked", news->at_us);
        break;
    case NEWS_ALARM:
        event_start(&line, join, "alarm", news->at_us);
        line_text(&line, "what", bytes_string(news->what));
        break;
    case NEWS_WISH:
        wish_answer(join, news);
        return;
    case NEWS_OVER:
        over(join, news);
        return;
    }
    event_print(join, &line);
}

/* --- Sound --- */

static void on_speak(void *context, float out[static SOUND_FRAME])
{
    struct join *join = context;

    microphone_next(&join->microphone, out);
}

static void on_hear(void *context, const float in[static SOUND_FRAME])
{
    struct join *join = context;

    if (join->record < 0 || join->recording_failed || wav_writer_put(&join->writer, in, SOUND_FRAME) == OK)
        return;
    join->recording_failed = true;
    join->code = args_failed(join->args, "%s cannot be written any more: %s", args_text(join->args, "record"),
                             strerror(errno));
    client_leave(join->session);
}

static int record_open(struct join *join)
{
    const char *path = args_text(join->args, "record");

    join->record = -1;
    if (path == NULL)
        return EXIT_DONE;
    join->record = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (join->record < 0 || wav_writer_start(&join->writer, wav_sink_of(&join->record)) != OK)
        return args_wrong(join->args, "%s cannot be written: %s", path, strerror(errno));
    return EXIT_DONE;
}

static void record_close(struct join *join)
{
    if (join->record < 0)
        return;
    if (!join->recording_failed && wav_writer_end(&join->writer) != OK)
        join->code = args_failed(join->args, "%s is not complete: %s", args_text(join->args, "record"),
                                 strerror(errno));
    close(join->record);
}

/* --- The run --- */

static void on_end(void *context)
{
    struct join *join = context;

    client_leave(join->session);
}

static void run(struct join *join, enum signal_role role)
{
    const char *url = join->identity.house_url;
    const struct gate gate = {0};
    struct tls *tls = NULL;
    enum result res = loop_new(&join->loop);

    if (res == OK && strncmp(url, "https:", 6) == 0)
        res = tls_client_new(NULL, &tls);
    if (res == OK)
        res = loop_timer_new(join->loop, on_end, join, &join->timer);
    if (res == OK) {
        const struct client_options options = {
            .loop = join->loop,
            .gate = &gate,
            .tls = tls,
            .random = crypto_random(),
            .identity = &join->identity,
            .room = join->link.room,
            .secret = join->link.has_secret ? join->link.secret : NULL,
            .pseudonym = args_text(join->args, "pseudonym"),
            .role = role,
            .speak = on_speak,
            .hear = on_hear,
            .told = on_told,
            .context = join,
        };

        res = client_new(&options, &join->session);
    }
    if (res == OK)
        res = loop_on_end(join->loop, on_end, join);
    if (res == OK)
        res = loop_run(join->loop);
    if (res != OK)
        join->code = home_lost(join->args, url, res);
    chat_input_end(&join->chat);
    client_free(join->session);
    doorbell_free(join->doorbell);
    loop_timer_free(join->timer);
    tls_free(tls);
    loop_free(join->loop);
}

int join_run(const struct args *args)
{
    struct join join = {.args = args, .start_us = loop_now_us(), .for_ms = -1, .record = -1};
    const char *room = args->operands[0], *speak = args_text(args, "speak"), *role = args_text(args, "role");
    bool speaks = role != NULL ? strcmp(role, "speaker") == 0 : speak != NULL;
    int code;

    args_milliseconds(args, "for", &join.for_ms);
    if (room_link_read(bytes_string(room), &join.link) != OK)
        return args_wrong(args, "'%s' is neither a room's id (43 letters) nor a link (http://HOST/r/ID)",
                          room);
    if (args_text(args, "pseudonym") != NULL && strlen(args_text(args, "pseudonym")) > HANDLE_BYTES)
        return args_wrong(args, "--pseudonym takes at most %d characters", HANDLE_POINTS);
    if (speak != NULL && !speaks)
        return args_wrong(args, "a listener has no microphone: leave out --speak, or take --role speaker");
    code = home_open(args, &join.identity);
    if (code == EXIT_DONE && join.link.house_url[0] != '\0')
        code = home_elsewhere(args, &join.identity, join.link.house_url);
    if (code == EXIT_DONE)
        code = microphone_open(&join.microphone, args, speak);
    if (code == EXIT_DONE)
        code = record_open(&join);
    if (code == EXIT_DONE) {
        run(&join, speaks ? SIGNAL_SPEAKER : SIGNAL_LISTENER);
        record_close(&join);
        code = join.code;
    }
    microphone_close(&join.microphone);
    identity_wipe(&join.identity);
    wipe(&join.link, sizeof join.link);
    return code;
}
