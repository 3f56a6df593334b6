#include "wire/signal.h"

#include "wire/charter.h"
#include "wire/fields.h"
#include "wire/statement.h"

#include <string.h>

enum { LIST_BYTES = 64 * 1024, JOINERS_BYTES = 128 * 1024, GROUP_ID_BYTES = 64 };

/* Items of lists. */

static const struct field room_item[] = {
    FIELD_ARRAY(struct signal_room, room),
    FIELD_BYTES(struct signal_room, title, 1, TITLE_BYTES),
    FIELD_NUMBER(struct signal_room, speakers, 16),
    FIELD_NUMBER(struct signal_room, listeners, 16),
    FIELDS_END,
};
static const struct field seat_item[] = {
    FIELD_NUMBER(struct signal_seat, leaf, 32),
    FIELD_NUMBER(struct signal_seat, role, 8),
    FIELD_ARRAY(struct signal_seat, account),
    FIELD_BYTES(struct signal_seat, handle, 0, HANDLE_BYTES),
    FIELDS_END,
};
static const struct field joiner_item[] = {
    FIELD_NUMBER(struct signal_joiner, waiting, 32),
    FIELD_BYTES(struct signal_joiner, key_package, 1, KEY_PACKAGE_BYTES),
    FIELD_NUMBER(struct signal_joiner, replaces, 32),
    FIELD_ARRAY(struct signal_joiner, replaces_signature),
    FIELDS_END,
};
static const struct field lost_item[] = {
    FIELD_NUMBER(struct signal_lost, leaf, 32),
    FIELD_ARRAY(struct signal_lost, signature),
    FIELDS_END,
};
static const struct field placed_item[] = {
    FIELD_NUMBER(struct signal_placed, waiting, 32),
    FIELD_NUMBER(struct signal_placed, leaf, 32),
    FIELDS_END,
};
static const struct field gone_item[] = {
    FIELD_NUMBER(struct signal_gone, leaf, 32),
    FIELD_NUMBER(struct signal_gone, why, 8),
    FIELDS_END,
};
static const struct field moved_item[] = {
    FIELD_NUMBER(struct signal_moved, leaf, 32),
    FIELD_NUMBER(struct signal_moved, role, 8),
    FIELDS_END,
};

/* Messages. */

