#include "cli/line.h"

#include "base/text.h"

#include <inttypes.h>
#include <string.h>

static void put(struct line *line, const void *text, size_t len)
{
    if (line->failed || sizeof line->text - line->used < len) {
        line->failed = true;
        return;
    }
    memcpy(line->text + line->used, text, len);
    line->used += len;
}

static void put_string(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

static void put_escape(struct line *line, uint32_t code)
{
    char text[16];

    if (code < 0x10000) {
        snprintf(text, sizeof text, "\\u%04" PRIx32, code);
    } else {
        uint32_t rest = code - 0x10000;

        snprintf(text, sizeof text, "\\u%04" PRIx32 "\\u%04" PRIx32, 0xd800 + (rest >> 10),
                 0xdc00 + (rest & 0x3ff));
    }
    put_string(line, text);
}

/* RFC 8259, section 7. Bytes that are no UTF-8 become U+FFFD, each of them. */
static void put_json(struct line *line, struct bytes text)
{
    put_string(line, "\"");
    while (text.len != 0) {
        struct bytes rest = text;
        uint32_t code;

        if (text_utf8_next(&rest, &code) != OK) {
            put_string(line, "\xef\xbf\xbd");
            rest = bytes(text.at + 1, text.len - 1);
        } else if (code == '"' || code == '\\') {
            put_string(line, "\\");
            put(line, text.at, 1);
        } else if (text_moves_reader(code)) {
            put_escape(line, code);
        } else {
            put(line, text.at, text.len - rest.len);
        }
        text = rest;
    }
    put_string(line, "\"");
}

static void put_readable(struct line *line, struct bytes text)
{
    char shown[1024];

    text_for_display(text, shown, sizeof shown);
    put_string(line, shown);
}

static void put_value(struct line *line, struct bytes text)
{
    if (line->json)
        put_json(line, text);
    else
        put_readable(line, text);
}

static void put_key(struct line *line, const char *key)
{
    if (line->json) {
        put_string(line, line->first ? "{" : ",");
        put_json(line, bytes_string(key));
        put_string(line, ":");
    } else {
        if (!line->first)
            put_string(line, "  ");
        put_string(line, key);
        put_string(line, " ");
    }
    line->first = false;
}

void line_start(struct line *line, bool json)
{
    line->json = json;
    line->first = true;
    line->failed = false;
    line->used = 0;
}

void line_text(struct line *line, const char *key, struct bytes utf8)
{
    put_key(line, key);
    put_value(line, utf8);
}

void line_number(struct line *line, const char *key, int64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRId64, value);
    put_key(line, key);
    put_string(line, text);
}

void line_list(struct line *line, const char *key)
{
    put_key(line, key);
    put_string(line, line->json ? "[" : "");
    line->first = true;
}

void line_item(struct line *line, struct bytes utf8)
{
    if (!line->first)
        put_string(line, line->json ? "," : ", ");
    line->first = false;
    put_value(line, utf8);
}

void line_list_end(struct line *line)
{
    if (line->json)
        put_string(line, "]");
    else if (line->first)
        put_string(line, "nobody");
    line->first = false;
}

enum result line_print(struct line *line, FILE *to)
{
    if (line->json)
        put_string(line, line->first ? "{}" : "}");
    put_string(line, "\n");
    if (line->failed)
        return E_TOO_LARGE;
    if (fwrite(line->text, 1, line->used, to) != line->used || fflush(to) != 0)
        return E_IO;
    return OK;
}
