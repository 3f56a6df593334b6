/* Talk and statements: what reads must write to the same bytes again. */
#include "wire/talk.h"
#include "wire/statement.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = bytes(data, size), list = text, before = text, again;
    uint8_t room[TALK_BYTES];
    struct statement word;
    struct talk_table table;
    struct talk talk;

    if (talk_read(text, &talk) == OK) {
        assert(talk_write(&talk, (struct bytes_mut){room, sizeof room}, &again) == OK);
        assert(bytes_equal(text, again));
        if (talk.type == TALK_PLAN)
            while (talk_table_next(&talk.plan.tables, &table))
                ;
    }
    while (statement_next(&list, &word) == OK) {
        assert(statement_write(&word, (struct bytes_mut){room, sizeof room}, &again) == OK);
        assert(bytes_equal(bytes(before.at, STATEMENT_BYTES), again));
        before = list;
    }
    return 0;
}
