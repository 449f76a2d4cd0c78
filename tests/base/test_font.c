/* SPDX-License-Identifier: Apache-2.0 */
/* The bitmap font. Does not prove that it is legible: somebody has to look at a contact sheet. */
#include "base/font.h"

#include <string.h>

#include "tests/test_main.h"

START_TEST(every_character_has_its_own_glyph) {
    unsigned char seen[95][CF_FONT_HEIGHT] = {0};
    for (int c = 32; c < 127; c++) {
        for (int y = 0; y < CF_FONT_HEIGHT; y++)
            for (int x = 0; x < CF_FONT_WIDTH; x++)
                seen[c - 32][y] = (unsigned char)(seen[c - 32][y] * 2 + cf_font_dot(c, x, y));
        for (int other = 32; other < c; other++)
            ck_assert_msg(memcmp(seen[c - 32], seen[other - 32], CF_FONT_HEIGHT) != 0,
                          "'%c' looks like '%c'", c, other);
    }
}
END_TEST

START_TEST(outside_is_empty_and_unknown_is_a_question_mark) {
    ck_assert_int_eq(cf_font_dot('A', -1, 0), 0);
    ck_assert_int_eq(cf_font_dot('A', 0, CF_FONT_HEIGHT), 0);
    for (int y = 0; y < CF_FONT_HEIGHT; y++)
        for (int x = 0; x < CF_FONT_WIDTH; x++)
            ck_assert_int_eq(cf_font_dot(200, x, y), cf_font_dot('?', x, y));
}
END_TEST

START_TEST(ink_is_solid_inside_strokes_and_absent_outside) {
    ck_assert_double_eq(cf_font_ink("I", 2.5, 3.5), 1); /* the middle of the stem */
    ck_assert_double_eq(cf_font_ink("I", 0.5, 3.5), 0);
    ck_assert_double_eq(cf_font_ink("I", 60, 3.5), 0);
    ck_assert_double_eq(cf_font_ink("I", 2.5, -3), 0);
    ck_assert_double_eq(cf_font_ink("", 2.5, 3.5), 0);
    ck_assert_double_eq(cf_font_ink(" I", 8.5, 3.5), 1);
}
END_TEST

static void add(TCase *tc) {
    tcase_add_test(tc, every_character_has_its_own_glyph);
    tcase_add_test(tc, outside_is_empty_and_unknown_is_a_question_mark);
    tcase_add_test(tc, ink_is_solid_inside_strokes_and_absent_outside);
}

int main(void) {
    return test_run("font", add);
}
