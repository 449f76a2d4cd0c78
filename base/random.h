/* SPDX-License-Identifier: Apache-2.0 */
/* Seedable random numbers: the same on every machine for the same seed and order of calls. */
#ifndef CHROMAFUSE_BASE_RANDOM_H
#define CHROMAFUSE_BASE_RANDOM_H

#include <stdint.h>

/*
 * xoshiro256++ 1.0 (Blackman and Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS
 * 47:4, 2021): period 2^256 - 1. Not for cryptography. Copying the struct copies the stream.
 */
typedef struct {
    uint64_t state[4];
    double spare; /* private: the normal deviate that came in a pair */
    int has_spare;
} cf_random;

/* Starts a stream; every seed, 0 included, is good: SplitMix64 spreads it over the state. */
void cf_random_seed(cf_random *random, uint64_t seed);

/* 64 independent fair bits. */
uint64_t cf_random_bits(cf_random *random);

/* Uniform in [0, 1), 53 bits. */
double cf_random_uniform(cf_random *random);

/* Normal deviate of mean 0 and variance 1 (Marsaglia's polar method, 1964). */
double cf_random_normal(cf_random *random);

/*
 * Poisson deviate, exact for every mean: multiplication of uniforms below 10, Hoermann's
 * transformed rejection PTRS ("The transformed rejection method for generating Poisson random
 * variables", Insurance: Mathematics and Economics 12, 1993) from there on. A mean that is not
 * above 0 (NaN included) gives 0. Means up to 1e9 keep the acceptance test's rounding below one
 * part in a million.
 */
double cf_random_poisson(cf_random *random, double mean);

#endif
