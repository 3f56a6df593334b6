#include "cli/line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

/* U+202E, a line break, a zero, an escape, a bicycle (astral), a tag character (astral, unseen), a quote. */
static const char hostile[] = "a\xe2\x80\xae\n\0\x1b[2J \xf0\x9f\x9a\xb2 \xf3\xa0\x80\x81\"\\b";
static const struct bytes hostile_bytes = {(const uint8_t *)hostile, sizeof hostile - 1};

static char *printed(struct line *line)
{
    static char text[4096];
    FILE *file = tmpfile();
    size_t n;

    assert_non_null(file);
    assert_int_equal(line_print(line, file), OK);
    rewind(file);
    n = fread(text, 1, sizeof text - 1, file);
    text[n] = '\0';
    fclose(file);
    return text;
}

static void fields_in_json(void **state)
{
    struct line line;

    (void)state;
    line_start(&line, true);
    line_text(&line, "event", BYTES_TEXT("heard"));
    line_number(&line, "ms", 212);
    line_number(&line, "least", INT64_MIN);
    line_list(&line, "speakers");
    line_item(&line, BYTES_TEXT("amy"));
    line_item(&line, BYTES_TEXT("bo"));
    line_list_end(&line);
    line_list(&line, "listeners");
    line_list_end(&line);
    assert_string_equal(printed(&line), "{\"event\":\"heard\",\"ms\":212,\"least\":-9223372036854775808,"
                                        "\"speakers\":[\"amy\",\"bo\"],\"listeners\":[]}\n");
    line_start(&line, true);
    assert_string_equal(printed(&line), "{}\n");
}

static void fields_as_text(void **state)
{
    struct line line;

    (void)state;
    line_start(&line, false);
    line_text(&line, "event", BYTES_TEXT("heard"));
    line_number(&line, "ms", 212);
    line_list(&line, "speakers");
    line_item(&line, BYTES_TEXT("amy"));
    line_item(&line, BYTES_TEXT("bo"));
    line_list_end(&line);
    line_list(&line, "listeners");
    line_list_end(&line);
    assert_string_equal(printed(&line), "event heard  ms 212  speakers amy, bo  listeners nobody\n");
}

static void g54_json_comes_back_and_moves_nobody(void **state)
{
    struct line line;
    struct json_object *object, *title;
    char *text;

    (void)state;
    line_start(&line, true);
    line_text(&line, "title", hostile_bytes);
    text = printed(&line);
    assert_non_null(strstr(text, "\\u202e"));
    assert_non_null(strstr(text, "\xf0\x9f\x9a\xb2"));
    assert_non_null(strstr(text, "\\udb40\\udc01"));
    assert_null(strpbrk(text, "\x1b"));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);

    object = json_tokener_parse(text);
    assert_non_null(object);
    assert_true(json_object_object_get_ex(object, "title", &title));
    assert_int_equal(json_object_get_string_len(title), hostile_bytes.len);
    assert_memory_equal(json_object_get_string(title), hostile_bytes.at, hostile_bytes.len);
    json_object_put(object);
}

static void g54_text_moves_nobody(void **state)
{
    struct line line;

    (void)state;
    line_start(&line, false);
    line_text(&line, "title", hostile_bytes);
    assert_string_equal(printed(&line), "title a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd[2J "
                                        "\xf0\x9f\x9a\xb2 \xef\xbf\xbd\"\\b\n");
}

static void no_utf8_is_marked(void **state)
{
    struct line line;

    (void)state;
    line_start(&line, true);
    line_text(&line, "title", BYTES_TEXT("a\xff\xe2\x80"));
    assert_string_equal(printed(&line), "{\"title\":\"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"}\n");
}

static void a_line_that_does_not_fit_is_not_printed(void **state)
{
    static uint8_t much[LINE_ROOM];
    struct line line;
    FILE *file = tmpfile();

    (void)state;
    assert_non_null(file);
    memset(much, 'x', sizeof much);
    line_start(&line, true);
    line_text(&line, "title", BYTES_OF(much));
    assert_int_equal(line_print(&line, file), E_TOO_LARGE);
    assert_int_equal(ftell(file), 0);
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_in_json),
        cmocka_unit_test(fields_as_text),
        cmocka_unit_test(g54_json_comes_back_and_moves_nobody),
        cmocka_unit_test(g54_text_moves_nobody),
        cmocka_unit_test(no_utf8_is_marked),
        cmocka_unit_test(a_line_that_does_not_fit_is_not_printed),
    };

    return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
