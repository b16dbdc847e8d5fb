/* Draws the Mandelbrot set with characters.
 *
 *     mandelbrot [COLUMNS [ROWS [ITERATIONS]]]
 *
 * A guest for WASI: floating point in a tight loop, and formatted output.
 */
#include <stdio.h>
#include <stdlib.h>

/* From the outside, where points escape at once, to the set itself. */
static const char SHADES[] = " .,:;-=+*xoXO#%@";

/* How many steps of z <- z^2 + c keep |z| <= 2, at most `limit`. */
static int steps_inside(double re, double im, int limit)
{
    double x = 0.0, y = 0.0;
    for (int step = 0; step < limit; step++) {
        double xx = x * x, yy = y * y;
        if (xx + yy > 4.0)
            return step;
        y = 2.0 * x * y + im;
        x = xx - yy + re;
    }
    return limit;
}

/* The shade for a number of steps; each further shade takes about twice as many. */
static char shade(int steps, int limit)
{
    const int darkest = (int)sizeof SHADES - 2;
    if (steps == limit)
        return SHADES[darkest];
    int level = 0;
    for (int bound = 2; steps >= bound && level < darkest - 1; level++)
        bound += 1 + bound / 4;
    return SHADES[level];
}

static int argument(int argc, char **argv, int index, int otherwise)
{
    if (index >= argc)
        return otherwise;
    int value = atoi(argv[index]);
    if (value < 2 || value > 100000) {
        fprintf(stderr, "mandelbrot: %s is not a number from 2 to 100000\n", argv[index]);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    int columns = argument(argc, argv, 1, 78);
    int rows = argument(argc, argv, 2, 32);
    int limit = argument(argc, argv, 3, 1000);
    long long total = 0;

    for (int row = 0; row < rows; row++) {
        double im = 1.15 - 2.3 * row / (rows - 1);
        for (int column = 0; column < columns; column++) {
            double re = -2.1 + 2.85 * column / (columns - 1);
            int steps = steps_inside(re, im, limit);
            total += steps;
            putchar(shade(steps, limit));
        }
        putchar('\n');
    }
    printf("%d by %d points, %.1f steps each\n", columns, rows,
           (double)total / ((double)columns * rows));
    return 0;
}
