/* Memory that runs out when a test wants it to. The linker leads malloc and calloc of our own libraries here
 * (the dependency `denied` of tests/support/meson.build); what other libraries take is not touched. */
#ifndef SUPPORT_DENIED_H
#define SUPPORT_DENIED_H

#include <stdbool.h>

/* The allocation after `passed` more is denied, once. */
void denied_after(unsigned passed);
/* Nothing is denied any more. Was something, since denied_after? */
bool denied_end(void);
/* Allocations since the start of the process. */
unsigned denied_count(void);

#endif
