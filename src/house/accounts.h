/* Accounts: an Ed25519 key made on the device, and the handle that people see. Nothing else is known. */
#ifndef HOUSE_ACCOUNTS_H
#define HOUSE_ACCOUNTS_H

#include "house/inside.h"

/* SIGN_UP and SIGN_IN, from a stranger. */
struct answer accounts_sign_up(struct session *, const struct signal *);
struct answer accounts_sign_in(struct session *, const struct signal *);

/* The handle of an account, in `room`. OK | E_NOT_FOUND | E_IO | E_NO_MEMORY | E_MALFORMED */
MUST_USE enum result accounts_handle(struct house *, const uint8_t key[static 32],
                                     uint8_t room[static HANDLE_BYTES], struct bytes *handle);

/* The account with this handle; or the one whose handle has this skeleton (names.h).
 * OK | E_NOT_FOUND | E_IO | E_NO_MEMORY | E_MALFORMED */
MUST_USE enum result accounts_find(struct house *, struct bytes handle, uint8_t key[static 32]);
MUST_USE enum result accounts_looking_like(struct house *, struct bytes skeleton, uint8_t key[static 32]);

#endif
