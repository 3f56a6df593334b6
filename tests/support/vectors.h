/* Published vectors are read from $TEAHOUSE_VECTORS, by default ../shared/vectors beside the project, and a
 * test whose file is absent counts as skipped, by its name. */
#ifndef SUPPORT_VECTORS_H
#define SUPPORT_VECTORS_H

#include "base/arena.h"
#include "base/bytes.h"

#include <json-c/json.h>

/* A parsed file, `name` being its path inside the folder (`mls/welcome.json`). Skips the running cmocka test
 * when the folder or the file is absent; fails it when the file does not parse. Release with json_object_put.
 */
struct json_object *vectors_load(const char *name);

/* The file's raw bytes, in the arena; skips as above. */
struct bytes vectors_file(struct arena *, const char *name);

/* A hex member of an object, in the arena; fails the test where it is missing or no hex. */
struct bytes vectors_hex(struct arena *, struct json_object *, const char *member);
/* A hex string of its own. */
struct bytes vectors_hex_string(struct arena *, const char *hex);
/* A number up to 2^64-1; fails the test where it is missing. */
uint64_t vectors_number(struct json_object *, const char *member);
/* So many published vectors were run. tools/tally.py adds them up, each name once in a program. */
void vectors_ran(const char *name, size_t count);
/* A member that must be there: object, array or string. */
struct json_object *vectors_member(struct json_object *, const char *member);
const char *vectors_text(struct json_object *, const char *member);

#endif
