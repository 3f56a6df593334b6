/* One line of results: a JSON object, or the same fields as readable text. Built in fixed memory, printed
 * whole and flushed, so that who reads a pipe sees each event when it happens. Text goes out so that it can
 * move no cursor (field report G54): escaped in JSON, where it comes back unchanged, and replaced otherwise.
 */
#ifndef CLI_LINE_H
#define CLI_LINE_H

#include "base/bytes.h"
#include "base/result.h"

#include <stdio.h>

enum { LINE_ROOM = 64 * 1024 };

struct line {
    bool json, first, failed;
    size_t used;
    char text[LINE_ROOM];
};

void line_start(struct line *, bool json);
/* Keys are the program's own words. */
void line_text(struct line *, const char *key, struct bytes utf8);
void line_number(struct line *, const char *key, int64_t);
/* Several texts under one key, each put by line_item. */
void line_list(struct line *, const char *key);
void line_item(struct line *, struct bytes utf8);
void line_list_end(struct line *);
/* Prints and flushes. OK | E_TOO_LARGE | E_IO */
MUST_USE enum result line_print(struct line *, FILE *);

#endif
