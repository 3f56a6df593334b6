#include "io/http_message.h"

#include "base/reader.h"
#include "base/text.h"

#include <event2/buffer.h>

#include <stdlib.h>
#include <string.h>

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

bool http_text_is(struct bytes text, const char *word)
{
    size_t len = strlen(word);

    if (text.len != len)
        return false;
    for (size_t i = 0; i < len; i++)
        if (lower(text.at[i]) != lower((uint8_t)word[i]))
            return false;
    return true;
}

/* RFC 9110, section 5.6.2. */
static bool token_character(uint8_t c)
{
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
           (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!token_character(text.at[i]))
            return false;
    return text.len != 0;
}

static bool is_printable(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] <= ' ' || text.at[i] > '~')
            return false;
    return text.len != 0;
}

/* Bytes up to the separator, which is taken and not given; the reader fails where there is none. */
static struct bytes take_to(struct reader *r, uint8_t separator)
{
    size_t left = reader_left(r);
    const uint8_t *end = left == 0 ? NULL : memchr(r->at, separator, left);
    struct bytes taken;

    if (end == NULL) {
        reader_fail(r);
        return (struct bytes){0};
    }
    taken = reader_take(r, (size_t)(end - r->at));
    reader_take(r, 1);
    return taken;
}

/* A line without its CRLF. A lone CR or LF, or a zero, anywhere in it fails. */
static struct bytes take_line(struct reader *r)
{
    struct bytes line = take_to(r, '\r');

    if (reader_u8(r) != '\n' ||
        (line.len != 0 && (memchr(line.at, '\n', line.len) != NULL || memchr(line.at, 0, line.len) != NULL)))
        reader_fail(r);
    return line;
}

