/* binary_operation.c - the task grokking.binary_operation: its tables, splits, answers and accuracy. */
#include "fixture.h"
#include "tap.h"

enum { MOST = 1024, DIM = 30 };

typedef struct opened {
    fixture f; /* for its arena */
    mlrt_task *task;
    const mlrt_task_class *cls;
    mlrt_error err;
} opened;

static bool task_open(opened *o, const char *properties) {
    *o = (opened){.cls = (const mlrt_task_class *)fixture_class(MLRT_KIND_TASK, "grokking.binary_operation")};
    o->task = (mlrt_task *)fixture_object(&o->f, &o->cls->base, properties);
    return o->f.err.status == MLRT_OK && o->cls->open(o->task, &o->err) == MLRT_OK;
}

static void task_close(opened *o) {
    o->cls->close(o->task);
    fixture_free(&o->f);
}

typedef struct pair {
    int32_t a, b, c;
} pair;

/* The pairs of a split of a task whose answers are classes. */
static int64_t read_split(const opened *o, mlrt_split split, pair *out) {
    const int64_t count = o->task->size[split];
    for (int64_t i = 0; i < count; i++)
        o->cls->fetch(o->task, split, &i, 1, (void *[]){&out[i].a, &out[i].b, &out[i].c});
    return count;
}

static int64_t read_all(const opened *o, pair *out) {
    const int64_t train = read_split(o, MLRT_TRAIN, out);
    return train + read_split(o, MLRT_TEST, out + train);
}

/* table[a][b] = c, -1 where there is no pair; false when a pair comes twice. */
static bool read_table(const opened *o, int32_t table[32][32], int64_t *pairs) {
    static pair all[MOST];
    bool once = true;
    *pairs = read_all(o, all);
    memset(table, -1, sizeof(int32_t[32][32]));
    for (int64_t i = 0; i < *pairs; i++) {
        once &= table[all[i].a][all[i].b] < 0;
        table[all[i].a][all[i].b] = all[i].c;
    }
    return once;
}

/* ---- tables ---- */

static bool sum_is(int32_t p, int32_t a, int32_t b, int32_t c) { return (void)p, c == a + b; }
static bool sum_mod(int32_t p, int32_t a, int32_t b, int32_t c) { return c == (a + b) % p; }
static bool difference_mod(int32_t p, int32_t a, int32_t b, int32_t c) { return (c + b) % p == a; }
static bool product_mod(int32_t p, int32_t a, int32_t b, int32_t c) { return c == a * b % p; }
static bool quotient_mod(int32_t p, int32_t a, int32_t b, int32_t c) { return b != 0 && c * b % p == a; }
static bool polynomial(int32_t p, int32_t a, int32_t b, int32_t c) { return c == (a * a + a * b + b * b) % p; }

static void test_numbers(void) {
    static const struct {
        const char *properties;
        int32_t p, classes;
        int64_t pairs;
        bool (*right)(int32_t p, int32_t a, int32_t b, int32_t c);
    } rows[] = {{"operation = add, p = 10", 10, 19, 100, sum_is},
                {"operation = add, p = 10, unordered = true", 10, 19, 55, sum_is},
                {"operation = add_mod, p = 13", 13, 13, 169, sum_mod},
                {"operation = add_mod, p = 12, unordered = true", 12, 12, 78, sum_mod},
                {"operation = subtract_mod, p = 13", 13, 13, 169, difference_mod},
                {"operation = multiply_mod, p = 13", 13, 13, 169, product_mod},
                {"operation = divide_mod, p = 13", 13, 13, 156, quotient_mod},
                {"operation = divide_mod, p = 2", 2, 2, 2, quotient_mod},
                {"operation = polynomial_mod, p = 13", 13, 13, 169, polynomial}};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        opened o;
        int32_t table[32][32];
        int64_t pairs = 0, wrong = 0;
        if (!ok(task_open(&o, rows[r].properties), "%s", rows[r].properties)) diag("%s", o.err.message);
        ok(read_table(&o, table, &pairs), "no pair comes twice");
        is_int(pairs, rows[r].pairs, "all pairs are there");
        for (int32_t a = 0; a < rows[r].p; a++)
            for (int32_t b = 0; b < rows[r].p; b++)
                if (table[a][b] >= 0) wrong += !rows[r].right(rows[r].p, a, b, table[a][b]);
        is_int(wrong, 0, "and right");
        is_int(o.task->field[0].vocabulary->size, rows[r].p, "there are as many operands as said");
        is_int(o.task->field[o.task->fields - 1].vocabulary->size, rows[r].classes, "and as many results as can be");
        task_close(&o);
    }
}

