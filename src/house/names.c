#include "house/names.h"
#include "base/text.h"

#include <stdlib.h>

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uset.h>
#include <unicode/uspoof.h>
#include <unicode/ustring.h>

enum {
    UNITS = 1024,       /* of UTF-16; a title or a skeleton never comes near */
    MARKS_TOGETHER = 4, /* that real orthographies stack */
    BEFORE_JOINER = 0x200c,
    JOINER = 0x200d,
    VARIATION_FIRST = 0xfe00,
    VARIATION_LAST = 0xfe0f,
};

struct names {
    USpoofChecker *checker;
    USet *allowed;
    const UNormalizer2 *nfc; /* ICU's own, never freed */
};

enum result names_new(struct names **out)
{
    struct names *n = calloc(1, sizeof *n);
    UErrorCode status = U_ZERO_ERROR;

    if (n == NULL)
        return E_NO_MEMORY;
    n->nfc = unorm2_getNFCInstance(&status);
    n->checker = uspoof_open(&status);
    if (U_SUCCESS(status))
        n->allowed = uset_cloneAsThawed(uspoof_getRecommendedSet(&status));
    if (n->allowed != NULL) {
        uset_add(n->allowed, '.');
        uset_add(n->allowed, '_');
        uset_add(n->allowed, '-');
        uspoof_setChecks(n->checker,
                         USPOOF_RESTRICTION_LEVEL | USPOOF_INVISIBLE | USPOOF_MIXED_NUMBERS |
                             USPOOF_CHAR_LIMIT | USPOOF_HIDDEN_OVERLAY,
                         &status);
        uspoof_setAllowedChars(n->checker, n->allowed, &status);
        uspoof_setRestrictionLevel(n->checker, USPOOF_HIGHLY_RESTRICTIVE);
    }
    if (U_FAILURE(status) || n->allowed == NULL) {
        names_free(n);
        return E_NO_MEMORY;
    }
    *out = n;
    return OK;
}

void names_free(struct names *n)
{
    if (n == NULL)
        return;
    if (n->checker != NULL)
        uspoof_close(n->checker);
    if (n->allowed != NULL)
        uset_close(n->allowed);
    free(n);
}

/* The length rule, for both kinds of name, on what will be stored. */
static enum result measure(struct bytes name, size_t most_points, size_t most_bytes, const char **why)
{
    size_t points = 0;
    uint32_t code;

    if (name.len == 0) {
        *why = "a name needs at least one character";
        return E_REFUSED;
    }
    if (name.len > most_bytes) {
        *why = "the name is too long";
        return E_TOO_LARGE;
    }
    for (; name.len != 0; points++) {
        if (text_utf8_next(&name, &code) != OK) {
            *why = "the name is not UTF-8";
            return E_MALFORMED;
        }
    }
    if (points > most_points) {
        *why = "the name has too many characters";
        return E_TOO_LARGE;
    }
    return OK;
}

static enum result to_units(struct bytes name, UChar units[UNITS], int32_t *used)
{
    UErrorCode status = U_ZERO_ERROR;

    u_strFromUTF8(units, UNITS, used, (const char *)name.at, (int32_t)name.len, &status);
    return U_SUCCESS(status) && *used < UNITS ? OK : E_TOO_LARGE;
}

static enum result to_bytes(const UChar *units, int32_t used, struct bytes_mut room, struct bytes *out)
{
    UErrorCode status = U_ZERO_ERROR;
    int32_t written = 0;

    u_strToUTF8((char *)room.at, (int32_t)room.len, &written, units, used, &status);
    if (U_FAILURE(status))
        return E_TOO_LARGE;
    *out = bytes(room.at, (size_t)written);
    return OK;
}

static bool is_handle_character(uint32_t code, bool is_first)
{
    if (code < 0x80) {
        bool is_letter = (code >= 'a' && code <= 'z') || (code >= '0' && code <= '9');

        return is_letter || (!is_first && (code == '.' || code == '_' || code == '-'));
    }
    switch (u_charType((UChar32)code)) {
    case U_LOWERCASE_LETTER:
    case U_OTHER_LETTER:
    case U_DECIMAL_DIGIT_NUMBER:
        return true;
    case U_MODIFIER_LETTER:
    case U_NON_SPACING_MARK:
    case U_COMBINING_SPACING_MARK:
        return !is_first;
    default:
        return false;
    }
}

static enum result handle_characters(struct bytes handle, const char **why)
{
    bool is_first = true;

    while (handle.len != 0) {
        uint32_t code;

        if (text_utf8_next(&handle, &code) != OK)
            return E_MALFORMED;
        if (u_isupper((UChar32)code) || u_istitle((UChar32)code)) {
            *why = "a handle is written in lower case";
            return E_REFUSED;
        }
        if (!is_handle_character(code, is_first)) {
            *why = "a handle has letters, digits and . _ - and begins with a letter or a digit";
            return E_REFUSED;
        }
        is_first = false;
    }
    return OK;
}