static const struct field challenge_fields[] = {
    FIELD_ARRAY(struct signal_challenge, house),
    FIELD_ARRAY(struct signal_challenge, nonce),
    FIELDS_END,
};
static const struct field sign_up_fields[] = {
    FIELD_ARRAY(struct signal_sign_up, account),
    FIELD_BYTES(struct signal_sign_up, handle, 1, HANDLE_BYTES),
    FIELD_ARRAY(struct signal_sign_up, signature),
    FIELDS_END,
};
static const struct field sign_in_fields[] = {
    FIELD_ARRAY(struct signal_sign_in, account),
    FIELD_ARRAY(struct signal_sign_in, signature),
    FIELDS_END,
};
static const struct field signed_in_fields[] = {
    FIELD_BYTES(struct signal_signed_in, handle, 1, HANDLE_BYTES),
    FIELDS_END,
};
static const struct field refused_fields[] = {
    FIELD_NUMBER(struct signal_refused, reason, 16),
    FIELD_BYTES(struct signal_refused, text, 0, REASON_BYTES),
    FIELDS_END,
};
static const struct field room_new_fields[] = {
    FIELD_BYTES(struct signal_room_new, charter, 1, CHARTER_BYTES),
    FIELD_ARRAY(struct signal_room_new, signature),
    FIELD_BYTES(struct signal_room_new, title, 1, TITLE_BYTES),
    FIELDS_END,
};
static const struct field room_list_fields[] = {
    FIELD_ARRAY(struct signal_room_list, after),
    FIELDS_END,
};
static const struct field rooms_fields[] = {
    FIELD_ITEMS(struct signal_rooms, rooms, LIST_BYTES, room_item),
    FIELDS_END,
};
static const struct field room_show_fields[] = {
    FIELD_ARRAY(struct signal_room_show, room),
    FIELDS_END,
};
static const struct field room_is_fields[] = {
    FIELD_ARRAY(struct signal_room_is, room),
    FIELD_BYTES(struct signal_room_is, charter, 1, CHARTER_BYTES),
    FIELD_ARRAY(struct signal_room_is, signature),
    FIELD_BYTES(struct signal_room_is, title, 1, TITLE_BYTES),
    FIELD_ITEMS(struct signal_room_is, seats, LIST_BYTES, seat_item),
    FIELDS_END,
};
static const struct field room_end_fields[] = {
    FIELD_ARRAY(struct signal_room_end, room),
    FIELD_ARRAY(struct signal_room_end, signature),
    FIELDS_END,
};
static const struct field room_ended_fields[] = {
    FIELD_ARRAY(struct signal_room_ended, room),
    FIELDS_END,
};
static const struct field enter_fields[] = {
    FIELD_ARRAY(struct signal_enter, room),
    FIELD_NUMBER(struct signal_enter, role, 8),
    FIELD_BYTES(struct signal_enter, key_package, 1, KEY_PACKAGE_BYTES),
    FIELD_ARRAY(struct signal_enter, fingerprint),
    FIELD_BYTES(struct signal_enter, pseudonym, 0, HANDLE_BYTES),
    FIELD_NUMBER(struct signal_enter, replaces, 32),
    FIELD_ARRAY(struct signal_enter, replaces_signature),
    FIELDS_END,
};
static const struct field found_table_fields[] = {
    FIELD_ARRAY(struct signal_found_table, room),
    FIELD_NUMBER(struct signal_found_table, table, 16),
    FIELD_NUMBER(struct signal_found_table, founding, 32),
    FIELD_BYTES(struct signal_found_table, charter, 1, CHARTER_BYTES),
    FIELD_ARRAY(struct signal_found_table, signature),
    FIELD_BYTES(struct signal_found_table, words, 0, STATEMENTS_BYTES),
    FIELDS_END,
};
static const struct field founded_fields[] = {
    FIELD_ARRAY(struct signal_founded, room),
    FIELD_NUMBER(struct signal_founded, table, 16),
    FIELD_NUMBER(struct signal_founded, founding, 32),
    FIELD_BYTES(struct signal_founded, group_id, 1, GROUP_ID_BYTES),
    FIELDS_END,
};
static const struct field seated_fields[] = {
    FIELD_ARRAY(struct signal_seated, room),
    FIELD_NUMBER(struct signal_seated, table, 16),
    FIELD_NUMBER(struct signal_seated, epoch, 64),
    FIELD_NUMBER(struct signal_seated, leaf, 32),
    FIELD_BYTES(struct signal_seated, title, 1, TITLE_BYTES),
    FIELD_BYTES(struct signal_seated, welcome, 0, WELCOME_BYTES),
    FIELD_BYTES(struct signal_seated, tree, 0, TREE_BYTES),
    FIELD_ITEMS(struct signal_seated, seats, LIST_BYTES, seat_item),
    FIELD_BYTES(struct signal_seated, media_url, 1, URL_BYTES),
    FIELD_BYTES(struct signal_seated, ticket, 1, TICKET_BYTES),
    FIELDS_END,
};
static const struct field ticket_new_fields[] = {
    FIELD_ARRAY(struct signal_ticket_new, room),
    FIELDS_END,
};
static const struct field ticket_fields[] = {
    FIELD_ARRAY(struct signal_ticket, room),
    FIELD_BYTES(struct signal_ticket, ticket, 1, TICKET_BYTES),
    FIELDS_END,
};
static const struct field leave_fields[] = {
    FIELD_ARRAY(struct signal_leave, room),
    FIELDS_END,
};
static const struct field waiting_fields[] = {
    FIELD_ARRAY(struct signal_waiting, room),
    FIELD_NUMBER(struct signal_waiting, table, 16),
    FIELD_NUMBER(struct signal_waiting, epoch, 64),
    FIELD_BYTES(struct signal_waiting, group_id, 1, GROUP_ID_BYTES),
    FIELD_ITEMS(struct signal_waiting, joiners, JOINERS_BYTES, joiner_item),
    FIELD_ITEMS(struct signal_waiting, lost, LIST_BYTES, lost_item),
    FIELDS_END,
};
static const struct field commit_fields[] = {
    FIELD_ARRAY(struct signal_commit, room),
    FIELD_NUMBER(struct signal_commit, table, 16),
    FIELD_NUMBER(struct signal_commit, epoch, 64),
    FIELD_BYTES(struct signal_commit, commit, 1, COMMIT_BYTES),
    FIELD_BYTES(struct signal_commit, welcome, 0, WELCOME_BYTES),
    FIELD_BYTES(struct signal_commit, tree, 0, TREE_BYTES),
    FIELD_ITEMS(struct signal_commit, seated, LIST_BYTES, placed_item),
    FIELD_ITEMS(struct signal_commit, removed, LIST_BYTES, gone_item),
    FIELD_ITEMS(struct signal_commit, roles, LIST_BYTES, moved_item),
    FIELD_BYTES(struct signal_commit, words, 0, STATEMENTS_BYTES),
    FIELDS_END,
};
static const struct field handshake_fields[] = {
    FIELD_ARRAY(struct signal_handshake, room),
    FIELD_NUMBER(struct signal_handshake, table, 16),
    FIELD_NUMBER(struct signal_handshake, epoch, 64),
    FIELD_BYTES(struct signal_handshake, commit, 1, COMMIT_BYTES),
    FIELD_ITEMS(struct signal_handshake, seated, LIST_BYTES, seat_item),
    FIELD_ITEMS(struct signal_handshake, removed, LIST_BYTES, gone_item),
    FIELD_ITEMS(struct signal_handshake, roles, LIST_BYTES, moved_item),
    FIELDS_END,
};
static const struct field follow_fields[] = {
    FIELD_BYTES(struct signal_follow, handle, 1, HANDLE_BYTES),
    FIELDS_END,
};
static const struct field admit_fields[] = {
    FIELD_ARRAY(struct signal_admit, room),
    FIELD_BYTES(struct signal_admit, handle, 1, HANDLE_BYTES),
    FIELDS_END,
};
static const struct field admitted_fields[] = {
    FIELD_ARRAY(struct signal_admitted, room),
    FIELD_ARRAY(struct signal_admitted, account),
    FIELDS_END,
};
static const struct field seat_ended_fields[] = {
    FIELD_ARRAY(struct signal_seat_ended, room),
    FIELD_NUMBER(struct signal_seat_ended, why, 8),
    FIELDS_END,
};
static const struct field catch_up_fields[] = {
    FIELD_ARRAY(struct signal_catch_up, room),
    FIELD_NUMBER(struct signal_catch_up, table, 16),
    FIELD_NUMBER(struct signal_catch_up, leaf, 32),
    FIELD_NUMBER(struct signal_catch_up, epoch, 64),
    FIELDS_END,
};
static const struct field answer_fields[] = {
    FIELD_ARRAY(struct signal_answer, room),
    FIELD_NUMBER(struct signal_answer, table, 16),
    FIELD_NUMBER(struct signal_answer, epoch, 64),
    FIELD_ARRAY(struct signal_answer, value),
    FIELDS_END,
};
static const struct field say_fields[] = {
    FIELD_ARRAY(struct signal_say, room),
    FIELD_NUMBER(struct signal_say, table, 16),
    FIELD_NUMBER(struct signal_say, epoch, 64),
    FIELD_BYTES(struct signal_say, message, 1, SAY_BYTES),
    FIELDS_END,
};
static const struct field no_fields[] = {FIELDS_END};