static struct bytes trimmed(struct bytes text)
{
    while (text.len != 0 && (text.at[0] == ' ' || text.at[0] == '\t'))
        text = bytes(text.at + 1, text.len - 1);
    while (text.len != 0 && (text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\t'))
        text.len--;
    return text;
}

static enum result version_read(struct bytes version, unsigned *minor)
{
    if (version.len != 8 || memcmp(version.at, "HTTP/", 5) != 0 || version.at[6] != '.')
        return E_MALFORMED;
    if (version.at[5] != '1' || (version.at[7] != '0' && version.at[7] != '1'))
        return E_UNSUPPORTED;
    *minor = version.at[7] - '0';
    return OK;
}

/* Origin-form, or `*` for OPTIONS; who sends absolute forms takes us for a proxy. */
static enum result target_read(struct bytes target, struct http_head *head)
{
    const uint8_t *mark;

    if (!is_printable(target) || memchr(target.at, '#', target.len) != NULL)
        return E_MALFORMED;
    if (target.at[0] != '/' &&
        !(bytes_equal(target, BYTES_TEXT("*")) && bytes_equal(head->method, BYTES_TEXT("OPTIONS"))))
        return E_MALFORMED;
    head->path = target;
    mark = memchr(target.at, '?', target.len);
    if (mark != NULL) {
        head->path.len = (size_t)(mark - target.at);
        head->query = bytes(mark + 1, target.len - head->path.len - 1);
    }
    return OK;
}

static enum result request_line_read(struct bytes line, struct http_head *head, unsigned *minor)
{
    struct reader r = reader_on(line);
    struct bytes target, version;
    enum result res;

    head->method = take_to(&r, ' ');
    target = take_to(&r, ' ');
    version = reader_take(&r, reader_left(&r));
    if (r.failed || !is_token(head->method))
        return E_MALFORMED;
    res = version_read(version, minor);
    if (res != OK)
        return res;
    return target_read(target, head);
}

static enum result status_line_read(struct bytes line, struct http_head *head, unsigned *minor)
{
    struct reader r = reader_on(line);
    struct bytes version, status;
    uint64_t number;
    enum result res;

    version = take_to(&r, ' ');
    status = reader_take(&r, 3);
    if (r.failed || (reader_left(&r) != 0 && reader_u8(&r) != ' '))
        return E_MALFORMED;
    res = version_read(version, minor);
    if (res != OK)
        return res;
    if (text_number(status, 599, &number) != OK || number < 100)
        return E_MALFORMED;
    head->status = (unsigned)number;
    return OK;
}

static enum result header_read(struct bytes line, struct http_head *head)
{
    struct reader r = reader_on(line);
    struct http_header h;

    h.name = take_to(&r, ':');
    h.value = trimmed(reader_take(&r, reader_left(&r)));
    if (r.failed || !is_token(h.name))
        return E_MALFORMED;
    for (size_t i = 0; i < h.value.len; i++)
        if ((h.value.at[i] < ' ' && h.value.at[i] != '\t') || h.value.at[i] == 0x7f)
            return E_MALFORMED;
    if (head->count == HTTP_HEADERS_MAX)
        return E_TOO_LARGE;
    head->headers[head->count++] = h;
    return OK;
}

unsigned http_header_count(const struct http_head *head, const char *name)
{
    unsigned count = 0;

    for (unsigned i = 0; i < head->count; i++)
        count += http_text_is(head->headers[i].name, name);
    return count;
}

struct bytes http_header(const struct http_head *head, const char *name)
{
    struct bytes value = {0};

    if (http_header_count(head, name) == 1)
        for (unsigned i = 0; i < head->count; i++)
            if (http_text_is(head->headers[i].name, name))
                value = head->headers[i].value;
    return value;
}

static bool list_has(struct bytes list, const char *token)
{
    while (list.len != 0) {
        const uint8_t *comma = memchr(list.at, ',', list.len);
        size_t len = comma != NULL ? (size_t)(comma - list.at) : list.len;

        if (http_text_is(trimmed(bytes(list.at, len)), token))
            return true;
        if (comma == NULL)
            return false;
        list = bytes(comma + 1, list.len - len - 1);
    }
    return false;
}

bool http_header_has(const struct http_head *head, const char *name, const char *token)
{
    for (unsigned i = 0; i < head->count; i++)
        if (http_text_is(head->headers[i].name, name) && list_has(head->headers[i].value, token))
            return true;
    return false;
}

/* How the body is delimited: RFC 9112, section 6.3. */
static enum result framing_read(struct http_message *m)
{
    unsigned lengths = http_header_count(&m->head, "Content-Length");
    unsigned codings = http_header_count(&m->head, "Transfer-Encoding");

    if (lengths + codings > 1)
        return E_MALFORMED;
    if (codings == 1) {
        if (!http_text_is(http_header(&m->head, "Transfer-Encoding"), "chunked"))
            return E_UNSUPPORTED;
        m->chunked = true;
    }
    if (lengths == 1) {
        m->measured = true;
        if (text_number(http_header(&m->head, "Content-Length"), INT64_MAX, &m->length) != OK)
            return E_MALFORMED;
    }
    return OK;
}

enum result http_message_read(struct bytes block, enum http_kind kind, struct http_message *out)
{
    struct reader r = reader_on(block);
    struct http_message m = {0};
    unsigned minor = 0, hosts;
    struct bytes line;
    enum result res;

    line = take_line(&r);
    if (r.failed)
        return E_MALFORMED;
    res = kind == HTTP_REQUEST ? request_line_read(line, &m.head, &minor)
                               : status_line_read(line, &m.head, &minor);
    if (res != OK)
        return res;
    for (line = take_line(&r); line.len != 0; line = take_line(&r)) {
        res = header_read(line, &m.head);
        if (res != OK)
            return res;
    }
    if (reader_end(&r) != OK)
        return E_MALFORMED;

    /* RFC 9112, section 3.2; HTTP/1.0 knew no Host. */
    hosts = http_header_count(&m.head, "Host");
    if (kind == HTTP_REQUEST && (hosts > 1 || (hosts == 0 && minor == 1)))
        return E_MALFORMED;
    res = framing_read(&m);
    if (res != OK)
        return res;
    if (m.chunked && minor == 0)
        return E_MALFORMED;
    m.keep = minor == 1 && !http_header_has(&m.head, "Connection", "close");
    m.expects_continue = minor == 1 && http_header_has(&m.head, "Expect", "100-continue");
    *out = m;
    return OK;
}

enum result http_head_take(struct evbuffer *from, uint8_t **block, size_t *len)
{
    struct evbuffer_ptr end = evbuffer_search(from, "\r\n\r\n", 4, NULL);
    uint8_t first;
    size_t whole;

    /* Who speaks TLS, or something else, should hear at once that this is another door. */
    if (evbuffer_copyout(from, &first, 1) == 1 && !token_character(first))
        return E_MALFORMED;
    if (end.pos < 0)
        return evbuffer_get_length(from) >= HTTP_HEAD_MAX ? E_TOO_LARGE : E_AGAIN;
    whole = (size_t)end.pos + 4;
    if (whole > HTTP_HEAD_MAX)
        return E_TOO_LARGE;
    *block = malloc(whole);
    if (*block == NULL)
        return E_NO_MEMORY;
    evbuffer_remove(from, *block, whole);
    *len = whole;
    return OK;
}
