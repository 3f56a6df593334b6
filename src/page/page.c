#include "page/page.h"

#include "page/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_NAME_LEN = 43, POLICY_SIZE = 512 };

/* Where the app has a place of its own, beside the rooms. */
static const char *const places[] = {"/", "/new", "/me"};

static const struct page_file *file_at(struct bytes path)
{
    for (size_t i = 0; i < page_file_count; i++)
        if (!page_files[i].is_document && bytes_equal(path, bytes_string(page_files[i].path)))
            return &page_files[i];
    return NULL;
}

static const struct page_file *document(void)
{
    for (size_t i = 0; i < page_file_count; i++)
        if (page_files[i].is_document)
            return &page_files[i];
    return NULL;
}

/* Whether one of a list's items, which may have a weight behind it, is this word. A weight of zero is not
 * looked for: no browser refuses gzip by it, and who does gets what it can read by asking for nothing. */
static bool lists(struct bytes list, const char *word)
{
    size_t len = strlen(word);

    for (size_t i = 0; i + len <= list.len; i++) {
        bool starts = i == 0 || list.at[i - 1] == ' ' || list.at[i - 1] == ',';
        bool ends = i + len == list.len || strchr(" ,;", list.at[i + len]) != NULL;

        if (starts && ends && memcmp(list.at + i, word, len) == 0)
            return true;
    }
    return false;
}

/* Nothing inline, nothing evaluated but the core's module, nothing from elsewhere, no sink for strings. */
static void policy_write(const struct page_settings *settings, char out[static POLICY_SIZE])
{
    const char *media = settings->media_url != NULL ? settings->media_url(settings->context) : NULL;
    char origin[URL_ORIGIN_SIZE] = "";
    struct url url;

    if (media != NULL && media[0] != '\0' && url_parse(bytes_string(media), &url) == OK)
        url_origin(&url, origin);
    snprintf(out, POLICY_SIZE,
             "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; "
             "img-src 'self'; manifest-src 'self'; connect-src 'self' %s; frame-ancestors 'none'; "
             "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; "
             "trusted-types teahouse",
             origin);
}

static void answer(const struct page_settings *settings, const struct page_file *file,
                   const struct http_request *request, struct http_turn turn)
{
    char policy[POLICY_SIZE];
    bool packed =
        file->gzip.len < file->plain.len && lists(http_header(request->head, "Accept-Encoding"), "gzip");
    struct http_reply reply = {
        .status = 200,
        .type = file->type,
        .body = packed ? file->gzip : file->plain,
        .encoding = packed ? "gzip" : NULL,
        .varies = true,
        .etag = bytes_string(file->etag),
        .cache =
            file->named_by_hash ? BYTES_TEXT("public, max-age=31536000, immutable") : BYTES_TEXT("no-cache"),
        .policy = policy,
    };

    policy_write(settings, policy);
    if (lists(http_header(request->head, "If-None-Match"), file->etag)) {
        reply.status = 304;
        reply.type = reply.encoding = NULL;
        reply.body = (struct bytes){0};
    }
    http_answer(turn, &reply);
}

static void not_found(struct http_turn turn)
{
    http_answer_text(turn, 404, "There is nothing here.");
}

static void on_document(void *context, const struct http_request *request, struct http_turn turn)
{
    const struct page_file *file = document();

    if (file == NULL)
        http_answer_text(turn, 404, "This house was built without its page; native clients can come in.");
    else
        answer(context, file, request, turn);
}

static bool is_room_name(struct bytes text)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    for (size_t i = 0; i < text.len; i++)
        if (memchr(letters, text.at[i], sizeof letters - 1) == NULL)
            return false;
    return text.len == ROOM_NAME_LEN;
}

static void on_room(void *context, const struct http_request *request, struct http_turn turn)
{
    if (is_room_name(request->rest))
        on_document(context, request, turn);
    else
        not_found(turn);
}

static void on_file(void *context, const struct http_request *request, struct http_turn turn)
{
    const struct page_file *file = file_at(request->head->path);

    if (file == NULL)
        not_found(turn);
    else
        answer(context, file, request, turn);
}

static enum result route(struct http_server *server, struct page_settings *settings, const char *path,
                         bool below, void (*handle)(void *, const struct http_request *, struct http_turn))
{
    return http_route_add(
        server, &(struct http_route){
                    .method = "GET", .path = path, .below = below, .handle = handle, .context = settings});
}

enum result page_mount(struct http_server *server, struct page_settings *settings)
{
    enum result res = route(server, settings, "/r/", true, on_room);

    for (size_t i = 0; res == OK && i < sizeof places / sizeof places[0]; i++)
        res = route(server, settings, places[i], false, on_document);
    if (res == OK)
        res = route(server, settings, "/page/", true, on_file);
    /* A service worker reaches no further than its folder, so that it and a few others lie at the top. */
    for (size_t i = 0; res == OK && i < page_file_count; i++)
        if (!page_files[i].is_document && strncmp(page_files[i].path, "/page/", 6) != 0)
            res = route(server, settings, page_files[i].path, false, on_file);
    return res;
}
