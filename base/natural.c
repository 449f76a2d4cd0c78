/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing runs of digits by their value. */
#include "base/natural.h"

#include <ctype.h>
#include <string.h>

int cf_natural_compare(const char *a, const char *b) {
    const char *x = a, *y = b;
    while (*x && *y) {
        if (isdigit((unsigned char)*x) && isdigit((unsigned char)*y)) {
            while (*x == '0' && isdigit((unsigned char)x[1]))
                x++;
            while (*y == '0' && isdigit((unsigned char)y[1]))
                y++;
            size_t m = strspn(x, "0123456789"), n = strspn(y, "0123456789");
            int order = m == n ? strncmp(x, y, m) : (m > n ? 1 : -1);
            if (order)
                return order;
            x += m;
            y += n;
        } else {
            if (*x != *y)
                return (unsigned char)*x - (unsigned char)*y;
            x++;
            y++;
        }
    }
    return *x || *y ? (unsigned char)*x - (unsigned char)*y : strcmp(a, b);
}
