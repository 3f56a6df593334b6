#include "io/http_connection.h"

#include <stdlib.h>
#include <string.h>

bool http_origin_allowed(const struct http_server *server, const struct http_head *head)
{
    struct bytes origin = http_header(head, "Origin");

    if (http_header_count(head, "Origin") == 0)
        return true;
    for (unsigned i = 0; i < server->origin_count; i++)
        if (bytes_equal(origin, bytes_string(server->origins[i])))
            return true;
    return false;
}

static bool path_matches(const struct http_route *route, struct bytes path, struct bytes *rest)
{
    struct bytes start = bytes_string(route->path);

    *rest = (struct bytes){0};
    if (!route->below)
        return bytes_equal(start, path);
    if (path.len <= start.len || memcmp(path.at, start.at, start.len) != 0)
        return false;
    *rest = bytes(path.at + start.len, path.len - start.len);
    return memchr(rest->at, '/', rest->len) == NULL;
}

static bool method_matches(const struct http_route *route, struct bytes method)
{
    return bytes_equal(bytes_string(route->method), method) ||
           (bytes_equal(method, BYTES_TEXT("HEAD")) && strcmp(route->method, "GET") == 0);
}

void http_entries_allow(const struct http_server *server, struct bytes path, char allow[static ALLOW_SIZE])
{
    struct bytes rest;
    size_t used = 0;

    allow[0] = 0;
    for (const struct http_entry *r = server->routes; r != NULL; r = r->next) {
        const char *head = strcmp(r->is.method, "GET") == 0 ? ", HEAD" : "";
        size_t len = strlen(r->is.method) + strlen(head) + 2;

        if (!path_matches(&r->is, path, &rest) || used + len + sizeof "OPTIONS" > ALLOW_SIZE)
            continue;
        memcpy(allow + used, r->is.method, strlen(r->is.method));
        memcpy(allow + used + strlen(r->is.method), head, strlen(head));
        memcpy(allow + used + len - 2, ", ", 2);
        used += len;
    }
    if (used != 0)
        memcpy(allow + used, "OPTIONS", sizeof "OPTIONS");
}

const struct http_entry *http_entry_find(const struct http_server *server, const struct http_head *head,
                                         struct bytes *rest)
{
    for (const struct http_entry *r = server->routes; r != NULL; r = r->next)
        if (method_matches(&r->is, head->method) && path_matches(&r->is, head->path, rest))
            return r;
    return NULL;
}

enum result http_route_add_owned(struct http_server *server, const struct http_route *is, void *owned)
{
    struct http_entry **last = &server->routes;
    struct http_entry *route = NULL;
    enum result res = E_EXISTS;

    for (; *last != NULL; last = &(*last)->next)
        if (strcmp((*last)->is.method, is->method) == 0 && strcmp((*last)->is.path, is->path) == 0 &&
            (*last)->is.below == is->below)
            goto out;
    res = E_NO_MEMORY;
    route = calloc(1, sizeof *route);
    if (route == NULL)
        goto out;
    *route = (struct http_entry){.is = *is, .owned = owned};
    *last = route;
    return OK;
out:
    free(owned);
    return res;
}

enum result http_route_add(struct http_server *server, const struct http_route *route)
{
    return http_route_add_owned(server, route, NULL);
}
