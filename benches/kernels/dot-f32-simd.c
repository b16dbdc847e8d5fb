/* The dot products of dot-f32.c with vectors of four numbers. */
#include <stdint.h>

#define LENGTH 4096
#define LANES 4

typedef float f32x4 __attribute__((vector_size(16)));

static f32x4 a[LENGTH / LANES], b[LENGTH / LANES];

int64_t run(int32_t rounds)
{
    for (int i = 0; i < LENGTH; i++) {
        a[i / LANES][i % LANES] = (float)(i * 7 % 17 - 8);
        b[i / LANES][i % LANES] = (float)(i * 5 % 23 - 11);
    }
    uint64_t total = 0;
    for (int32_t round = 0; round < rounds; round++) {
        int changed = round % LENGTH;
        a[changed / LANES][changed % LANES] = (float)(round % 32);
        f32x4 sum = {0, 0, 0, 0};
        for (int i = 0; i < LENGTH / LANES; i++)
            sum += a[i] * b[i];
        total = total * 3 + (uint64_t)(int64_t)(sum[0] + sum[1] + sum[2] + sum[3]);
    }
    return (int64_t)total;
}
