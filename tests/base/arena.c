/* arena.c - tests of bookkeeping memory. */
#include "base/arena.h"
#include "tap.h"

static bool all_zero(const char *p, size_t n) {
    while (n && *p == 0) p++, n--;
    return n == 0;
}

/* Pieces of all sizes, none of which has what another wrote; freed in another order than taken, several times. */
static void check_large(void) {
    static const size_t size[] = {1, 64, 1000, 300000, 500000, 524288, 524289, 2097152, 5000000, 100, 400000, 0};
    enum { COUNT = sizeof size / sizeof *size };
    bool aligned = true, zero = true, own = true;
    for (int turn = 0; turn < 3; turn++) {
        char *piece[COUNT];
        for (int i = 0; i < COUNT; i++) {
            piece[i] = mlrt__alloc_large(size[i]);
            aligned = aligned && piece[i] && (uintptr_t)piece[i] % 64 == 0;
            zero = zero && all_zero(piece[i], size[i]);
            memset(piece[i], i + 1, size[i]);
        }
        for (int k = 0, i = turn; k < COUNT; k++, i = (i + 5) % COUNT) {
            for (size_t b = 0; b < size[i]; b++) own = own && piece[i][b] == i + 1;
            mlrt__free_large(piece[i]);
        }
    }
    ok(aligned, "large memory is aligned to 64 bytes");
    ok(zero, "it is zeroed, also where it was used before");
    ok(own, "pieces of large memory do not overlap");
    mlrt__free_large(NULL);
}

int main(void) {
    mlrt__arena a = {0};
    char *small = mlrt__arena_alloc(&a, 3), *next = mlrt__arena_alloc(&a, 3);
    ok((uintptr_t)small % 16 == 0 && (uintptr_t)next % 16 == 0, "memory is aligned to 16 bytes");
    ok(next >= small + 3, "two pieces do not overlap");
    char *large = mlrt__arena_alloc(&a, 1 << 20);
    ok(all_zero(large, 1 << 20), "a piece larger than a block is zeroed");
    memset(large, 1, 1 << 20);
    ok(all_zero(mlrt__arena_alloc(&a, 100), 100), "so is the piece after it");

    is_str(mlrt__arena_string(&a, "query"), "query", "a string is copied");
    ok(mlrt__arena_string(&a, NULL) == NULL, "no string stays no string");
    is_str(mlrt__arena_printf(&a, "encoder.%d.%s", 2, "norm"), "encoder.2.norm", "a string is formatted");
    const int numbers[] = {1, 2, 3};
    const int *copy = mlrt__arena_copy(&a, numbers, sizeof numbers);
    ok(memcmp(copy, numbers, sizeof numbers) == 0, "data is copied");

    int *list = NULL, count = 0, capacity = 0;
    for (int i = 0; i < 1000; i++) {
        MLRT__ROOM(list, count, capacity);
        list[count++] = i;
    }
    ok(list[0] == 0 && list[999] == 999, "a list grows one at a time");
    free(list);
    mlrt__arena_free(&a);
    ok(a.block == NULL, "an arena is freed at once");
    mlrt__arena_free(&a);

    check_large();
    ok(mlrt__alloc_large(SIZE_MAX - 10) == NULL, "a size that overflows gives NULL");
    ok(mlrt__alloc_large(SIZE_MAX / 4) == NULL, "a size that no machine has gives NULL");
    return done_testing();
}
