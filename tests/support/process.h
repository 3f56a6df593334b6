/* Real processes for end-to-end tests and benches: the program under test, with its output line by line. A
 * process that a test forgot is killed by process_end, or when the test program ends. One thread. */
#ifndef SUPPORT_PROCESS_H
#define SUPPORT_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { PROCESS_LINE = 16 * 1024, PROCESS_WORDS = 32, PROCESS_ERRORS = 4096 };

struct process {
    pid_t pid; /* 0 once it has ended */
    int out, error_file;
    int code;    /* once ended: the exit code, or 128 + the signal */
    size_t held; /* of `line`, read and not yet given */
    size_t given;
    char line[PROCESS_LINE];
    char errors[PROCESS_ERRORS]; /* standard error, once it has ended; closed by a zero */
};

/* argv[0] is looked for on the PATH; the list ends with NULL. False where it cannot be started. */
bool process_start(struct process *, const char *const argv[]);

/* The next line of standard output without its end, valid until the next call; NULL at the end of the output
 * or after the time. */
const char *process_line(struct process *, int wait_ms);
/* Drops lines until one holds the text. */
const char *process_line_with(struct process *, const char *text, int wait_ms);

/* Waits for the end; -1 where it has not ended in time. */
int process_wait(struct process *, int wait_ms);
void process_signal(struct process *, int signal);
/* Kills what still runs. A struct of zeros is fine. */
void process_end(struct process *);

/* Microseconds of CLOCK_MONOTONIC. */
int64_t process_now_us(void);

#endif
