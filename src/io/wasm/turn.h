/* A loop in a module does not run: its host gives it a turn when a time has come. */
#ifndef IO_WASM_TURN_H
#define IO_WASM_TURN_H

#include "io/loop.h"

/* Calls what is due, each timer once. The host is then asked for the next turn. */
void loop_turn(struct loop *);

#endif
