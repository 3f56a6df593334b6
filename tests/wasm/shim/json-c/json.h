/* As much of json-c's interface as the tests use. What is read is never freed: the instance goes as a whole.
 */
#ifndef SHIM_JSON_H
#define SHIM_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;
struct json_tokener;

struct json_tokener *json_tokener_new(void);
struct json_object *json_tokener_parse_ex(struct json_tokener *, const char *text, int len);
void json_tokener_free(struct json_tokener *);
int json_object_put(struct json_object *);

bool json_object_object_get_ex(struct json_object *, const char *key, struct json_object **out);
size_t json_object_array_length(const struct json_object *);
struct json_object *json_object_array_get_idx(const struct json_object *, size_t);
const char *json_object_get_string(struct json_object *);
uint64_t json_object_get_uint64(const struct json_object *);
int64_t json_object_get_int64(const struct json_object *);
int json_object_get_int(const struct json_object *);

/* The i-th member's name, or NULL past the last. */
const char *shim_json_member(const struct json_object *, size_t i, struct json_object **value);
#define json_object_object_foreach(object, key, value)                                                       \
    const char *key;                                                                                         \
    struct json_object *value;                                                                               \
    for (size_t shim_i = 0; (key = shim_json_member(object, shim_i, &value)) != NULL; shim_i++)

#endif
