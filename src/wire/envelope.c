#include "wire/envelope.h"

#include "base/reader.h"
#include "base/writer.h"
#include "wire/limits.h"

enum { SMALLEST = 256, LENGTH_FIELD = 4 };

enum result envelope_signed(const char *label, const uint8_t house[static 32], const uint8_t *room,
                            struct bytes content, struct bytes_mut to, struct bytes *out)
{
    static const uint8_t no_room[32];
    struct writer w = writer_on(to);

    if (content.len > ENVELOPE_CONTENT_BYTES)
        return E_TOO_LARGE;
    writer_run8(&w, bytes_string(label));
    writer_put(&w, bytes(house, 32));
    writer_put(&w, bytes(room == NULL ? no_room : room, 32));
    writer_run16(&w, content);
    return writer_end(&w, out);
}

size_t envelope_padded_size(size_t len)
{
    size_t size = SMALLEST;

    if (len > SIGNAL_BYTES - LENGTH_FIELD)
        return 0;
    while (size < len + LENGTH_FIELD)
        size *= 2;
    return size;
}

enum result envelope_pad(struct bytes message, struct bytes_mut to, struct bytes *out)
{
    size_t size = envelope_padded_size(message.len);
    struct writer w = writer_on(to);

    if (size == 0)
        return E_TOO_LARGE;
    writer_run32(&w, message);
    writer_zeros(&w, size - LENGTH_FIELD - message.len);
    return writer_end(&w, out);
}

enum result envelope_unpad(struct bytes padded, struct bytes *message)
{
    struct reader r = reader_on(padded);
    struct bytes inside = reader_run32(&r);
    struct bytes zeros = reader_take(&r, reader_left(&r));
    enum result res = reader_end(&r);

    if (res != OK)
        return res;
    if (envelope_padded_size(inside.len) != padded.len)
        return E_MALFORMED;
    for (size_t i = 0; i < zeros.len; i++)
        if (zeros.at[i] != 0)
            return E_MALFORMED;
    *message = inside;
    return OK;
}
