/* The house's relay: the one of its own process, or one that links itself up. Nobody enters a room while none
 * is linked, and no ticket is made. */
#ifndef HOUSE_RELAYS_H
#define HOUSE_RELAYS_H

#include "house/inside.h"

/* OK | E_TOO_LARGE (media_url) */
MUST_USE enum result relays_begin(struct house *);
/* Adds the route that a relay links itself up by, where the settings name a key. Errors as of
 * bus_link_attend. */
MUST_USE enum result relays_mount(struct house *, struct loop *, struct http_server *);
void relays_end(struct house *);

/* The relay has said who it is: tickets that are owed go out. For relays.c and tests. */
void relays_linked(struct house *, const struct control_relay_is *);
void relays_gone(struct house *);

/* Keeps what was said to a relay elsewhere, for as long as a ticket lives: the link may break before it has
 * arrived. It is said again to the same relay. For house_control. */
void relays_note(struct house *, const struct control *);

#endif
