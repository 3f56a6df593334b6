/* JSON for the host, written piece by piece. Fails as a writer does. */
#ifndef WASM_JSON_H
#define WASM_JSON_H

#include "base/writer.h"

struct json {
    struct writer to;
    bool first; /* of an object or a list: no comma comes before it */
};

struct json json_on(struct bytes_mut room);
/* OK and what was written | E_TOO_LARGE */
MUST_USE enum result json_end(const struct json *, struct bytes *out);

/* With a key in an object; without one, NULL, in a list or around it all. */
void json_open_object(struct json *, const char *key);
void json_close_object(struct json *);
void json_open_list(struct json *, const char *key);
void json_close_list(struct json *);

/* UTF-8 goes as it is; what JSON does not allow in a string is escaped. */
void json_text(struct json *, const char *key, struct bytes);
/* A handle or a title, as it may be shown: what text_moves_reader names is replaced (field report G54). */
void json_name(struct json *, const char *key, struct bytes);
void json_word(struct json *, const char *key, const char *);
void json_hex(struct json *, const char *key, struct bytes); /* 32 bytes at most */
void json_number(struct json *, const char *key, uint64_t);
void json_truth(struct json *, const char *key, bool);

#endif
