#include "base/log.h"

#include <stdio.h>

/* The one process-wide setting: written before threads start, read only afterwards. */
static enum log_level log_limit = LOG_WARN;

void log_set_level(enum log_level level)
{
    log_limit = level;
}

void log_line(enum log_level level, const char *place, const char *event, struct log_tag tag, enum result why,
              int64_t value)
{
    static const char *const names[] = {"", "warning", "info", "debug"};
    char number[32] = "", reason[64] = "";

    if (level > log_limit)
        return;
    if (value != 0)
        snprintf(number, sizeof number, " %lld", (long long)value);
    if (why != OK)
        snprintf(reason, sizeof reason, ": %s", result_text(why));
    fprintf(stderr, "%s %s[%08x]: %s%s%s\n", names[level], place, (unsigned)tag.number, event, number,
            reason);
}
