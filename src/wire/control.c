#include "wire/control.h"

#include "wire/fields.h"

#include <string.h>

static const struct field house_key_fields[] = {FIELD_ARRAY(struct control_house_key, key), FIELDS_END};
static const struct field revoke_seat_fields[] = {
    FIELD_ARRAY(struct control_revoke_seat, seat),
    FIELD_NUMBER(struct control_revoke_seat, number, 32),
    FIELDS_END,
};
static const struct field end_room_fields[] = {FIELD_ARRAY(struct control_end_room, room), FIELDS_END};
static const struct field load_fields[] = {
    FIELD_ARRAY(struct control_load, relay),
    FIELD_NUMBER(struct control_load, sessions, 32),
    FIELD_NUMBER(struct control_load, packets_in, 32),
    FIELD_NUMBER(struct control_load, packets_out, 32),
    FIELDS_END,
};
static const struct field relay_is_fields[] = {
    FIELD_ARRAY(struct control_relay_is, relay),
    FIELD_BYTES(struct control_relay_is, url, 1, CONTROL_URL_BYTES),
    FIELDS_END,
};
static const struct field greet_fields[] = {
    FIELD_ARRAY(struct control_greet, house),
    FIELD_ARRAY(struct control_greet, nonce),
    FIELDS_END,
};
static const struct field prove_fields[] = {
    FIELD_ARRAY(struct control_prove, key),
    FIELD_ARRAY(struct control_prove, nonce),
    FIELD_ARRAY(struct control_prove, signature),
    FIELDS_END,
};
static const struct field proven_fields[] = {FIELD_ARRAY(struct control_proven, signature), FIELDS_END};
static const struct field no_fields[] = {FIELDS_END};

static const struct field *const messages[] = {
    [CONTROL_HOUSE_KEY] = house_key_fields, [CONTROL_REVOKE_SEAT] = revoke_seat_fields,
    [CONTROL_END_ROOM] = end_room_fields,   [CONTROL_DRAIN] = no_fields,
    [CONTROL_LOAD] = load_fields,           [CONTROL_RELAY_IS] = relay_is_fields,
    [CONTROL_GREET] = greet_fields,         [CONTROL_PROVE] = prove_fields,
    [CONTROL_PROVEN] = proven_fields,
};

/* All members of the union begin where it begins. */
enum { BODY = offsetof(struct control, house_key) };

enum result control_read(struct bytes message, struct control *out)
{
    struct reader r = reader_on(message);
    struct control c;
    uint8_t type;
    enum result res;

    memset(&c, 0, sizeof c);
    type = reader_u8(&r);
    c.type = (enum control_type)type;
    res = fields_read_body(&r, FIELD_TYPES(messages), type, (uint8_t *)&c + BODY);
    if (res == OK)
        *out = c;
    return res;
}

enum result control_write(const struct control *c, struct bytes_mut to, struct bytes *out)
{
    struct writer w = writer_on(to);

    writer_u8(&w, (uint8_t)c->type);
    fields_write_body(&w, FIELD_TYPES(messages), (unsigned)c->type, (const uint8_t *)c + BODY);
    return writer_end(&w, out);
}
