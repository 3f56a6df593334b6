/* What embed.py makes of the folder that web/build.mjs has made. */
#ifndef PAGE_FILES_H
#define PAGE_FILES_H

#include "base/bytes.h"

struct page_file {
    const char *path, *type, *etag;
    bool is_document;   /* the one that all places share */
    bool named_by_hash; /* its content never changes under this name */
    struct bytes plain, gzip;
};

extern const struct page_file page_files[];
extern const size_t page_file_count;

#endif
