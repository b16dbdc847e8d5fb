/* Fast Fourier transforms of 1,024 complex numbers of double precision, there and back. */
#include <stdint.h>

#define LOG 10
#define LENGTH (1 << LOG)

struct complex {
    double re, im;
};

static struct complex signal[LENGTH], roots[LENGTH / 2];

static struct complex times(struct complex a, struct complex b)
{
    struct complex product = {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
    return product;
}

/* The roots of unity, from halved angles and products: square roots are all it takes. */
static void prepare_roots(void)
{
    struct complex root = {0.0, -1.0};
    roots[0].re = 1.0;
    roots[0].im = 0.0;
    for (int step = LENGTH / 4; step >= 1; step /= 2) {
        for (int i = 0; i < LENGTH / 2; i += 2 * step)
            roots[i + step] = times(roots[i], root);
        double re = __builtin_sqrt((1.0 + root.re) / 2.0);
        root.im = -__builtin_sqrt((1.0 - root.re) / 2.0);
        root.re = re;
    }
}

static void reverse_bits(void)
{
    for (uint32_t i = 0, j = 0; i < LENGTH; i++) {
        if (i < j) {
            struct complex other = signal[i];
            signal[i] = signal[j];
            signal[j] = other;
        }
        uint32_t bit = LENGTH / 2;
        for (; j & bit; bit /= 2)
            j ^= bit;
        j |= bit;
    }
}

/* Transforms in place; `sign` -1.0 gives the inverse, but for a factor. */
static void transform(double sign)
{
    reverse_bits();
    for (int half = 1; half < LENGTH; half *= 2) {
        int stride = LENGTH / 2 / half;
        for (int start = 0; start < LENGTH; start += 2 * half) {
            for (int i = 0; i < half; i++) {
                struct complex root = {roots[i * stride].re, sign * roots[i * stride].im};
                struct complex *even = &signal[start + i], *odd = even + half;
                struct complex twisted = times(*odd, root);
                odd->re = even->re - twisted.re;
                odd->im = even->im - twisted.im;
                even->re += twisted.re;
                even->im += twisted.im;
            }
        }
    }
}

/* Squares the spectrum again and again; what comes out must be the same to the last bit. */
int64_t run(int32_t rounds)
{
    prepare_roots();
    for (int i = 0; i < LENGTH; i++) {
        signal[i].re = (i * 37 % 101) / 101.0;
        signal[i].im = 0.0;
    }
    for (int32_t round = 0; round < rounds; round++) {
        transform(1.0);
        double scale = 1.0 / (signal[0].re * LENGTH);
        for (int i = 0; i < LENGTH; i++) {
            struct complex square = times(signal[i], signal[i]);
            signal[i].re = square.re * scale;
            signal[i].im = square.im * scale;
        }
        transform(-1.0);
        signal[round % LENGTH].re += 0.25;
    }
    uint64_t sum = 0;
    for (int i = 0; i < LENGTH; i++) {
        union {
            double number;
            uint64_t bits;
        } re = {signal[i].re};
        sum = sum * 31 + re.bits;
    }
    return (int64_t)sum;
}
