/* Bytes that memcheck takes for unknown, so that it sees what depends on them: tests/secrets/taint.c. */
#ifndef SECRETS_TAINT_H
#define SECRETS_TAINT_H

#include <stdbool.h>
#include <stddef.h>

void taint(const void *, size_t);
void untaint(const void *, size_t);
bool is_tainted(const void *, size_t);

#endif
