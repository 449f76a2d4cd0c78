/* SPDX-License-Identifier: Apache-2.0 */
/* xoshiro256++ and the deviates made from it. */
#include "base/random.h"

#include <math.h>

static uint64_t rotate(uint64_t x, int k) {
    return (x << k) | (x >> (64 - k));
}

void cf_random_seed(cf_random *random, uint64_t seed) {
    for (int i = 0; i < 4; i++) { /* SplitMix64, as the generator's authors recommend */
        uint64_t z = (seed += 0x9e3779b97f4a7c15U);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        random->state[i] = z ^ (z >> 31);
    }
    random->spare = 0;
    random->has_spare = 0;
}

uint64_t cf_random_bits(cf_random *random) {
    uint64_t *s = random->state;
    const uint64_t result = rotate(s[0] + s[3], 23) + s[0];
    const uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

double cf_random_uniform(cf_random *random) {
    return (double)(cf_random_bits(random) >> 11) * 0x1p-53;
}

double cf_random_normal(cf_random *random) {
    double x, y, r;
    if (random->has_spare) {
        random->has_spare = 0;
        return random->spare;
    }
    do {
        x = 2 * cf_random_uniform(random) - 1;
        y = 2 * cf_random_uniform(random) - 1;
        r = x * x + y * y;
    } while (r >= 1 || r <= 0);
    double scale = sqrt(-2 * log(r) / r);
    random->spare = y * scale;
    random->has_spare = 1;
    return x * scale;
}

static double poisson_small(cf_random *random, double mean) {
    double limit = exp(-mean), product = 1;
    for (double count = 0;; count++) {
        product *= cf_random_uniform(random);
        if (product <= limit)
            return count;
    }
}

/* log(k!) for the acceptance test; lgamma_r, for lgamma writes a global. */
static double log_factorial(double k) {
    int sign;
    return lgamma_r(k + 1, &sign);
}

static double poisson_large(cf_random *random, double mean) {
    const double b = 0.931 + 2.53 * sqrt(mean), a = -0.059 + 0.02483 * b;
    const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), vr = 0.9277 - 3.6224 / (b - 2);
    for (;;) {
        double u = cf_random_uniform(random) - 0.5, v = cf_random_uniform(random);
        double us = 0.5 - fabs(u);
        double k = floor((2 * a / us + b) * u + mean + 0.43);
        if (us >= 0.07 && v <= vr)
            return k;
        if (!(k >= 0) || (us < 0.013 && v > us))
            continue;
        if (log(v * inverse_alpha / (a / (us * us) + b)) <= k * log(mean) - mean - log_factorial(k))
            return k;
    }
}

double cf_random_poisson(cf_random *random, double mean) {
    if (!(mean > 0))
        return 0;
    return mean < 10 ? poisson_small(random, mean) : poisson_large(random, mean);
}
