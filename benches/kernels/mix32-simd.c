/* A hash of four 32-bit lanes in the manner of xxHash32 over 64 KiB: multiplications and rotations of
 * i32x4, and a last mix of i64x2. */
#include <stdint.h>

#define VECTORS 4096

typedef uint32_t u32x4 __attribute__((vector_size(16)));
typedef uint64_t u64x2 __attribute__((vector_size(16)));

static u32x4 data[VECTORS];

static u32x4 rotate(u32x4 value, int bits)
{
    return value << bits | value >> (32 - bits);
}

static uint64_t hash(uint64_t seed)
{
    const u32x4 prime_1 = {2654435761u, 2654435761u, 2654435761u, 2654435761u};
    const u32x4 prime_2 = {2246822519u, 2246822519u, 2246822519u, 2246822519u};
    u32x4 lanes = (u32x4)(u64x2){seed, ~seed};
    for (int i = 0; i < VECTORS; i++)
        lanes = rotate(lanes + data[i] * prime_2, 13) * prime_1;
    u64x2 halves = (u64x2)lanes;
    halves ^= halves >> 29;
    halves *= (u64x2){0xbf58476d1ce4e5b9u, 0x94d049bb133111ebu};
    return halves[0] ^ halves[1] >> 32;
}

int64_t run(int32_t rounds)
{
    uint32_t number = 5;
    for (int i = 0; i < VECTORS; i++)
        for (int lane = 0; lane < 4; lane++)
            data[i][lane] = number = number * 1664525u + 1013904223u;
    uint64_t seed = 0;
    for (int32_t round = 0; round < rounds; round++)
        seed = hash(seed);
    return (int64_t)seed;
}
