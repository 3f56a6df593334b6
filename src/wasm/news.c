#include "wasm/news.h"

#include "base/text.h"
#include "base/writer.h"
#include "client/inside.h"

static const char *const events[] = {
    [NEWS_SEATED] = "seated", [NEWS_ROSTER] = "roster", [NEWS_EPOCH] = "epoch", [NEWS_STAGE] = "stage",
    [NEWS_HEARD] = "heard",   [NEWS_CHAT] = "chat",     [NEWS_HAND] = "hand",   [NEWS_MUTED] = "muted",
    [NEWS_ENDED] = "ended",   [NEWS_KICKED] = "kicked", [NEWS_ALARM] = "alarm", [NEWS_WISH] = "wish",
    [NEWS_OVER] = "over",
};

static const char *const proofs[] = {
    [CLIENT_UNHEARD] = "unheard",
    [CLIENT_PROVEN] = "proven",
    [CLIENT_UNPROVEN] = "unproven",
    [CLIENT_FORGED] = "forged",
};

/* --- JSON --- */

struct json {
    struct writer to;
    bool first; /* of an object or a list: no comma comes before it */
};

static void put(struct json *j, const char *text)
{
    writer_put(&j->to, bytes_string(text));
}

static void separate(struct json *j)
{
    if (!j->first)
        put(j, ",");
    j->first = false;
}

static void begin(struct json *j, const char *bracket)
{
    put(j, bracket);
    j->first = true;
}

static void end(struct json *j, const char *bracket)
{
    put(j, bracket);
    j->first = false;
}

static void put_key(struct json *j, const char *key)
{
    separate(j);
    put(j, "\"");
    put(j, key);
    put(j, "\":");
}

/* UTF-8 goes as it is; what JSON does not allow in a string is escaped. */
static void put_text(struct json *j, const char *key, struct bytes text)
{
    static const char digits[] = "0123456789abcdef";

    put_key(j, key);
    put(j, "\"");
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];

        if (c < 0x20) {
            put(j, "\\u00");
            writer_u8(&j->to, (uint8_t)digits[c >> 4]);
            writer_u8(&j->to, (uint8_t)digits[c & 15]);
            continue;
        }
        if (c == '"' || c == '\\')
            put(j, "\\");
        writer_u8(&j->to, c);
    }
    put(j, "\"");
}

static void put_hex(struct json *j, const char *key, struct bytes value)
{
    char hex[65];

    text_hex(value, hex);
    put_text(j, key, bytes(hex, 2 * value.len));
}

static void put_number(struct json *j, const char *key, uint64_t value)
{
    char digits[24];
    size_t at = sizeof digits;

    do
        digits[--at] = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    put_key(j, key);
    writer_put(&j->to, bytes(digits + at, sizeof digits - at));
}

static void put_truth(struct json *j, const char *key, bool value)
{
    put_key(j, key);
    put(j, value ? "true" : "false");
}

/* --- News --- */

static void put_seat(struct json *j, const struct client *s, const struct client_seat *seat)
{
    const struct core_member *member = core_room_member(s->core, seat->leaf);

    if (member == NULL)
        return;
    separate(j);
    begin(j, "{");
    put_number(j, "leaf", seat->leaf);
    put_text(j, "handle", bytes_string(seat->handle));
    put_hex(j, "account", BYTES_OF(member->account));
    put_hex(j, "key", BYTES_OF(member->key));
    put_truth(j, "bound", member->bound);
    put_truth(j, "self", member->self);
    put_truth(j, "moderator", member->moderator);
    put_truth(j, "maySpeak", member->may_speak);
    put_truth(j, "speaker", seat->speaker);
    put_truth(j, "muted", core_room_is_muted(s->core, seat->leaf));
    put_text(j, "proof", bytes_string(proofs[seat->proof]));
    end(j, "}");
}

static void put_roster(struct json *j, const struct client *s)
{
    const struct client_seat *seats;
    size_t count = client_roster(s, &seats);

    put_key(j, "seats");
    begin(j, "[");
    for (size_t i = 0; i < count; i++)
        put_seat(j, s, &seats[i]);
    end(j, "]");
}

static void put_particulars(struct json *j, const struct client *s, const struct client_news *news)
{
    switch (news->kind) {
    case NEWS_SEATED:
        put_text(j, "title", news->title);
        put_number(j, "leaf", news->leaf);
        break;
    case NEWS_ROSTER:
        put_roster(j, s);
        break;
    case NEWS_EPOCH:
        put_number(j, "epoch", news->epoch);
        put_hex(j, "authenticator", core_room_authenticator(s->core));
        break;
    case NEWS_STAGE:
        put_truth(j, "on", news->on);
        break;
    case NEWS_CHAT:
        put_text(j, "text", news->text);
        put_number(j, "leaf", news->leaf);
        put_text(j, "handle", news->handle);
        break;
    case NEWS_HAND:
    case NEWS_MUTED:
    case NEWS_HEARD:
        put_truth(j, "on", news->on);
        put_number(j, "leaf", news->leaf);
        put_text(j, "handle", news->handle);
        break;
    case NEWS_WISH:
        put_number(j, "number", news->number);
        break;
    case NEWS_ENDED:
    case NEWS_KICKED:
    case NEWS_ALARM:
    case NEWS_OVER:
        break;
    }
}

enum result news_write(const struct client *s, const struct client_news *news, struct bytes_mut to,
                       struct bytes *out)
{
    struct json j = {writer_on(to), true};

    begin(&j, "{");
    put_text(&j, "event", bytes_string(events[news->kind]));
    put_particulars(&j, s, news);
    if (news->what != NULL)
        put_text(&j, "what", bytes_string(news->what));
    if (news->why != OK)
        put_text(&j, "why", bytes_string(result_text(news->why)));
    end(&j, "}");
    return writer_end(&j.to, out) == OK ? OK : E_TOO_LARGE;
}
