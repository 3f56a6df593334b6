#define _GNU_SOURCE
#include "support/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNNING = 64 };

extern char **environ;

int64_t process_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Who still runs, so that a test that fails leaves nobody behind. */
static pid_t running[RUNNING];

static void kill_all(void)
{
    for (size_t i = 0; i < RUNNING; i++)
        if (running[i] != 0)
            kill(running[i], SIGKILL);
}

/* In the place of `was`, 0 for a free one. */
static void running_note(pid_t was, pid_t is)
{
    static bool is_told;

    if (!is_told)
        atexit(kill_all);
    is_told = true;
    for (size_t i = 0; i < RUNNING; i++)
        if (running[i] == was) {
            running[i] = is;
            return;
        }
}

bool process_start(struct process *p, const char *const argv[])
{
    posix_spawn_file_actions_t actions;
    char *words[PROCESS_WORDS];
    size_t count = 0;
    int pipes[2], res;

    memset(p, 0, sizeof *p);
    for (; argv[count] != NULL && count + 1 < PROCESS_WORDS; count++)
        words[count] = (char *)(uintptr_t)argv[count];
    words[count] = NULL;

    p->error_file = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (p->error_file < 0 || pipe2(pipes, O_CLOEXEC) != 0)
        return false;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, pipes[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, p->error_file, STDERR_FILENO);
    res = posix_spawnp(&p->pid, words[0], &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(pipes[1]);
    p->out = pipes[0];
    if (res != 0)
        p->pid = 0;
    else
        running_note(0, p->pid);
    return res == 0;
}

/* What is left of the time, never below zero. */
static int left_ms(int64_t until_us)
{
    int64_t left = (until_us - process_now_us() + 999) / 1000;

    return left < 0 ? 0 : (int)left;
}

const char *process_line(struct process *p, int wait_ms)
{
    int64_t until_us = process_now_us() + (int64_t)wait_ms * 1000;

    memmove(p->line, p->line + p->given, p->held - p->given);
    p->held -= p->given;
    p->given = 0;
    for (;;) {
        char *end = memchr(p->line, '\n', p->held);
        struct pollfd ready = {p->out, POLLIN, 0};
        ssize_t n;

        if (end != NULL) {
            *end = '\0';
            p->given = (size_t)(end - p->line) + 1;
            return p->line;
        }
        if (p->held == sizeof p->line || poll(&ready, 1, left_ms(until_us)) <= 0)
            return NULL;
        n = read(p->out, p->line + p->held, sizeof p->line - p->held);
        if (n <= 0)
            return NULL;
        p->held += (size_t)n;
    }
}

const char *process_line_with(struct process *p, const char *text, int wait_ms)
{
    int64_t until_us = process_now_us() + (int64_t)wait_ms * 1000;
    const char *line;

    do
        line = process_line(p, left_ms(until_us));
    while (line != NULL && strstr(line, text) == NULL);
    return line;
}

static void ended(struct process *p, int status)
{
    ssize_t n = pread(p->error_file, p->errors, sizeof p->errors - 1, 0);

    p->errors[n < 0 ? 0 : n] = '\0';
    p->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    running_note(p->pid, 0);
    p->pid = 0;
}

int process_wait(struct process *p, int wait_ms)
{
    struct pollfd ready = {-1, POLLIN, 0};
    int status;

    if (p->pid == 0)
        return p->code;
    ready.fd = (int)syscall(SYS_pidfd_open, p->pid, 0);
    if (ready.fd < 0 || poll(&ready, 1, wait_ms) != 1) {
        close(ready.fd);
        return -1;
    }
    close(ready.fd);
    if (waitpid(p->pid, &status, 0) != p->pid)
        return -1;
    ended(p, status);
    return p->code;
}

void process_signal(struct process *p, int signal)
{
    if (p->pid != 0)
        kill(p->pid, signal);
}

void process_end(struct process *p)
{
    int status;

    if (p->pid != 0) {
        kill(p->pid, SIGKILL);
        if (waitpid(p->pid, &status, 0) == p->pid)
            ended(p, status);
    }
    if (p->out != 0)
        close(p->out);
    if (p->error_file != 0)
        close(p->error_file);
    p->out = p->error_file = 0;
}
