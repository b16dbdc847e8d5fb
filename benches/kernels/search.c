/* Searches for words in 32 KiB of text: by the first letter, and by Horspool's algorithm. */
#include <stdint.h>

#define LENGTH 32768

static const char WORDS[] = "the sea gives what tide brings fulmar glides over stiff winged "
                            "along northern cliffs seldom beats stays aloft against grey water ";
static const char *const PATTERNS[] = {"fulmar", "stiff winged", "tide", "northern cliffs", "zephyr",
                                       "e"};
static char text[LENGTH];

static int length_of(const char *pattern)
{
    int length = 0;
    while (pattern[length])
        length++;
    return length;
}

/* Joins words, each chosen by a generator of numbers. */
static void prepare(void)
{
    uint32_t seed = 99;
    int at = 0;
    while (at < LENGTH) {
        seed = seed * 1664525u + 1013904223u;
        int from = (int)((seed >> 8) % (sizeof WORDS - 1));
        while (from > 0 && WORDS[from - 1] != ' ')
            from--;
        do
            text[at++] = WORDS[from];
        while (at < LENGTH && WORDS[from++] != ' ');
    }
}

static int matches(const char *at, const char *pattern, int length)
{
    for (int i = 0; i < length; i++)
        if (at[i] != pattern[i])
            return 0;
    return 1;
}

static uint32_t by_first_letter(const char *pattern, int length)
{
    uint32_t found = 0;
    for (int at = 0; at + length <= LENGTH; at++)
        if (text[at] == pattern[0] && matches(text + at, pattern, length))
            found += (uint32_t)at;
    return found;
}

static uint32_t by_horspool(const char *pattern, int length)
{
    static uint8_t skip[256];
    for (int i = 0; i < 256; i++)
        skip[i] = (uint8_t)length;
    for (int i = 0; i + 1 < length; i++)
        skip[(uint8_t)pattern[i]] = (uint8_t)(length - 1 - i);
    uint32_t found = 0;
    for (int at = 0; at + length <= LENGTH;) {
        if (matches(text + at, pattern, length))
            found += (uint32_t)at;
        at += skip[(uint8_t)text[at + length - 1]];
    }
    return found;
}

/* The sum of the places where words are found; -1 if the two ways find others. */
int64_t run(int32_t rounds)
{
    const int count = (int)(sizeof PATTERNS / sizeof *PATTERNS);
    int64_t sum = 0;
    prepare();
    for (int32_t round = 0; round < rounds; round++) {
        text[round % LENGTH] = 'e';
        for (int i = 0; i < count; i++) {
            int length = length_of(PATTERNS[i]);
            uint32_t found = by_first_letter(PATTERNS[i], length);
            if (found != by_horspool(PATTERNS[i], length))
                return -1;
            sum += found;
        }
    }
    return sum;
}