/* The axioms of a group, and what is particular of S_n: n! elements, not commutative. */
static void test_permutations(void) {
    for (int32_t n = 3, order = 6; n <= 4; n++, order *= n) {
        opened o;
        char properties[64], text[16];
        int32_t table[32][32], without_inverse = 0, wrong = 0, swapped = 0;
        int64_t pairs;
        snprintf(properties, sizeof properties, "operation = permute, p = %d", n);
        ok(task_open(&o, properties) && read_table(&o, table, &pairs) && pairs == order * order, "products in S_%d", n);
        for (int32_t a = 0; a < order; a++) {
            bool inverse = false;
            wrong += table[a][0] != a || table[0][a] != a;
            for (int32_t b = 0; b < order; b++) {
                inverse |= table[a][b] == 0;
                swapped += table[a][b] != table[b][a];
                for (int32_t c = 0; c < order; c++) wrong += table[table[a][b]][c] != table[a][table[b][c]];
            }
            without_inverse += !inverse;
        }
        is_int(wrong, 0, "are associative, and 0 is the unit");
        is_int(without_inverse, 0, "every permutation has an inverse");
        ok(swapped > 0, "the order matters");
        const int32_t last = order - 1;
        o.cls->decode(o.task, 0, &last, text, sizeof text);
        is_str(text, n == 3 ? "321" : "4321", "a permutation's name is where it takes 1, 2, ...");
        task_close(&o);
    }
    /* (1 2) after (2 3) takes 1 to 2, 2 to 3 and 3 to 1. */
    opened o;
    int32_t table[32][32], swap_12 = -1, swap_23 = -1, cycle = -1;
    int64_t pairs;
    task_open(&o, "operation = permute, p = 3");
    read_table(&o, table, &pairs);
    for (int32_t i = 0; i < 6; i++) {
        char text[16];
        o.cls->decode(o.task, 0, &i, text, sizeof text);
        if (strcmp(text, "213") == 0) swap_12 = i;
        if (strcmp(text, "132") == 0) swap_23 = i;
        if (strcmp(text, "231") == 0) cycle = i;
    }
    is_int(table[swap_12][swap_23], cycle, "the second operand acts first");
    task_close(&o);
}

/* ---- splits ---- */

static void test_splits(void) {
    static pair one[MOST], two[MOST];
    opened o, again, other;
    task_open(&o, "operation = add, p = 10, unordered = true, train = 45");
    is_int(o.task->size[MLRT_TRAIN], 45, "so many pairs to train on");
    is_int(o.task->size[MLRT_TEST], 10, "leave the others for testing");
    task_open(&again, "operation = add, p = 10, unordered = true, train = 45");
    task_open(&other, "operation = add, p = 10, unordered = true, train = 45, seed = 1");
    read_all(&o, one);
    read_all(&again, two);
    ok(memcmp(one, two, sizeof(pair) * 55) == 0, "the same seed gives the same order");
    read_all(&other, two);
    ok(memcmp(one, two, sizeof(pair) * 55) != 0, "another seed another");
    task_close(&o), task_close(&again), task_close(&other);
    task_open(&o, "operation = add_mod, p = 10, train = 0.256");
    is_int(o.task->size[MLRT_TRAIN], 26, "a share is rounded to the nearest pair");
    task_close(&o);
    task_open(&o, "operation = add_mod, p = 10, train = 1");
    is_int(o.task->size[MLRT_TRAIN], 100, "1 is all");
    is_int(o.task->size[MLRT_TEST], 0, "and leaves none");
    task_close(&o);
}

/* ---- answers ---- */

typedef struct example {
    int32_t a, b, c;
    float vector[DIM];
} example;

static void read_example(const opened *o, int64_t i, example *e) {
    o->cls->fetch(o->task, MLRT_TRAIN, &i, 1, (void *[]){&e->a, &e->b, e->vector, &e->c});
}

/* How right a task finds these predictions for results c. */
static double accuracy(const opened *o, const float *prediction, int64_t width, int32_t *c, int64_t count) {
    const mlrt_shape shape = MLRT_SHAPE_OF(count);
    double sum = 0, weight = 0;
    mlrt_tensor field[MLRT_MAX_FIELDS] = {0};
    field[o->task->fields - 1] = (mlrt_tensor){MLRT_I32, shape, c};
    const mlrt_batch batch = {MLRT_TRAIN, count, {MLRT_F32, MLRT_SHAPE_OF(count, width), (void *)prediction}, field};
    o->cls->metrics[0].score(o->task, &batch, &sum, &weight);
    return sum / weight;
}

