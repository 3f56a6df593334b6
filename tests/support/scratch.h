/* A folder of a test's own, under $TMPDIR or /tmp, and its end. */
#ifndef SUPPORT_SCRATCH_H
#define SUPPORT_SCRATCH_H

#include <stddef.h>

enum { SCRATCH_PATH = 256 };

/* Makes the folder; fails the running test where the system refuses. */
void scratch_make(char path[static SCRATCH_PATH]);
/* `folder/name` */
void scratch_path(const char *folder, const char *name, char path[static SCRATCH_PATH]);
/* Removes the folder and all that is in it. */
void scratch_remove(const char *path);

#endif
