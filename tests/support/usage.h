/* What a running process uses, as /proc says. Linux alone. */
#ifndef SUPPORT_USAGE_H
#define SUPPORT_USAGE_H

#include <sys/types.h>

long usage_memory_kb(pid_t);       /* resident */
unsigned usage_descriptors(pid_t); /* open ones */

#endif
