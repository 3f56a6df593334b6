/* Who is at the two ends of a link: GREET, PROVE, PROVEN, and no other message before them. Each end signs
 * the other's nonce, under a label that its key signs nothing else by. */
#ifndef BUS_HANDSHAKE_H
#define BUS_HANDSHAKE_H

#include "bus/bus.h"
#include "wire/control.h"

struct handshake {
    uint8_t house[32], relay[32]; /* the keys */
    uint8_t house_nonce[32], relay_nonce[32];
};

/* Each fills one message, or judges one. The options name the keys; the nonces are kept in between.
 * OK | a failure of `sign` */
void handshake_greet(struct handshake *, const struct bus_link_options *house, struct control *greet);
/* OK | E_FORGED (another house's key) | a failure of `sign` */
MUST_USE enum result handshake_prove(struct handshake *, const struct bus_link_options *relay,
                                     const struct control_greet *, struct control *prove);
/* OK | E_REFUSED (another relay's key) | E_FORGED | a failure of `sign` */
MUST_USE enum result handshake_prove_back(struct handshake *, const struct bus_link_options *house,
                                          const struct control_prove *, struct control *proven);
/* OK | E_FORGED */
MUST_USE enum result handshake_end(const struct handshake *, const struct bus_link_options *relay,
                                   const struct control_proven *);

#endif
