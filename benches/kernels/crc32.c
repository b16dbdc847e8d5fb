/* CRC-32 with a table, over 64 KiB: loads at an index and xor. */
#include <stdint.h>

#define LENGTH 65536

static uint8_t data[LENGTH];
static uint32_t table[256];

static void prepare(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320u : 0);
        table[byte] = crc;
    }
    uint32_t seed = 1;
    for (int i = 0; i < LENGTH; i++) {
        seed = seed * 1664525u + 1013904223u;
        data[i] = (uint8_t)(seed >> 24);
    }
}

int64_t run(int32_t rounds)
{
    prepare();
    uint32_t crc = 0;
    for (int32_t round = 0; round < rounds; round++) {
        crc = ~crc;
        for (int i = 0; i < LENGTH; i++)
            crc = table[(crc ^ data[i]) & 0xff] ^ (crc >> 8);
        crc = ~crc;
    }
    return crc;
}
