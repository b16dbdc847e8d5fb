/* A hash map with open addressing from 64-bit keys to counts: insert, look up, remove. */
#include <stdint.h>

#define SLOTS 32768
#define EMPTY 0

struct entry {
    uint64_t key;
    uint32_t count;
};

static struct entry entries[SLOTS];
static uint32_t used;

static uint32_t home_of(uint64_t key)
{
    return (uint32_t)(key * 0x9e3779b97f4a7c15u >> 49);
}

/* The slot of a key, or the empty one where it belongs. */
static uint32_t find(uint64_t key)
{
    uint32_t slot = home_of(key);
    while (entries[slot].key != EMPTY && entries[slot].key != key)
        slot = (slot + 1) % SLOTS;
    return slot;
}

static void add(uint64_t key)
{
    struct entry *entry = &entries[find(key)];
    if (entry->key == EMPTY) {
        entry->key = key;
        entry->count = 0;
        used++;
    }
    entry->count++;
}

/* Removes a key, and moves up the entries that its slot had pushed away. */
static void take(uint64_t key)
{
    uint32_t hole = find(key);
    if (entries[hole].key == EMPTY)
        return;
    used--;
    for (uint32_t slot = (hole + 1) % SLOTS; entries[slot].key != EMPTY; slot = (slot + 1) % SLOTS) {
        uint32_t home = home_of(entries[slot].key);
        if ((slot - home) % SLOTS >= (slot - hole) % SLOTS) {
            entries[hole] = entries[slot];
            hole = slot;
        }
    }
    entries[hole].key = EMPTY;
}

int64_t run(int32_t steps)
{
    for (int slot = 0; slot < SLOTS; slot++)
        entries[slot].key = EMPTY;
    used = 0;
    uint64_t state = 42;
    int64_t sum = 0;
    for (int32_t step = 0; step < steps; step++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        uint64_t key = (state >> 33) % 30000 + 1;
        key |= key << 40;
        if (state >> 29 & 3) {
            add(key);
            sum += entries[find(key)].count;
        } else {
            take(key);
        }
    }
    return sum * 100000 + used;
}
