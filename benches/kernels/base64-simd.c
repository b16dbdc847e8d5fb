/* The work of base64.c with 16 digits at a time, by Muła's way of looking digits up with
 * `i8x16.swizzle`. */
#include <stdint.h>
#include <wasm_simd128.h>

#define LENGTH 49152
#define ENCODED (LENGTH / 3 * 4)
#define SLACK 16

static _Alignas(16) uint8_t data[LENGTH + SLACK], encoded[ENCODED], decoded[LENGTH + SLACK];

static void prepare(void)
{
    uint32_t seed = 7;
    for (int i = 0; i < LENGTH; i++) {
        seed = seed * 1664525u + 1013904223u;
        data[i] = (uint8_t)(seed >> 24);
    }
}

static v128_t mask(v128_t value, uint32_t bits)
{
    return wasm_v128_and(value, wasm_i32x4_splat((int32_t)bits));
}

/* Twelve bytes as 16 numbers of six bits. */
static v128_t split(v128_t bytes)
{
    const v128_t groups = wasm_i8x16_const(2, 1, 0, -1, 5, 4, 3, -1, 8, 7, 6, -1, 11, 10, 9, -1);
    v128_t group = wasm_i8x16_swizzle(bytes, groups);
    v128_t outer = wasm_v128_or(mask(wasm_u32x4_shr(group, 18), 0x3f),
                                mask(wasm_i32x4_shl(group, 24), 0x3f000000));
    v128_t inner = wasm_v128_or(mask(wasm_u32x4_shr(group, 4), 0x3f00),
                                mask(wasm_i32x4_shl(group, 10), 0x3f0000));
    return wasm_v128_or(outer, inner);
}

/* 16 numbers of six bits as twelve bytes, and four zeros. */
static v128_t join(v128_t numbers)
{
    v128_t high = wasm_v128_or(mask(wasm_i32x4_shl(numbers, 18), 0xfc0000),
                               mask(wasm_i32x4_shl(numbers, 4), 0x3f000));
    v128_t low = wasm_v128_or(mask(wasm_u32x4_shr(numbers, 10), 0xfc0),
                              wasm_u32x4_shr(numbers, 24));
    const v128_t order = wasm_i8x16_const(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
    return wasm_i8x16_swizzle(wasm_v128_or(high, low), order);
}

static v128_t digits_of(v128_t numbers)
{
    const v128_t distances = wasm_i8x16_const(
        'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
        '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0);
    v128_t range = wasm_u8x16_sub_sat(numbers, wasm_i8x16_splat(51));
    v128_t upper_case = wasm_i8x16_lt(numbers, wasm_i8x16_splat(26));
    range = wasm_v128_or(range, wasm_v128_and(upper_case, wasm_i8x16_splat(13)));
    return wasm_i8x16_add(numbers, wasm_i8x16_swizzle(distances, range));
}

static v128_t numbers_of(v128_t digits)
{
    const v128_t distances = wasm_i8x16_const(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0,
                                              0);
    v128_t slash = wasm_i8x16_eq(digits, wasm_i8x16_splat('/'));
    v128_t range = wasm_i8x16_add(wasm_u8x16_shr(digits, 4), slash);
    return wasm_i8x16_add(digits, wasm_i8x16_swizzle(distances, range));
}

int64_t run(int32_t rounds)
{
    int64_t sum = 0;
    prepare();
    for (int32_t round = 0; round < rounds; round++) {
        data[round % LENGTH] ^= (uint8_t)(round + 1);
        for (int i = 0; i < LENGTH / 12; i++)
            wasm_v128_store(encoded + 16 * i, digits_of(split(wasm_v128_load(data + 12 * i))));
        for (int i = 0; i < LENGTH / 12; i++)
            wasm_v128_store(decoded + 12 * i, join(numbers_of(wasm_v128_load(encoded + 16 * i))));
        for (int i = 0; i < LENGTH; i += 16)
            if (wasm_v128_any_true(
                    wasm_v128_xor(wasm_v128_load(decoded + i), wasm_v128_load(data + i))))
                return -1;
        for (int i = 0; i < ENCODED; i += 64)
            sum += (int64_t)encoded[i] * (i + 1);
    }
    return sum;
}
