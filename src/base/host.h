/* The border of a module: what it asks its host for, and what it gives it. Both are listed where they belong;
 * web/src/core.ts is the other side. Pointers are offsets into the module's memory, which may grow. */
#ifndef BASE_HOST_H
#define BASE_HOST_H

#define HOST(name)   __attribute__((import_module("teahouse"), import_name(#name)))
#define EXPORT(name) __attribute__((export_name(#name)))

#endif