/* The table of messages: what follows type and request. */
static const struct field *const messages[] = {
    [SIGNAL_CHALLENGE] = challenge_fields,
    [SIGNAL_SIGN_UP] = sign_up_fields,
    [SIGNAL_SIGN_IN] = sign_in_fields,
    [SIGNAL_SIGNED_IN] = signed_in_fields,
    [SIGNAL_DONE] = no_fields,
    [SIGNAL_REFUSED] = refused_fields,
    [SIGNAL_ROOM_NEW] = room_new_fields,
    [SIGNAL_ROOM_LIST] = room_list_fields,
    [SIGNAL_ROOMS] = rooms_fields,
    [SIGNAL_ROOM_SHOW] = room_show_fields,
    [SIGNAL_ROOM_IS] = room_is_fields,
    [SIGNAL_ROOM_END] = room_end_fields,
    [SIGNAL_ROOM_ENDED] = room_ended_fields,
    [SIGNAL_ENTER] = enter_fields,
    [SIGNAL_FOUND_TABLE] = found_table_fields,
    [SIGNAL_FOUNDED] = founded_fields,
    [SIGNAL_SEATED] = seated_fields,
    [SIGNAL_TICKET_NEW] = ticket_new_fields,
    [SIGNAL_TICKET] = ticket_fields,
    [SIGNAL_LEAVE] = leave_fields,
    [SIGNAL_WAITING] = waiting_fields,
    [SIGNAL_COMMIT] = commit_fields,
    [SIGNAL_HANDSHAKE] = handshake_fields,
    [SIGNAL_FOLLOW] = follow_fields,
    [SIGNAL_UNFOLLOW] = follow_fields,
    [SIGNAL_ADMIT] = admit_fields,
    [SIGNAL_ADMITTED] = admitted_fields,
    [SIGNAL_SEAT_ENDED] = seat_ended_fields,
    [SIGNAL_CATCH_UP] = catch_up_fields,
    [SIGNAL_ANSWER] = answer_fields,
    [SIGNAL_SAY] = say_fields,
    [SIGNAL_SAID] = say_fields,
};