static void test_vectors(void) {
    enum { COUNT = 55 };
    static example all[COUNT];
    static float prediction[COUNT * DIM], target[COUNT * DIM];
    static int32_t c[COUNT];
    opened o, other;
    example one;
    int64_t differ = 0;
    double mean = 0, square = 0;
    task_open(&o, "operation = add, p = 10, unordered = true, answer = vector, train = 1");
    for (int64_t i = 0; i < COUNT; i++) {
        read_example(&o, i, &all[i]);
        memcpy(target + i * DIM, all[i].vector, sizeof all[i].vector);
        c[i] = all[i].c;
    }
    for (int32_t i = 0; i < COUNT; i++)
        for (int32_t k = 0; k < COUNT; k++)
            differ += (all[i].a + all[i].b == all[k].a + all[k].b) !=
                      (memcmp(all[i].vector, all[k].vector, sizeof all[i].vector) == 0);
    is_int(differ, 0, "pairs have one vector exactly when they have one sum");
    for (int32_t i = 0; i < COUNT * DIM; i++)
        mean += (double)target[i], square += (double)target[i] * (double)target[i];
    mean /= COUNT * DIM, square /= COUNT * DIM;
    ok(fabs(mean) < 0.1 && fabs(square - 1) < 0.15, "vectors are of normal numbers (mean %.3f, square %.3f)", mean,
       square);
    task_open(&other, "operation = add, p = 10, unordered = true, answer = vector, train = 1, seed = 3");
    read_example(&other, 0, &one);
    int32_t same = 0;
    for (int32_t i = 0; i < COUNT; i++) same += memcmp(all[i].vector, one.vector, sizeof one.vector) == 0;
    is_int(same, 0, "another seed draws others");
    task_close(&other);

    for (int32_t i = 0; i < COUNT * DIM; i++) prediction[i] = target[i] + 0.3f * sinf((float)i);
    is_close(accuracy(&o, prediction, DIM, c, COUNT), 1, 0, "what is nearest to its vector is right");
    memset(prediction, 0, sizeof(float) * DIM * 11);
    int32_t wrong = 0;
    for (int32_t i = 0; i < 11; i++) /* the origin is nearest to the shortest vector */
        wrong += accuracy(&o, prediction + i * DIM, DIM, c + i, 1) == 0;
    ok(wrong >= 8, "what is nearest to another is wrong");
    is_close(accuracy(&o, prediction, DIM, c, COUNT), 1 - wrong / (double)COUNT, 1e-12,
             "accuracy is the share of those that are right");
    char text[16], sum[16];
    o.cls->decode(o.task, 2, all[7].vector, text, sizeof text);
    snprintf(sum, sizeof sum, "%d", all[7].a + all[7].b);
    is_str(text, sum, "a vector is told by its number");
    task_close(&o);
}

static void test_classes(void) {
    static const float logits[] = {0, 1, -1, 5, 4, 3, -3, -2, -1, 0, 0, 7};
    int32_t c[] = {1, 0, 2, 1};
    opened o;
    task_open(&o, "operation = add_mod, p = 3");
    is_close(accuracy(&o, logits, 3, c, 4), 0.75, 1e-12, "of classes the largest logit answers");
    task_close(&o);
    task_open(&o, "operation = add, p = 3, answer = vector, dim = 4");
    ok(isnan(accuracy(&o, logits, 3, c, 4)), "a prediction of another length has no accuracy");
    task_close(&o);
}

static void test_refusals(void) {
    static const struct {
        const char *properties, *message;
    } rows[] = {
        {"operation = divide_mod, p = 12", "'p' must be a prime for 'divide_mod', got 12"},
        {"operation = permute, p = 7", "'p' must be at most 6 for 'permute', got 7"},
        {"operation = subtract_mod, unordered = true", "'unordered' pairs: 'subtract_mod' depends on the order"},
        {"operation = permute, p = 3, unordered = true", "'unordered' pairs: 'permute' depends on the order"},
        {"operation = add, p = 10, unordered = true, train = 56", "'train' = 56 takes 56 of 55 pairs"},
        {"operation = add, p = 10, train = 0.001", "'train' = 0.001 takes 0 of 100 pairs"},
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        opened o;
        ok(!task_open(&o, rows[r].properties), "%s is refused", rows[r].properties);
        is_str(o.err.message, rows[r].message, "with a reason");
        task_close(&o);
    }
}

int main(void) {
    test_numbers();
    test_permutations();
    test_splits();
    test_vectors();
    test_classes();
    test_refusals();
    return done_testing();
}
