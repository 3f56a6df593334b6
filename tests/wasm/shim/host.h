/* What a module of tests asks its host for: tests/wasm/modules.mjs. `failed` and `skipped` throw there. */
#ifndef SHIM_HOST_H
#define SHIM_HOST_H

#include <stddef.h>
#include <stdint.h>

#define HOST(name) __attribute__((import_module("tests"), import_name(#name)))

HOST(named) void host_named(const char *, size_t);
HOST(said) void host_said(const char *, size_t);
HOST(failed) _Noreturn void host_failed(const char *, size_t);
HOST(skipped) _Noreturn void host_skipped(void);
/* The length of a file of vectors, to be fetched with host_vectors_take; -1 where there is none. */
HOST(vectors) int host_vectors(const char *name, size_t);
HOST(vectors_take) void host_vectors_take(uint8_t *to);

#endif
