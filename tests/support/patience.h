/* A loop with a guard: a test runs it until a condition stops it, and fails if none does. */
#ifndef SUPPORT_PATIENCE_H
#define SUPPORT_PATIENCE_H

#include "io/loop.h"

/* A loop, or the running test fails. */
struct loop *patience_loop(void);
/* Runs the loop until loop_stop; fails the running test after 10 s. */
void patience_run(struct loop *);
/* Runs the loop for a while in which something must not happen, whoever stops it meanwhile; not for waiting.
 */
void patience_let_pass(struct loop *, unsigned ms);

#endif
