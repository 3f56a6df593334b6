/* One line an event on standard error. It cannot hold an identity: the words are literals of the program, the
 * values are numbers, and a tag is a random number that lives as long as one session. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/result.h"

#include <stdint.h>

enum log_level { LOG_QUIET, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Tells the lines of one session from those of another, and nothing else. Drawn at random, never derived. */
struct log_tag {
    uint32_t number;
};

/* Process-wide and set once by the command line before any thread starts. LOG_WARN before that. */
void log_set_level(enum log_level);

/* `place` and `event` are string literals: the macros refuse anything else. */
#define log_warn(place, event, tag, why)    log_line(LOG_WARN, "" place, "" event, (tag), (why), 0)
#define log_info(place, event, tag, why)    log_line(LOG_INFO, "" place, "" event, (tag), (why), 0)
#define log_count(place, event, tag, value) log_line(LOG_INFO, "" place, "" event, (tag), OK, (value))
void log_line(enum log_level, const char *place, const char *event, struct log_tag, enum result why,
              int64_t value);

#endif
