/* kernel.c - finds the kernel of an op for this machine, and keeps the number of threads. */
#include "kernels/kernel.h"
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#define DECLARE_AT(family, level) extern const mlrt__kernel mlrt__kernels_##family##_##level[];
#define DECLARE(family)           MLRT__KERNEL_LEVELS(DECLARE_AT, family)
#define DECLARE_SINGLE(family)    extern const mlrt__kernel mlrt__kernels_##family[];
MLRT__KERNEL_FAMILIES(DECLARE)
MLRT__SINGLE_FAMILIES(DECLARE_SINGLE)

#define ROW_AT(family, level)    mlrt__kernels_##family##_##level,
#define ROW(family)              {MLRT__KERNEL_LEVELS(ROW_AT, family)},
#define SINGLE_AT(family, level) mlrt__kernels_##family,
#define SINGLE(family)           {MLRT__KERNEL_LEVELS(SINGLE_AT, family)},
#define NAME(prefix, level)      prefix #level,
#define TEXT(family)             #family,

static const char *const level_name[] = {MLRT__KERNEL_LEVELS(NAME, MLRT__LEVEL_PREFIX)};
enum { LEVELS = sizeof level_name / sizeof *level_name };

/* The table of each family at each level. */
static const mlrt__kernel *const families[][LEVELS] = {MLRT__KERNEL_FAMILIES(ROW) MLRT__SINGLE_FAMILIES(SINGLE)};
static const char *const family_name[] = {MLRT__KERNEL_FAMILIES(TEXT) MLRT__SINGLE_FAMILIES(TEXT)};
enum { FAMILIES = sizeof families / sizeof *families };

const mlrt__kernel *mlrt__kernel_at(const char *op, int32_t level) {
    for (int32_t i = 0; i < FAMILIES; i++)
        for (const mlrt__kernel *k = families[i][level]; k->op; k++)
            if (strcmp(k->op, op) == 0) return k;
    return NULL;
}

const char *mlrt__kernel_family(const char *op) {
    for (int32_t i = 0; i < FAMILIES; i++)
        for (const mlrt__kernel *k = families[i][0]; k->op; k++)
            if (strcmp(k->op, op) == 0) return family_name[i];
    return NULL;
}

const char *mlrt__level_name(int32_t level) { return level >= 0 && level < LEVELS ? level_name[level] : NULL; }

static int32_t machine_level(void) {
#ifdef __x86_64__
    const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
    const bool v4 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                    __builtin_cpu_supports("avx512vl");
    return v3 + (v3 && v4);
#else
    return 0;
#endif
}

int32_t mlrt__cpu_level(void) {
    const int32_t best = machine_level();
    const char *asked = getenv("MLRT_CPU");
    for (int32_t level = 0; asked && level < best; level++)
        if (strcmp(asked, level_name[level] + strlen(MLRT__LEVEL_PREFIX)) == 0) return level;
    return best;
}

const mlrt__kernel *mlrt__kernel_find(const char *op) { return mlrt__kernel_at(op, mlrt__cpu_level()); }

const char *mlrt__kernel_level(void) { return level_name[mlrt__cpu_level()]; }

/* A team of our own size, asked for by name (num_threads), because the OpenMP setting belongs to the calling thread;
 * oneDNN and OpenBLAS follow the setting. */
static int32_t team;

int32_t mlrt__threads(void) { return team > 0 ? team : omp_get_max_threads(); }

void mlrt__set_threads(int32_t threads) {
    team = threads > 0 ? threads : omp_get_num_procs();
    omp_set_num_threads(team);
}

void mlrt__each(int64_t count, double work, void (*item)(void *context, int64_t i), void *context) {
    if (count < 2 || !mlrt__worth_threads(work)) {
        for (int64_t i = 0; i < count; i++) item(context, i);
        return;
    }
    const mlrt__float_mode mode = mlrt__get_float_mode();
#pragma omp parallel num_threads(mlrt__threads())
    {
        mlrt__set_float_mode(mode);
#pragma omp for
        for (int64_t i = 0; i < count; i++) item(context, i);
        mlrt__team_end(omp_get_thread_num());
    }
}
