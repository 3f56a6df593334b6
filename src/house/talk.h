/* What members say to each other, sealed: passed on to everybody else at the table, and never kept. */
#ifndef HOUSE_TALK_H
#define HOUSE_TALK_H

#include "house/inside.h"

struct answer talk_say(struct session *, const struct signal *);

#endif
