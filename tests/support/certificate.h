/* Certificates that a test makes for itself: self-signed, ECDSA P-256, good for a day. */
#ifndef SUPPORT_CERTIFICATE_H
#define SUPPORT_CERTIFICATE_H

/* Writes PEM files; `names` is a subjectAltName as OpenSSL reads it (`DNS:localhost,IP:127.0.0.1`). Fails the
 * running test where that cannot be done. */
void certificate_make(const char *names, const char *certificate_file, const char *key_file);

#endif
