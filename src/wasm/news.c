#include "wasm/news.h"

#include "client/inside.h"
#include "client/words.h"
#include "wasm/json.h"

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

static void put_seat(struct json *j, const struct client *s, const struct client_seat *seat)
{
    const struct core_member *member = core_room_member(s->core, seat->leaf);
    char fingerprint[IDENTITY_FINGERPRINT_SIZE] = "";

    if (member == NULL)
        return;
    json_open_object(j, NULL);
    json_number(j, "leaf", seat->leaf);
    json_name(j, "handle", bytes_string(seat->handle));
    json_hex(j, "account", BYTES_OF(member->account));
    json_hex(j, "key", BYTES_OF(member->key));
    if (member->bound && identity_fingerprint(member->account, fingerprint) == OK)
        json_word(j, "fingerprint", fingerprint);
    json_truth(j, "bound", member->bound);
    json_truth(j, "self", member->self);
    json_truth(j, "moderator", member->moderator);
    json_truth(j, "maySpeak", member->may_speak);
    json_truth(j, "speaker", seat->speaker);
    json_truth(j, "muted", core_room_is_muted(s->core, seat->leaf));
    json_word(j, "proof", proofs[seat->proof]);
    json_close_object(j);
}

static void put_roster(struct json *j, const struct client *s)
{
    const struct client_seat *seats;
    size_t count = client_roster(s, &seats);

    json_open_list(j, "seats");
    for (size_t i = 0; i < count; i++)
        put_seat(j, s, &seats[i]);
    json_close_list(j);
}

static void put_epoch(struct json *j, const struct client *s, uint64_t epoch)
{
    struct bytes authenticator = core_room_authenticator(s->core);
    char words[WORDS_SIZE];

    words_say(authenticator, words);
    json_number(j, "epoch", epoch);
    json_hex(j, "authenticator", authenticator);
    json_word(j, "words", words);
}

static void put_particulars(struct json *j, const struct client *s, const struct client_news *news)
{
    switch (news->kind) {
    case NEWS_SEATED:
        json_name(j, "title", news->title);
        json_number(j, "leaf", news->leaf);
        break;
    case NEWS_ROSTER:
        put_roster(j, s);
        break;
    case NEWS_EPOCH:
        put_epoch(j, s, news->epoch);
        break;
    case NEWS_STAGE:
        json_truth(j, "on", news->on);
        break;
    case NEWS_CHAT:
        json_text(j, "text", news->text);
        json_number(j, "leaf", news->leaf);
        json_name(j, "handle", news->handle);
        break;
    case NEWS_HAND:
    case NEWS_MUTED:
    case NEWS_HEARD:
        json_truth(j, "on", news->on);
        json_number(j, "leaf", news->leaf);
        json_name(j, "handle", news->handle);
        break;
    case NEWS_WISH:
        json_number(j, "number", news->number);
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
    struct json j = json_on(to);

    json_open_object(&j, NULL);
    json_word(&j, "event", events[news->kind]);
    put_particulars(&j, s, news);
    if (news->what != NULL)
        json_word(&j, "what", news->what);
    if (news->why != OK)
        json_word(&j, "why", result_text(news->why));
    json_close_object(&j);
    return json_end(&j, out);
}
