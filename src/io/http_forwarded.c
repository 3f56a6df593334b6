#include "io/http_connection.h"

#include <string.h>
#include <strings.h>

static bool is_named(const struct http_header *h, const char *name)
{
    return h->name.len == strlen(name) && strncasecmp((const char *)h->name.at, name, h->name.len) == 0;
}

/* `192.0.2.1`, `2001:db8::1`, either with a port, and IPv6 in brackets then or anyway. */
static enum result hop_read(struct bytes text, struct address *out)
{
    enum result res = address_parse(text, 0, out);

    if (res != OK)
        res = address_parse_pair(text, out);
    if (res != OK && text.len > 2 && text.at[0] == '[' && text.at[text.len - 1] == ']')
        res = address_parse(bytes(text.at + 1, text.len - 2), 0, out);
    return res;
}

struct address http_forwarded(const struct http_head *head)
{
    struct address named = {0};
    struct bytes last = {0};

    /* A proxy adds itself to the list, or a line of its own below the others. */
    for (unsigned i = 0; i < head->count; i++)
        if (is_named(&head->headers[i], "X-Forwarded-For"))
            last = head->headers[i].value;
    for (size_t at = last.len; at-- != 0;)
        if (last.at[at] == ',') {
            last = bytes(last.at + at + 1, last.len - at - 1);
            break;
        }
    while (last.len != 0 && (last.at[0] == ' ' || last.at[0] == '\t'))
        last = bytes(last.at + 1, last.len - 1);
    while (last.len != 0 && (last.at[last.len - 1] == ' ' || last.at[last.len - 1] == '\t'))
        last.len--;
    return hop_read(last, &named) == OK ? named : (struct address){0};
}
