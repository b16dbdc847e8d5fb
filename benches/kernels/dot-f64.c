/* Dot products of vectors of 4,096 numbers of double precision. */
#include <stdint.h>

#define LENGTH 4096

static double a[LENGTH], b[LENGTH];

/* The elements are small integers, so that every sum is exact in any order. */
int64_t run(int32_t rounds)
{
    for (int i = 0; i < LENGTH; i++) {
        a[i] = (double)(i * 7 % 17 - 8);
        b[i] = (double)(i * 5 % 23 - 11);
    }
    uint64_t total = 0;
    for (int32_t round = 0; round < rounds; round++) {
        a[round % LENGTH] = (double)(round % 32);
        double sum = 0;
        for (int i = 0; i < LENGTH; i++)
            sum += a[i] * b[i];
        total = total * 3 + (uint64_t)(int64_t)sum;
    }
    return (int64_t)total;
}
