/* Stands in for libFuzzer in ordinary builds: gives the target each seed and each truncation of it. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int give(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *seed = malloc(1 << 20);
    size_t size;

    if (file == NULL || seed == NULL) {
        perror(path);
        exit(1);
    }
    size = fread(seed, 1, 1 << 20, file);
    fclose(file);
    for (size_t cut = 0; cut <= size; cut += size > 4096 && cut + 64 < size ? 61 : 1) {
        /* A copy of the exact size lets the sanitizer see a read past the end. */
        uint8_t *exact = malloc(cut == 0 ? 1 : cut);

        if (exact == NULL)
            exit(1);
        memcpy(exact, seed, cut);
        LLVMFuzzerTestOneInput(exact, cut);
        free(exact);
    }
    free(seed);
    return 1;
}

int main(int argc, char **argv)
{
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    struct dirent *entry;
    char path[4096];
    int given = 0;

    if (folder == NULL) {
        fprintf(stderr, "usage: %s FOLDER-OF-SEEDS\n", argv[0]);
        return 2;
    }
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        given += give(path);
    }
    closedir(folder);
    printf("1..1\n%s 1 - %d seeds and their truncations\n", given > 0 ? "ok" : "not ok", given);
    return given > 0 ? 0 : 1;
}
