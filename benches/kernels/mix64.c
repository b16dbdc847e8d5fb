/* A 64-bit hash in the manner of xxHash64 over 64 KiB: multiplications and rotations of i64. */
#include <stdint.h>

#define WORDS 8192

#define PRIME_1 0x9e3779b185ebca87u
#define PRIME_2 0xc2b2ae3d27d4eb4fu
#define PRIME_3 0x165667b19e3779f9u

static uint64_t data[WORDS];

static uint64_t rotate(uint64_t value, int bits)
{
    return value << bits | value >> (64 - bits);
}

static uint64_t splitmix(uint64_t *state)
{
    uint64_t value = *state += 0x9e3779b97f4a7c15u;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return value ^ value >> 31;
}

static uint64_t absorb(uint64_t lane, uint64_t word)
{
    return rotate(lane + word * PRIME_2, 31) * PRIME_1;
}

static uint64_t hash(uint64_t seed)
{
    uint64_t a = seed + PRIME_1 + PRIME_2, b = seed + PRIME_2, c = seed, d = seed - PRIME_1;
    for (int i = 0; i < WORDS; i += 4) {
        a = absorb(a, data[i]);
        b = absorb(b, data[i + 1]);
        c = absorb(c, data[i + 2]);
        d = absorb(d, data[i + 3]);
    }
    uint64_t hash = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18);
    hash = (hash ^ hash >> 33) * PRIME_2;
    hash = (hash ^ hash >> 29) * PRIME_3;
    return hash ^ hash >> 32;
}

int64_t run(int32_t rounds)
{
    uint64_t state = 2026;
    uint64_t seed = 0;
    for (int32_t round = 0; round < rounds; round++) {
        if (round % 8 == 0)
            for (int i = 0; i < WORDS; i++)
                data[i] = splitmix(&state);
        seed = hash(seed);
    }
    return (int64_t)seed;
}
