/* A server and people with homes: real processes of the program in $TEAHOUSE_BINARY, for end-to-end tests and
 * benches. Anything that should work and does not fails the running test. */
#ifndef SUPPORT_SCENE_H
#define SUPPORT_SCENE_H

#include "support/process.h"
#include "support/scratch.h"

enum { SCENE_URL = 96, SCENE_ROOM = 44, SCENE_WAIT_MS = 20000 };

struct scene {
    char folder[SCRATCH_PATH]; /* the server's data and all homes are in it */
    struct process server;
    char url[SCENE_URL];
    uint16_t port, media_port;
};

/* `teahouse serve` on a free port of the loopback, with further options up to a NULL (may be NULL). */
void scene_start(struct scene *, const char *const options[]);
/* The two halves of that: the folder, in which `data` will be the server's, and the server. */
void scene_open(struct scene *);
void scene_serve(struct scene *, const char *const options[]);
/* Kills the server with SIGKILL, and starts another on its port and data. */
void scene_kill_and_restart(struct scene *);
/* The same without waiting for it: people may try to come back before it is there. */
void scene_kill_and_relaunch(struct scene *);
/* Ends the server by SIGTERM; it must go with 0. A scene of zeros is fine. */
void scene_end(struct scene *);

/* $TEAHOUSE_BINARY, or the one of the build folder that the running test lies in. */
const char *scene_binary(void);
/* Starts `teahouse WORDS...`, up to a NULL. */
void scene_run(struct process *, const char *const words[]);
/* Runs one to its end and gives its exit code; its output can be read afterwards. */
int scene_do(struct process *, const char *const words[]);

/* The home of a handle. */
void scene_home(const struct scene *, const char *handle, char out[static SCRATCH_PATH]);
void scene_sign_up(const struct scene *, const char *url, const char *handle);
void scene_room(const struct scene *, const char *maker, const char *title, char room[static SCENE_ROOM]);
/* `teahouse join` for a handle, with further options up to a NULL. */
void scene_join(const struct scene *, struct process *, const char *handle, const char *room,
                const char *const options[]);

/* Waits for the event; gives its `clock_us`, and its line valid until the next line is read. */
int64_t scene_event(struct process *, const char *event, const char **line);

/* Members of one line of JSON; where they are missing the running test fails. Text is valid until the next
 * call. */
int64_t scene_number(const char *line, const char *key);
const char *scene_text(const char *line, const char *key);

#endif
