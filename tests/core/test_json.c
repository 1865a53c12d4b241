/* SPDX-License-Identifier: MIT */
/* JSON: what RFC 8259 allows and nothing else. */
#include "expect.h"

#include <locale.h>
#include <stdio.h>

#include "vernal/io.h"

static const char *formatted(vn_tree *tree) { return vn_string_value(vn_json_format(tree)); }

Test(json, values_are_read_and_written_again)
{
    static const char *const texts[] = {
        "null", "true", "false", "0", "-1", "9223372036854775807", "-9223372036854775808",
        "0.5", "-0.0", "1e-07", "1.5e+300", "1e+16", "\"\"", "\"a \\\"b\\\" \\\\ \\n\\u0001\"",
        "[]", "[1, 2.0, \"x\", [null]]", "{}", "{\"a\": 1, \"b\": {\"c\": [true]}}",
        "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        expect_text(formatted(vn_json_parse(texts[i])), texts[i]);
    expect_ok();
    expect_no_leak();
}

Test(json, spellings_mean_the_same)
{
    static const char *const rows[][2] = {
        { " \t\r\n{ \"a\" : [ 1 , 2 ] } ", "{\"a\": [1, 2]}" },
        { "\"\\u00e9\\u20AC\\ud83d\\ude00\\/\\b\\f\\t\\r\"",
          "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80/\\b\\f\\t\\r\"" },
        { "1E2", "100.0" },
        { "1e+2", "100.0" },
        { "9223372036854775808", "9.223372036854776e+18" },
        { "{\"b\":1,\"a\":2}", "{\"a\": 2, \"b\": 1}" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect_text(formatted(vn_json_parse(rows[i][0])), rows[i][1]);
    expect_text(formatted(vn_tuple(vn_int(1), vn_none())), "[1, null]");
}

Test(json, what_is_not_json_is_refused)
{
    static const char *const rows[][2] = {
        { "", "byte 0: the text ends before a value" },
        { "  ", "the text ends before a value" },
        { "nul", "no value" },
        { "NaN", "no value" },
        { "Infinity", "no value" },
        { "01", "no value" },
        { "1.", "no value" },
        { ".5", "no value" },
        { "+1", "no value" },
        { "-", "no value" },
        { "1e", "no value" },
        { "0x10", "byte 1: nothing is expected behind" },
        { "1e999", "too large" },
        { "1 2", "nothing is expected behind the value" },
        { "[1,]", "no value" },
        { "[1 2]", "',' or ']'" },
        { "[", "ends before a value" },
        { "{\"a\"}", "':' is expected" },
        { "{a:1}", "a name in quotes" },
        { "{\"a\":1,}", "a name in quotes" },
        { "{\"a\":1", "',' or '}'" },
        { "{\"a\":1,\"b\":2,\"a\":3}", "the name \"a\" is given twice" },
        { "\"", "the text ends in a string" },
        { "\"\\", "no escape" },
        { "\"\n\"", "a control character" },
        { "\"\\x\"", "no escape" },
        { "\"\\u12\"", "no character of Unicode" },
        { "\"\\ud800\"", "no character of Unicode" },
        { "\"\\ud800\\u0041\"", "no character of Unicode" },
        { "\"\\udc00\"", "no character of Unicode" },
        { "\"\\u0000\"", "a zero character" },
        { "\"\x80\"", "not UTF-8" },
        { "\"\xc0\xaf\"", "not UTF-8" },
        { "\"\xed\xa0\x80\"", "not UTF-8" },
        { "\"\xf5\x80\x80\x80\"", "not UTF-8" },
        { "\"\xe2\x82", "not UTF-8" },
        { "// 1", "no value" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert(!vn_json_parse(rows[i][0]), "%s", rows[i][0]);
        expect_error(FORMAT, rows[i][1]);
    }
    char deep[2000];
    memset(deep, '[', sizeof deep);
    deep[sizeof deep - 1] = '\0';
    cr_assert(!vn_json_parse(deep));
    expect_error(FORMAT, "deeper than 100");
    cr_assert(!vn_json_parse(NULL));
    expect_error(NULL_ARGUMENT, "json_parse");
    expect_no_leak();
}

Test(json, trees_without_a_form_are_refused)
{
    cr_assert(!vn_json_format(vn_float(1.0 / 0.0)));
    expect_error(ARGUMENT, "inf is no number of JSON");
    cr_assert(!vn_json_format(vn_list(vn_zeros(VN_F32, VN_SHAPE(2)))));
    expect_error(ARGUMENT, "f32[2] has no form in JSON");
    cr_assert(!vn_json_format(vn_string("\xff")));
    expect_error(ARGUMENT, "not UTF-8");
    cr_assert(!vn_json_format(NULL));
    expect_error(NULL_ARGUMENT, "json_format");
}

Test(json, a_line_before_other_bytes)
{
    FILE *file = tmpfile();
    static const char *const keys[] = { "width", "rate" };
    vn_tree *hyper = vn_dict_n(2, keys, VN_TREES(vn_int(8), vn_float(0.1)));
    cr_assert(vn_json_write_line(file, hyper) == VN_ERR_OK);
    fputs("rest", file);
    rewind(file);
    cr_assert(vn_tree_equal(vn_json_read_line(file), hyper, NULL));
    cr_assert(getc(file) == 'r');
    cr_assert(!vn_json_read_line(file));
    expect_error(FORMAT, "json_read_line: the stream: it ends in the middle of the line");
    cr_assert(!vn_json_read_line(file));
    expect_error(FORMAT, "it ends before the line");
    cr_assert(!vn_json_read_line(NULL));
    expect_error(NULL_ARGUMENT, "the file is NULL");
    cr_assert(vn_json_write_line(file, vn_unary(vn_zeros_like)) == VN_ERR_ARGUMENT);
    expect_error(ARGUMENT, "has no form in JSON");
    fclose(file);
    file = tmpfile();
    fwrite("{\"a\": 1\0}\n", 1, 10, file);
    rewind(file);
    cr_assert(!vn_json_read_line(file));
    expect_error(FORMAT, "JSON, byte 7");
    fclose(file);
    expect_no_leak();
}

Test(json, numbers_keep_their_point_in_every_locale)
{
    if (!setlocale(LC_ALL, "de_DE.UTF-8"))
        cr_skip_test("no locale with a decimal comma");
    expect_text(formatted(vn_json_parse("[1.5, 2.25e-10]")), "[1.5, 2.25e-10]");
}
