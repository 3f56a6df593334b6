/* A program for the reader: each command byte asks for one read, so every order of calls is reached. */
#include "base/reader.h"
#include "base/writer.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t half = size / 2;
    struct reader commands = reader_on(bytes(data, half));
    struct reader r = reader_on(bytes(data + half, size - half));
    uint8_t copy[16];

    while (reader_left(&commands) != 0) {
        size_t left = reader_left(&r);
        struct bytes got = {0};
        uint8_t command = reader_u8(&commands);

        switch (command % 11) {
        case 0:
            reader_u8(&r);
            break;
        case 1:
            reader_u16(&r);
            break;
        case 2:
            reader_u24(&r);
            break;
        case 3:
            reader_u32(&r);
            break;
        case 4:
            reader_u64(&r);
            break;
        case 5:
            got = reader_run8(&r);
            break;
        case 6:
            got = reader_run16(&r);
            break;
        case 7:
            got = reader_run32(&r);
            break;
        case 8:
            got = reader_vector(&r);
            break;
        case 9:
            got = reader_take(&r, command / 11);
            break;
        case 10:
            reader_copy(&r, copy, sizeof copy);
            break;
        }
        assert(reader_left(&r) <= left);
        assert(got.len <= left);
        if (got.len != 0)
            assert(got.at >= data + half && got.at + got.len <= data + size);
    }
    if (reader_end(&r) == OK)
        assert(reader_left(&r) == 0);
    return 0;
}
