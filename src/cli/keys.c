#include "cli/keys.h"

#include "base/text.h"
#include "cli/line.h"
#include "crypto/crypto.h"

#include <stdio.h>
#include <string.h>

static bool hex_read(struct bytes text, uint8_t out[static 32])
{
    size_t used = 0;

    return text_unhex(text, (struct bytes_mut){out, 32}, &used) == OK && used == 32;
}

static bool file_read(const char *path, uint8_t out[static 32])
{
    FILE *file = fopen(path, "re");
    char text[KEYS_TEXT_SIZE + 2];
    size_t len;

    if (file == NULL)
        return false;
    len = fread(text, 1, sizeof text, file);
    fclose(file);
    while (len != 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        len--;
    return hex_read(bytes((const uint8_t *)text, len), out);
}

int keys_read(const struct args *args, const char *option, uint8_t out[static 32])
{
    const char *text = args_text(args, option);

    if (hex_read(bytes_string(text), out) || file_read(text, out))
        return EXIT_DONE;
    return args_wrong(args, "--%s takes a public key as 64 hex digits, or a file that holds them, not '%s'",
                      option, text);
}

void keys_write(const uint8_t key[static 32], char out[static KEYS_TEXT_SIZE])
{
    text_hex(bytes(key, 32), out);
}

int keys_print(const struct args *args, const uint8_t seed[static 32])
{
    char text[KEYS_TEXT_SIZE];
    struct line line;
    uint8_t key[32];

    if (crypto_ed25519_public(seed, key) != OK)
        return args_failed(args, "the crypto library failed");
    keys_write(key, text);
    line_start(&line, args->json);
    line_text(&line, "key", bytes_string(text));
    return line_print(&line, stdout) == OK ? EXIT_DONE : EXIT_NEGATIVE;
}
