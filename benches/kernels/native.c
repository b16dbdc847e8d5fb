/* Runs a kernel as a native program: prints `run` of its argument. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int64_t run(int32_t n);

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    printf("%" PRId64 "\n", run((int32_t)atoi(argv[1])));
    return 0;
}
