/* random.c - tests of the counter-based random numbers. */
#include "base/random.h"
#include <mlrt/plugin.h>
#include "tap.h"

/* Known answers of Random123 (kat_vectors, philox4x32 10), which Salmon et al. 2011 published with the paper. A block is
 * counters 0 and 1, the step counters 2 and 3. */
static const struct known {
    const char *name;
    uint32_t counter[4], key[2], want[4];
} known[] = {
    {"zeros", {0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {"ones",
     {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {"pi",
     {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

static void test_known(void) {
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const struct known *k = &known[i];
        uint32_t got[4];
        mlrt__philox((mlrt__philox_key){k->key[0], k->key[1], k->counter[2], k->counter[3]},
                     (uint64_t)k->counter[1] << 32 | k->counter[0], got);
        if (!ok(memcmp(got, k->want, sizeof got) == 0, "philox4x32-10 of %s", k->name))
            diag("got %08x %08x %08x %08x", got[0], got[1], got[2], got[3]);
    }
}

static void test_ranges(void) {
    enum { COUNT = 20000 };
    double sum = 0, squares = 0, low = 1, high = 0, gauss = 0, gauss2 = 0;
    for (uint64_t i = 0; i < COUNT; i++) {
        const double u = mlrt_random_f64(1, 2, i), g = mlrt_random_gauss(1, 3, i);
        sum += u, squares += u * u, gauss += g, gauss2 += g * g;
        low = fmin(low, u), high = fmax(high, u);
    }
    ok(low >= 0 && high < 1, "uniform numbers lie in [0, 1)");
    /* Five standard errors: 5 / sqrt(12 COUNT), and so on. */
    is_close(sum / COUNT, 0.5, 0.011, "their mean is a half");
    is_close(squares / COUNT, 1.0 / 3, 0.011, "and their mean square a third");
    is_close(gauss / COUNT, 0, 0.036, "the mean of the normal ones is 0");
    is_close(gauss2 / COUNT, 1, 0.05, "and their variance 1");
    ok(mlrt__unit_f32(0) == 0 && mlrt__unit_f32(UINT32_MAX) < 1, "f32 numbers lie in [0, 1) too");

    int64_t seen[7] = {0};
    for (uint64_t i = 0; i < 7 * COUNT; i++) seen[mlrt_random_below(1, 4, i, 7)]++;
    int64_t worst = 0;
    for (int i = 0; i < 7; i++) worst = llabs(seen[i] - COUNT) > worst ? llabs(seen[i] - COUNT) : worst;
    ok(worst < 5 * 131, "numbers below 7 come equally often"); /* sqrt(7 COUNT 1/7 6/7) = 131 */
    is_int((int64_t)mlrt_random_below(1, 4, 0, 1), 0, "the only number below 1 is 0");
}

static void test_streams(void) {
    int same = 0;
    for (uint64_t i = 0; i < 64; i++) {
        same += mlrt_random_u32(1, 0, i) == mlrt_random_u32(2, 0, i);
        same += mlrt_random_u32(1, 0, i) == mlrt_random_u32(1, 1, i);
        same += mlrt_random_u32(1, 0, i) == mlrt_random_u32(1, 0, i + 1);
    }
    is_int(same, 0, "another seed, stream or index gives another number");
    is_int(mlrt_random_u32(5, 6, 7), mlrt_random_u32(5, 6, 7), "the same three give the same number");
    ok(mlrt_stream("dropout") != mlrt_stream("shuffle"), "names have streams of their own");
    is_int((int64_t)mlrt_stream(""), (int64_t)0xcbf29ce484222325u, "a stream is the FNV-1a hash of its name");
}

static void shuffled(uint64_t seed, int64_t *items, int64_t count) {
    for (int64_t i = 0; i < count; i++) items[i] = i;
    mlrt_random_shuffle(seed, 0, items, count);
}

static void test_shuffle(void) {
    enum { COUNT = 1000 };
    int64_t a[COUNT], b[COUNT], c[COUNT], moved = 0, different = 0;
    bool seen[COUNT] = {0};
    shuffled(1, a, COUNT), shuffled(1, b, COUNT), shuffled(2, c, COUNT);
    int64_t found = 0;
    for (int i = 0; i < COUNT; i++) {
        moved += a[i] != i;
        different += a[i] != c[i];
        if (a[i] >= 0 && a[i] < COUNT && !seen[a[i]]) seen[a[i]] = true, found++;
    }
    is_int(found, COUNT, "a shuffle is a permutation");
    ok(moved > 950, "that moves nearly everything");
    ok(memcmp(a, b, sizeof a) == 0, "the same seed gives the same order");
    ok(different > 950, "another seed another one");

    /* Each of the six orders of three things, of 6000: 1000 give or take five times sqrt(6000 1/6 5/6) = 29. */
    int64_t orders[9] = {0}, three[3], worst = 0;
    for (uint64_t seed = 0; seed < 6000; seed++) {
        shuffled(seed, three, 3);
        orders[3 * three[0] + three[1]]++;
    }
    for (int i = 0; i < 9; i++)
        if (i % 4) worst = llabs(orders[i] - 1000) > worst ? llabs(orders[i] - 1000) : worst;
    ok(worst < 5 * 29, "all orders are equally likely");
    mlrt_random_shuffle(1, 0, NULL, 0);
    ok(true, "nothing can be shuffled");
}

int main(void) {
    test_known();
    test_ranges();
    test_streams();
    test_shuffle();
    return done_testing();
}