/* All members of the union begin where it begins. */
enum { BODY = offsetof(struct signal, challenge) };

enum result signal_read(struct bytes message, struct signal *out)
{
    struct reader r = reader_on(message);
    struct signal s;
    uint8_t type;
    enum result res;

    memset(&s, 0, sizeof s);
    type = reader_u8(&r);
    s.type = (enum signal_type)type;
    s.request = reader_u32(&r);
    res = fields_read_body(&r, FIELD_TYPES(messages), type, (uint8_t *)&s + BODY);
    if (res == OK)
        *out = s;
    return res;
}

enum result signal_write(const struct signal *s, struct bytes_mut to, struct bytes *out)
{
    struct writer w = writer_on(to);

    writer_u8(&w, (uint8_t)s->type);
    writer_u32(&w, s->request);
    fields_write_body(&w, FIELD_TYPES(messages), (unsigned)s->type, (const uint8_t *)s + BODY);
    return writer_end(&w, out);
}

bool signal_room_next(struct bytes *list, struct signal_room *out)
{
    return fields_next(list, room_item, out);
}

bool signal_seat_next(struct bytes *list, struct signal_seat *out)
{
    return fields_next(list, seat_item, out);
}

bool signal_joiner_next(struct bytes *list, struct signal_joiner *out)
{
    return fields_next(list, joiner_item, out);
}

bool signal_lost_next(struct bytes *list, struct signal_lost *out)
{
    return fields_next(list, lost_item, out);
}

bool signal_placed_next(struct bytes *list, struct signal_placed *out)
{
    return fields_next(list, placed_item, out);
}

bool signal_gone_next(struct bytes *list, struct signal_gone *out)
{
    return fields_next(list, gone_item, out);
}

bool signal_moved_next(struct bytes *list, struct signal_moved *out)
{
    return fields_next(list, moved_item, out);
}

void signal_room_put(struct writer *w, const struct signal_room *item)
{
    fields_write(w, room_item, item);
}

void signal_seat_put(struct writer *w, const struct signal_seat *item)
{
    fields_write(w, seat_item, item);
}

void signal_joiner_put(struct writer *w, const struct signal_joiner *item)
{
    fields_write(w, joiner_item, item);
}

void signal_lost_put(struct writer *w, const struct signal_lost *item)
{
    fields_write(w, lost_item, item);
}

void signal_placed_put(struct writer *w, const struct signal_placed *item)
{
    fields_write(w, placed_item, item);
}

void signal_gone_put(struct writer *w, const struct signal_gone *item)
{
    fields_write(w, gone_item, item);
}

void signal_moved_put(struct writer *w, const struct signal_moved *item)
{
    fields_write(w, moved_item, item);
}
