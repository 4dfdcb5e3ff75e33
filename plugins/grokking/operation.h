/* operation.h - the binary operations a o b = c, a row each.
 *
 * Operands are numbers 0 .. p-1; those of `permute` count the p! permutations of p things in lexicographic order.
 */
#ifndef GROKKING_OPERATION_H
#define GROKKING_OPERATION_H

#include <mlrt/base.h>

typedef struct operation {
    const char *name;
    bool commutes;
    int32_t most;                          /* the largest p */
    int32_t (*symbols)(int32_t p);         /* how many operands there are */
    int32_t (*classes)(int32_t p);         /* how many results */
    bool (*allowed)(int32_t a, int32_t b); /* NULL: all pairs are */
    int32_t (*apply)(int32_t p, int32_t a, int32_t b);
} operation;

enum { OPERATIONS = 7, SYMBOL_TEXT = 12 };
extern const operation operations[OPERATIONS];
extern const char *const operation_names[OPERATIONS + 1];
enum { DIVIDE_MOD = 4, PERMUTE = 6 };

bool is_prime(int32_t p);
/* An operand or result for people: "17", or "213" for the permutation that takes 1 to 2, 2 to 1 and 3 to 3. */
void symbol_text(const operation *o, int32_t p, int32_t symbol, char text[SYMBOL_TEXT]);

#endif
