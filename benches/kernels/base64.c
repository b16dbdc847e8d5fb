/* Base64, there and back, over 48 KiB: bytes, shifts and small tables. */
#include <stdint.h>

#define LENGTH 49152
#define ENCODED (LENGTH / 3 * 4)

static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static uint8_t values[256];
static uint8_t data[LENGTH], encoded[ENCODED], decoded[LENGTH];

static void prepare(void)
{
    for (int i = 0; i < 64; i++)
        values[(uint8_t)DIGITS[i]] = (uint8_t)i;
    uint32_t seed = 7;
    for (int i = 0; i < LENGTH; i++) {
        seed = seed * 1664525u + 1013904223u;
        data[i] = (uint8_t)(seed >> 24);
    }
}

static void encode(void)
{
    uint8_t *out = encoded;
    for (int i = 0; i < LENGTH; i += 3) {
        uint32_t group = (uint32_t)data[i] << 16 | (uint32_t)data[i + 1] << 8 | data[i + 2];
        *out++ = (uint8_t)DIGITS[group >> 18];
        *out++ = (uint8_t)DIGITS[group >> 12 & 63];
        *out++ = (uint8_t)DIGITS[group >> 6 & 63];
        *out++ = (uint8_t)DIGITS[group & 63];
    }
}

static void decode(void)
{
    uint8_t *out = decoded;
    for (int i = 0; i < ENCODED; i += 4) {
        uint32_t group = (uint32_t)values[encoded[i]] << 18 | (uint32_t)values[encoded[i + 1]] << 12
            | (uint32_t)values[encoded[i + 2]] << 6 | values[encoded[i + 3]];
        *out++ = (uint8_t)(group >> 16);
        *out++ = (uint8_t)(group >> 8);
        *out++ = (uint8_t)group;
    }
}

/* A sum of all digits and their places, over all rounds; -1 if decoding gives something else. */
int64_t run(int32_t rounds)
{
    int64_t sum = 0;
    prepare();
    for (int32_t round = 0; round < rounds; round++) {
        data[round % LENGTH] ^= (uint8_t)(round + 1);
        encode();
        decode();
        for (int i = 0; i < LENGTH; i++)
            if (decoded[i] != data[i])
                return -1;
        for (int i = 0; i < ENCODED; i += 64)
            sum += (int64_t)encoded[i] * (i + 1);
    }
    return sum;
}
