#include "base/text.h"

#include <string.h>

void text_hex(struct bytes b, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < b.len; i++) {
        *out++ = digits[b.at[i] >> 4];
        *out++ = digits[b.at[i] & 15];
    }
    *out = '\0';
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

enum result text_unhex(struct bytes text, struct bytes_mut out, size_t *used)
{
    if (text.len % 2 != 0)
        return E_MALFORMED;
    if (text.len / 2 > out.len)
        return E_TOO_LARGE;
    for (size_t i = 0; i < text.len; i += 2) {
        int high = hex_value(text.at[i]), low = hex_value(text.at[i + 1]);

        if (high < 0 || low < 0)
            return E_MALFORMED;
        out.at[i / 2] = (uint8_t)(high << 4 | low);
    }
    *used = text.len / 2;
    return OK;
}

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void text_base64url(struct bytes b, char *out)
{
    uint32_t bits = 0;
    unsigned held = 0;

    for (size_t i = 0; i < b.len; i++) {
        bits = bits << 8 | b.at[i];
        for (held += 8; held >= 6; held -= 6)
            *out++ = base64_digits[bits >> (held - 6) & 63];
    }
    if (held != 0)
        *out++ = base64_digits[bits << (6 - held) & 63];
    *out = '\0';
}

static int base64_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '-')
        return 62;
    if (c == '_')
        return 63;
    return -1;
}

enum result text_unbase64url(struct bytes text, struct bytes_mut out, size_t *used)
{
    uint32_t bits = 0;
    unsigned held = 0;
    size_t n = 0;

    if (text.len % 4 == 1)
        return E_MALFORMED;
    if (text.len / 4 * 3 + (text.len % 4 == 0 ? 0 : text.len % 4 - 1) > out.len)
        return E_TOO_LARGE;
    for (size_t i = 0; i < text.len; i++) {
        int value = base64_value(text.at[i]);

        if (value < 0)
            return E_MALFORMED;
        bits = bits << 6 | (uint32_t)value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out.at[n++] = (uint8_t)(bits >> held);
        }
    }
    if ((bits & ((1u << held) - 1)) != 0)
        return E_MALFORMED;
    *used = n;
    return OK;
}

enum result text_number(struct bytes text, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;

    if (text.len == 0)
        return E_MALFORMED;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return E_MALFORMED;

        uint64_t digit = text.at[i] - (uint64_t)'0';
        if (digit > max || value > (max - digit) / 10)
            return E_TOO_LARGE;
        value = value * 10 + digit;
    }
    *out = value;
    return OK;
}

enum result text_utf8_next(struct bytes *b, uint32_t *code)
{
    static const uint32_t smallest[] = {0, 0x80, 0x800, 0x10000};
    uint8_t first = b->at[0];
    unsigned more = first < 0x80 ? 0 : first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    uint32_t c = first < 0x80 ? first : first & (0x3fu >> more);

    if ((first >= 0x80 && first < 0xc2) || first > 0xf4 || b->len <= more)
        return E_MALFORMED;
    for (unsigned i = 1; i <= more; i++) {
        if ((b->at[i] & 0xc0) != 0x80)
            return E_MALFORMED;
        c = c << 6 | (b->at[i] & 0x3f);
    }
    if (c < smallest[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return E_MALFORMED;

    b->at += more + 1;
    b->len -= more + 1;
    *code = c;
    return OK;
}

bool text_is_utf8(struct bytes b)
{
    uint32_t code;

    while (b.len != 0)
        if (text_utf8_next(&b, &code) != OK)
            return false;
    return true;
}

bool text_moves_reader(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x00ad || c == 0x061c ||
           (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
           c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe0fff);
}

void text_for_display(struct bytes text, char *out, size_t size)
{
    static const uint8_t mark[] = {0xef, 0xbf, 0xbd};
    size_t used = 0;

    if (size == 0)
        return;
    while (text.len != 0) {
        struct bytes rest = text, shown;
        uint32_t code;

        if (text_utf8_next(&rest, &code) != OK) {
            rest = bytes(text.at + 1, text.len - 1);
            shown = BYTES_OF(mark);
        } else if (text_moves_reader(code)) {
            shown = BYTES_OF(mark);
        } else {
            shown = bytes(text.at, text.len - rest.len);
        }
        if (used + shown.len >= size)
            break;
        memcpy(out + used, shown.at, shown.len);
        used += shown.len;
        text = rest;
    }
    out[used] = '\0';
}
