/* `teahouse stage`: asks the running join of this home and room to do something. */
#include "cli/commands.h"

#include "cli/doorbell.h"
#include "cli/home.h"
#include "cli/line.h"
#include "client/room_link.h"
#include "client/session.h"

#include <errno.h>
#include <string.h>

const struct args_option stage_options[] = {HOME_OPTION, {0}};

const char stage_verbs[] =
    "  everybody                    raise, lower (the own hand), accept (an invitation; to be heard again "
    "after\n"
    "                               a mute), leave (the stage)\n"
    "  a moderator, on somebody     invite, demote (off the stage, and no moderator), mute, kick, block, "
    "admit,\n"
    "                               moderator (makes one)\n"
    "  a moderator                  link (closes a private room's link, prints another), resign\n"
    "  the room's maker             end\n";

static int verbs_tell(const struct args *args, const char *word)
{
    char all[200] = "";
    size_t used = 0;

    for (unsigned i = 0; client_verb_word(i) != NULL && used < sizeof all; i++)
        used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", used != 0 ? ", " : "",
                                 client_verb_word(i));
    return args_wrong(args, "'%s' is not one of: %s", word, all);
}

/* What the join answers is `done`, or what was asked for. */
static int done(const struct args *args, const uint8_t room[static 32], const char *answer)
{
    char name[ROOM_NAME_SIZE];
    struct line line;

    room_name_write(room, name);
    line_start(&line, args->json);
    line_text(&line, "done", bytes_string(args->operands[0]));
    line_text(&line, "room", bytes_string(name));
    if (args->operands[2] != NULL)
        line_text(&line, "who", bytes_string(args->operands[2]));
    if (strcmp(answer, "done") != 0)
        line_text(&line, "link", bytes_string(answer));
    return line_print(&line, stdout) == OK ? EXIT_DONE : EXIT_NEGATIVE;
}

int stage_run(const struct args *args)
{
    const char *word = args->operands[0], *who = args->operands[2];
    char line[DOORBELL_LINE], text[DOORBELL_LINE];
    struct identity identity;
    struct room_link link;
    enum client_verb verb;
    bool about_somebody;
    int code, len;
    enum result res;

    if (!client_verb_read(bytes_string(word), &verb, &about_somebody))
        return verbs_tell(args, word);
    if (about_somebody != (who != NULL))
        return args_wrong(args, about_somebody ? "'%s' needs a HANDLE or #SEAT" : "'%s' is about nobody else",
                          word);
    if (room_link_read(bytes_string(args->operands[1]), &link) != OK)
        return args_wrong(args, "'%s' is neither a room's id (43 letters) nor a link (http://HOST/r/ID)",
                          args->operands[1]);
    code = home_open(args, &identity);
    if (code != EXIT_DONE)
        return code;
    identity_wipe(&identity);
    len = snprintf(line, sizeof line, "%s%s%s", word, who != NULL ? " " : "", who != NULL ? who : "");
    if (len >= (int)sizeof line - 1 || strchr(line, '\n') != NULL)
        return args_wrong(args, "there is no such handle");
    res = doorbell_ring(args_text(args, "home"), link.room, line, &code, text);
    switch (res) {
    case OK:
        break;
    case E_NOT_FOUND:
        return args_failed(args, "no 'teahouse join' of this home is in that room");
    case E_EXPIRED:
        return args_failed(args, "the running 'teahouse join' does not answer");
    case E_CLOSED:
        return args_failed(args, "the running 'teahouse join' ended meanwhile");
    default:
        return args_failed(args, "the running 'teahouse join' cannot be reached: %s", strerror(errno));
    }
    code = code == EXIT_DONE ? done(args, link.room, text) : args_failed(args, "%s", text);
    wipe(text, sizeof text);
    return code;
}
