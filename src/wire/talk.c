#include "wire/talk.h"

#include "base/text.h"
#include "wire/fields.h"

#include <string.h>

enum { TABLES_BYTES = 2048 };

static const struct field table_item[] = {
    FIELD_NUMBER(struct talk_table, table, 16),
    FIELD_NUMBER(struct talk_table, epoch, 64),
    FIELD_ARRAY(struct talk_table, tree_hash),
    FIELD_NUMBER(struct talk_table, leaves, 16),
    FIELDS_END,
};

static const struct field chat_fields[] = {FIELD_BYTES(struct talk_chat, text, 1, TALK_CHAT_BYTES),
                                           FIELDS_END};
static const struct field hand_fields[] = {FIELD_NUMBER(struct talk_hand, up, 8), FIELDS_END};
static const struct field mute_fields[] = {FIELD_NUMBER(struct talk_mute, leaf, 32), FIELDS_END};
static const struct field plan_fields[] = {
    FIELD_NUMBER(struct talk_plan, clock_ms, 64),
    FIELD_ITEMS(struct talk_plan, tables, TABLES_BYTES, table_item),
    FIELD_ARRAY(struct talk_plan, roles_hash),
    FIELD_ARRAY(struct talk_plan, media_hash),
    FIELDS_END,
};
static const struct field no_fields[] = {FIELDS_END};

static const struct field *const messages[] = {
    [TALK_CHAT] = chat_fields, [TALK_HAND] = hand_fields, [TALK_MUTE] = mute_fields,
    [TALK_UNMUTE] = no_fields, [TALK_PLAN] = plan_fields,
};

/* All members of the union begin where it begins. */
enum { BODY = offsetof(struct talk, chat) };

enum result talk_read(struct bytes message, struct talk *out)
{
    struct reader r = reader_on(message);
    struct talk t;
    uint8_t type;
    enum result res;

    memset(&t, 0, sizeof t);
    type = reader_u8(&r);
    t.type = (enum talk_type)type;
    res = fields_read_body(&r, FIELD_TYPES(messages), type, (uint8_t *)&t + BODY);
    if (res != OK)
        return res;
    if ((type == TALK_CHAT && !text_is_utf8(t.chat.text)) || (type == TALK_HAND && t.hand.up > 1))
        return E_MALFORMED;
    *out = t;
    return OK;
}

enum result talk_write(const struct talk *t, struct bytes_mut to, struct bytes *out)
{
    struct writer w = writer_on(to);

    writer_u8(&w, (uint8_t)t->type);
    fields_write_body(&w, FIELD_TYPES(messages), (unsigned)t->type, (const uint8_t *)t + BODY);
    return writer_end(&w, out);
}

bool talk_table_next(struct bytes *list, struct talk_table *out)
{
    return fields_next(list, table_item, out);
}

void talk_table_put(struct writer *w, const struct talk_table *item)
{
    fields_write(w, table_item, item);
}
