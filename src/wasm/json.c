#include "wasm/json.h"

#include "base/text.h"
#include "wire/limits.h"

struct json json_on(struct bytes_mut room)
{
    return (struct json){writer_on(room), true};
}

enum result json_end(const struct json *j, struct bytes *out)
{
    return writer_end(&j->to, out) == OK ? OK : E_TOO_LARGE;
}

static void put(struct json *j, const char *text)
{
    writer_put(&j->to, bytes_string(text));
}

static void put_key(struct json *j, const char *key)
{
    if (!j->first)
        put(j, ",");
    j->first = false;
    if (key == NULL)
        return;
    put(j, "\"");
    put(j, key);
    put(j, "\":");
}

static void begin(struct json *j, const char *key, const char *bracket)
{
    put_key(j, key);
    put(j, bracket);
    j->first = true;
}

static void end(struct json *j, const char *bracket)
{
    put(j, bracket);
    j->first = false;
}

void json_open_object(struct json *j, const char *key)
{
    begin(j, key, "{");
}

void json_close_object(struct json *j)
{
    end(j, "}");
}

void json_open_list(struct json *j, const char *key)
{
    begin(j, key, "[");
}

void json_close_list(struct json *j)
{
    end(j, "]");
}

void json_text(struct json *j, const char *key, struct bytes text)
{
    static const char digits[] = "0123456789abcdef";

    put_key(j, key);
    put(j, "\"");
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];

        if (c < 0x20) {
            put(j, "\\u00");
            writer_u8(&j->to, (uint8_t)digits[c >> 4]);
            writer_u8(&j->to, (uint8_t)digits[c & 15]);
            continue;
        }
        if (c == '"' || c == '\\')
            put(j, "\\");
        writer_u8(&j->to, c);
    }
    put(j, "\"");
}

void json_name(struct json *j, const char *key, struct bytes name)
{
    char shown[3 * TITLE_BYTES + 1]; /* what is replaced takes three bytes */

    text_for_display(name, shown, sizeof shown);
    json_text(j, key, bytes_string(shown));
}

void json_word(struct json *j, const char *key, const char *word)
{
    json_text(j, key, bytes_string(word));
}

void json_hex(struct json *j, const char *key, struct bytes value)
{
    char hex[65];

    if (value.len > 32) {
        writer_fail(&j->to);
        return;
    }
    text_hex(value, hex);
    json_text(j, key, bytes(hex, 2 * value.len));
}

void json_number(struct json *j, const char *key, uint64_t value)
{
    char digits[24];
    size_t at = sizeof digits;

    do
        digits[--at] = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    put_key(j, key);
    writer_put(&j->to, bytes(digits + at, sizeof digits - at));
}

void json_truth(struct json *j, const char *key, bool value)
{
    put_key(j, key);
    put(j, value ? "true" : "false");
}
