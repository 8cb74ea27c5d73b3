/*
 * decay.h: weights of facts that count half after every half-life, for sums with forward decay (Cormode, Shkapenyuk, Srivastava, Xu 2009).
 */
#ifndef CRMSEG_DECAY_H
#define CRMSEG_DECAY_H

#include <stdint.h>

/*
 * 2^(days / half_life) = *exponent and the mantissa m returned, 2^62 <= m < 2^63: m * 2^(*exponent - 62).
 * Integers only, so that every machine gives the same bits; half_life > 0.
 */
extern uint64_t decay_mantissa(int64_t days, int32_t half_life, int64_t *exponent);

#endif
