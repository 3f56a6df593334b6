/* ENTER: who may come, as what, and under which name. */
#ifndef HOUSE_ENTERING_H
#define HOUSE_ENTERING_H

#include "house/inside.h"

struct answer entering_take(struct session *, const struct signal *);

#endif
