/* operation.c - the binary operations a o b = c. */
#include "operation.h"
#include <stdio.h>

enum { MOST_THINGS = 6, MOST_NUMBERS = 2000 };

/* ---- numbers ---- */

static int32_t all(int32_t p) { return p; }
static int32_t sums(int32_t p) { return 2 * p - 1; }

static int32_t add(int32_t p, int32_t a, int32_t b) { return (void)p, a + b; }
static int32_t add_mod(int32_t p, int32_t a, int32_t b) { return (a + b) % p; }
static int32_t subtract_mod(int32_t p, int32_t a, int32_t b) { return (a - b + p) % p; }
static int32_t multiply_mod(int32_t p, int32_t a, int32_t b) { return a * b % p; }
static int32_t polynomial_mod(int32_t p, int32_t a, int32_t b) { return (a * a % p + a * b % p + b * b % p) % p; }

/* a b^(p-2), by Fermat's little theorem. */
static int32_t divide_mod(int32_t p, int32_t a, int32_t b) {
    int32_t power = b, result = a;
    for (int32_t e = p - 2; e; e /= 2, power = power * power % p)
        if (e % 2) result = result * power % p;
    return result;
}

static bool divides(int32_t a, int32_t b) { return (void)a, b != 0; }

bool is_prime(int32_t p) {
    for (int32_t d = 2; d * d <= p; d++)
        if (p % d == 0) return false;
    return p > 1;
}

/* ---- permutations ---- */

static int32_t factorial(int32_t n) { return n < 2 ? 1 : n * factorial(n - 1); }

/* The permutation with this number: the i-th digit in the factorial base counts the smaller of those that are left. */
static void permutation(int32_t n, int32_t number, int32_t image[MOST_THINGS]) {
    bool used[MOST_THINGS] = {0};
    for (int32_t i = 0; i < n; i++) {
        int32_t smaller = number / factorial(n - 1 - i) % (n - i), k = 0;
        while (used[k] || smaller-- > 0) k++;
        used[k] = true;
        image[i] = k;
    }
}

static int32_t number_of(int32_t n, const int32_t *image) {
    int32_t number = 0;
    for (int32_t i = 0; i < n; i++) {
        int32_t smaller = 0;
        for (int32_t k = i + 1; k < n; k++) smaller += image[k] < image[i];
        number += smaller * factorial(n - 1 - i);
    }
    return number;
}

/* (a b)(i) = a(b(i)) */
static int32_t permute(int32_t n, int32_t a, int32_t b) {
    int32_t first[MOST_THINGS], second[MOST_THINGS], both[MOST_THINGS];
    permutation(n, a, second);
    permutation(n, b, first);
    for (int32_t i = 0; i < n; i++) both[i] = second[first[i]];
    return number_of(n, both);
}

/* ---- the rows ---- */

const operation operations[OPERATIONS] = {
    {"add", true, MOST_NUMBERS, all, sums, NULL, add},
    {"add_mod", true, MOST_NUMBERS, all, all, NULL, add_mod},
    {"subtract_mod", false, MOST_NUMBERS, all, all, NULL, subtract_mod},
    {"multiply_mod", true, MOST_NUMBERS, all, all, NULL, multiply_mod},
    [DIVIDE_MOD] = {"divide_mod", false, MOST_NUMBERS, all, all, divides, divide_mod},
    {"polynomial_mod", true, MOST_NUMBERS, all, all, NULL, polynomial_mod},
    [PERMUTE] = {"permute", false, MOST_THINGS, factorial, factorial, NULL, permute},
};

const char *const operation_names[] = {"add",        "add_mod",        "subtract_mod", "multiply_mod",
                                       "divide_mod", "polynomial_mod", "permute",      NULL};

void symbol_text(const operation *o, int32_t p, int32_t symbol, char text[SYMBOL_TEXT]) {
    int32_t image[MOST_THINGS];
    if (o != &operations[PERMUTE]) {
        snprintf(text, SYMBOL_TEXT, "%d", symbol);
        return;
    }
    permutation(p, symbol, image);
    for (int32_t i = 0; i < p; i++) text[i] = (char)('1' + image[i]);
    text[p] = 0;
}
