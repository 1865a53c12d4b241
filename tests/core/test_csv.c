/* SPDX-License-Identifier: MIT */
/* Tables of numbers as text. */
#include "expect.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "vernal/io.h"

static char path[] = "/tmp/vernal-csv-XXXXXX";

static void make_file(void) { close(mkstemp(path)); }

static void remove_file(void) { unlink(path); }

TestSuite(csv, .init = make_file, .fini = remove_file);

static vn_array *load_bytes(const char *bytes, size_t n, const vn_csv_options *options)
{
    FILE *file = fopen(path, "wb");
    cr_assert(file && fwrite(bytes, 1, n, file) == n && fclose(file) == 0);
    return vn_csv_load(path, options);
}

static vn_array *load(const char *text, const vn_csv_options *options)
{
    return load_bytes(text, strlen(text), options);
}

static void expect_table(vn_array *x, int64_t rows, int64_t columns)
{
    cr_assert(x, "%s", vn_error_message());
    cr_assert(vn_rank(x) == 2 && vn_dim(x, 0) == rows && vn_dim(x, 1) == columns);
    for (int64_t i = 0; i < rows * columns; i++)
        cr_assert(((const float *)vn_data(x))[i] == (float)(i + 1));
}

Test(csv, layouts_of_one_table)
{
    expect_table(load("1,2,3\n4,5,6\n", NULL), 2, 3);
    expect_table(load("1,2,3\r\n4,5,6", NULL), 2, 3);
    expect_table(load("\n  1 , 2.0,+3e0 \n\n\t4,50e-1,6\n \n", NULL), 2, 3);
    expect_table(load("1;2;3\n4;5;6\n", &(vn_csv_options){ .delimiter = ';' }), 2, 3);
    expect_table(load(" 1  2\t3\n4 5 6 \n", &(vn_csv_options){ .delimiter = ' ' }), 2, 3);
    expect_table(load("a,b,c\nand more\n1,2,3\n", &(vn_csv_options){ .skip_rows = 2 }), 1, 3);
    expect_table(load("1\n2\n", NULL), 2, 1);
}

Test(csv, dtypes_and_special_values)
{
    vn_array *x = load("-1.5,300\n", &(vn_csv_options){ .dtype = VN_I8 });
    cr_assert(((const int8_t *)vn_data(x))[0] == -1 && ((const int8_t *)vn_data(x))[1] == 127);
    x = load("0.1,nan,-inf\n", &(vn_csv_options){ .dtype = VN_F64 });
    const double *const d = vn_data(x);
    cr_assert(d[0] == 0.1 && isnan(d[1]) && d[2] == -INFINITY);
    cr_assert(vn_dtype_of(load("1\n", NULL)) == VN_F32);
}

Test(csv, the_locale_of_the_program_does_not_matter)
{
    if (!setlocale(LC_ALL, "de_DE.UTF-8")) {
        remove_file(); /* nobody cleans up behind a test that is skipped */
        cr_skip_test("there is no German locale");
    }
    cr_assert(vn_item(load("0.5\n", NULL)) == 0.5);
}

Test(csv, damage_is_named_with_line_and_column)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        { "1,2\n3,x4\n", "line 2, column 2: \"x4\" is no number" },
        { "1,2\n3,\n", "line 2, column 2: \"\" is no number" },
        { "1,,2\n", "line 1, column 2: \"\" is no number" },
        { "\"1\",2\n", "line 1, column 1: \"\"1\"\" is no number" },
        { "1,2\n3\n", "line 2 has 1 columns, the first row 2" },
        { "1,2\n3,4,5\n", "line 2 has 3 columns, the first row 2" },
        { "1,2 3\n", "line 1, column 2: no delimiter behind it" },
        { "1;2\n", "line 1, column 1: no delimiter behind it" },
        { "1,\f\n5\n", "line 1, column 2" },
        { "", "there are no numbers in it" },
        { "\n \n", "there are no numbers in it" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert(!load(rows[i].text, NULL), "%zu", i);
        expect_error(FORMAT, rows[i].words);
    }
    cr_assert(!load_bytes("1,2\0003\n", 7, NULL));
    expect_error(FORMAT, "line 1, column 2");
    cr_assert(!load("header\n", &(vn_csv_options){ .skip_rows = 5 }));
    expect_error(FORMAT, "no numbers");
    cr_assert(!load("1\n", &(vn_csv_options){ .dtype = (vn_dtype)99 }));
    expect_error(DTYPE, "99 is no dtype");
    cr_assert(!vn_csv_load("/nowhere/x.csv", NULL));
    expect_error(FILE, "csv_load: /nowhere/x.csv: cannot be opened");
    expect_no_leak();
}

Test(csv, altered_tables_never_crash)
{
    char text[] = "1.5,-2e3\n0x1p4,nan\n";
    for (size_t i = 0; i + 1 < sizeof text; i++)
        for (int c = 0; c < 256; c++)
            VN_SCOPE
            {
                const char old = text[i];
                text[i] = (char)c;
                cr_assert(!load_bytes(text, sizeof text - 1, NULL) == !vn_ok());
                vn_error_clear();
                text[i] = old;
            }
    expect_no_leak();
}

Test(csv, large_tables_are_read)
{
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 20000; i++)
        fprintf(file, "%d,%d,%d\n", 3 * i + 1, 3 * i + 2, 3 * i + 3);
    fclose(file);
    expect_table(vn_csv_load(path, NULL), 20000, 3);
#ifdef VN_HAVE_ZLIB
    char command[100];
    snprintf(command, sizeof command, "gzip -kf %s", path);
    if (system(command) == 0) {
        snprintf(command, sizeof command, "%s.gz", path);
        expect_table(vn_csv_load(command, NULL), 20000, 3);
        unlink(command);
    }
#endif
    expect_no_leak();
}
