/* Counts lines, words and bytes, as the tool of this name does.
 *
 *     wc [FILE...]        without files, the standard input
 *
 * A guest for WASI: arguments, files in a preopened directory, the standard streams, and an exit
 * code of 1 if a file could not be read.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct counts {
    unsigned long long lines, words, bytes;
};

static int is_space(int byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* Counts what is left of `stream`; -1 if reading fails. */
static int count(FILE *stream, struct counts *counts)
{
    static char buffer[16384];
    int in_word = 0;
    size_t length;
    while ((length = fread(buffer, 1, sizeof buffer, stream)) > 0) {
        counts->bytes += length;
        for (size_t i = 0; i < length; i++) {
            int space = is_space(buffer[i]);
            counts->lines += buffer[i] == '\n';
            counts->words += !space && !in_word;
            in_word = !space;
        }
    }
    return ferror(stream) ? -1 : 0;
}

static void print(const struct counts *counts, const char *name)
{
    printf("%8llu%8llu%8llu%s%s\n", counts->lines, counts->words, counts->bytes, *name ? " " : "",
           name);
}

/* Counts and prints one file, and adds it to `total`; -1 if it can't be read. */
static int count_file(const char *name, struct counts *total)
{
    struct counts counts = {0, 0, 0};
    FILE *stream = fopen(name, "rb");
    if (!stream || count(stream, &counts) < 0) {
        fprintf(stderr, "wc: %s: %s\n", name, strerror(errno));
        if (stream)
            fclose(stream);
        return -1;
    }
    fclose(stream);
    print(&counts, name);
    total->lines += counts.lines;
    total->words += counts.words;
    total->bytes += counts.bytes;
    return 0;
}

int main(int argc, char **argv)
{
    struct counts total = {0, 0, 0};
    int status = 0;
    if (argc < 2) {
        if (count(stdin, &total) < 0)
            status = 1;
        print(&total, "");
        return status;
    }
    for (int i = 1; i < argc; i++)
        if (count_file(argv[i], &total) < 0)
            status = 1;
    if (argc > 2)
        print(&total, "total");
    return status;
}
