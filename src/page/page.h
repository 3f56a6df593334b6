/* The browser's app, as it was built into this program: its document, which every place of the app shares,
 * and its files, whose names change with their content. Built by web/build.mjs; a program that was built
 * without it says so where the document would be. docs/protocol.md has no part in this: a page is a client's,
 * not the protocol's. */
#ifndef PAGE_PAGE_H
#define PAGE_PAGE_H

#include "base/result.h"
#include "io/http.h"

struct page_settings {
    /* The relay's entrance, if it is known now; NULL or empty while it is not. Pages may speak with its
     * origin and with the house's own, and with no other. */
    const char *(*media_url)(void *context);
    void *context;
};

/* Adds the routes: the document at `/`, `/new`, `/me` and `/r/ROOM`, and the app's files. The settings are
 * borrowed for the server's life.
 * OK | E_NO_MEMORY | E_EXISTS */
MUST_USE enum result page_mount(struct http_server *, struct page_settings *);

#endif