enum result names_handle(const struct names *n, struct bytes handle, struct bytes_mut room,
                         struct bytes *skeleton, const char **why)
{
    UChar units[UNITS], bones[UNITS];
    int32_t used = 0, bones_used;
    UErrorCode status = U_ZERO_ERROR;
    enum result res = measure(handle, HANDLE_POINTS, HANDLE_BYTES, why);

    if (res == OK)
        res = handle_characters(handle, why);
    if (res != OK)
        return res;
    *why = "the handle is too long";
    res = to_units(handle, units, &used);
    if (res != OK)
        return res;

    if (!unorm2_isNormalized(n->nfc, units, used, &status)) {
        *why = "the handle is not in Unicode's composed form (NFC)";
        return U_SUCCESS(status) ? E_REFUSED : E_NO_MEMORY;
    }
    if (uspoof_check(n->checker, units, used, NULL, &status) != 0) {
        *why = "the handle mixes scripts, or has characters, that could pass for others";
        return U_SUCCESS(status) ? E_REFUSED : E_NO_MEMORY;
    }
    bones_used = uspoof_getSkeleton(n->checker, 0, units, used, bones, UNITS, &status);
    if (U_FAILURE(status)) {
        *why = "the handle cannot be judged";
        return E_NO_MEMORY;
    }
    return to_bytes(bones, bones_used, room, skeleton);
}

static bool is_joiner(uint32_t code)
{
    return code == BEFORE_JOINER || code == JOINER;
}

/* Neither seen nor a blank: what turns, breaks or hides text, and what has no meaning that all share. */
static bool is_unseen(uint32_t code)
{
    if (code >= VARIATION_FIRST && code <= VARIATION_LAST)
        return false;
    switch (u_charType((UChar32)code)) {
    case U_CONTROL_CHAR:
    case U_FORMAT_CHAR:
    case U_LINE_SEPARATOR:
    case U_PARAGRAPH_SEPARATOR:
    case U_PRIVATE_USE_CHAR:
    case U_SURROGATE:
    case U_UNASSIGNED:
        return true;
    default:
        return u_hasBinaryProperty((UChar32)code, UCHAR_DEFAULT_IGNORABLE_CODE_POINT);
    }
}

static bool is_mark(uint32_t code)
{
    int8_t type = u_charType((UChar32)code);

    return type == U_NON_SPACING_MARK || type == U_ENCLOSING_MARK || type == U_COMBINING_SPACING_MARK;
}

static enum result title_characters(struct bytes title, const char **why)
{
    uint32_t code = ' ', before;
    unsigned marks = 0;

    while (title.len != 0) {
        before = code;
        if (text_utf8_next(&title, &code) != OK)
            return E_MALFORMED;
        if (is_joiner(code)) {
            if (u_isUWhiteSpace((UChar32)before) || is_joiner(before) || title.len == 0) {
                *why = "the title has a joiner that joins nothing";
                return E_REFUSED;
            }
            continue;
        }
        if (is_unseen(code)) {
            *why = "the title has characters that nobody sees";
            return E_REFUSED;
        }
        if (u_isUWhiteSpace((UChar32)code) && (is_joiner(before) || u_isUWhiteSpace((UChar32)before))) {
            *why = "the title begins with a blank, or has two together";
            return E_REFUSED;
        }
        marks = is_mark(code) ? marks + 1 : 0;
        if (marks > MARKS_TOGETHER || (marks == 1 && u_isUWhiteSpace((UChar32)before))) {
            *why = "the title has marks without a character, or too many on one";
            return E_REFUSED;
        }
    }
    if (u_isUWhiteSpace((UChar32)code)) {
        *why = "the title ends with a blank";
        return E_REFUSED;
    }
    return OK;
}

enum result names_title(const struct names *n, struct bytes title, struct bytes_mut room, struct bytes *clean,
                        const char **why)
{
    UChar units[UNITS], composed[UNITS];
    int32_t used = 0, composed_used;
    UErrorCode status = U_ZERO_ERROR;
    struct bytes result;
    enum result res = measure(title, TITLE_POINTS, TITLE_BYTES, why);

    if (res != OK)
        return res;
    *why = "the title is too long";
    res = to_units(title, units, &used);
    if (res != OK)
        return res;
    composed_used = unorm2_normalize(n->nfc, units, used, composed, UNITS, &status);
    if (U_FAILURE(status))
        return E_TOO_LARGE;
    res = to_bytes(composed, composed_used, room, &result);
    if (res != OK)
        return res;
    res = measure(result, TITLE_POINTS, TITLE_BYTES, why);
    if (res == OK)
        res = title_characters(result, why);
    if (res == OK)
        *clean = result;
    return res;
}
