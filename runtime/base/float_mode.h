/* float_mode.h - what a thread does with denormals, the numbers between zero and the smallest normal one (1e-38 in f32).
 *
 * Arithmetic with them takes up to a hundred times as long as with others, and what decays for long comes there: weights,
 * their gradients, Adam's moments. So a step of training takes them for zeros and gives zeros in their place, in each
 * thread that it runs on; everything else keeps them. The mode is the thread's own, a new thread has that of its maker.
 * Where a processor has no such mode, nothing here does anything.
 */
#ifndef MLRT__FLOAT_MODE_H
#define MLRT__FLOAT_MODE_H

#if defined __x86_64__ && defined __GNUC__
enum { MLRT__FLUSHING = 0x8040, MLRT__FLOAT_FLAGS = 0x3f }; /* MXCSR: results, operands; what has happened up to now */
typedef unsigned int mlrt__float_mode;
static inline mlrt__float_mode mlrt__get_float_mode(void) {
    mlrt__float_mode mode;
    __asm__ volatile("stmxcsr %0" : "=m"(mode) : : "memory");
    return mode & ~(mlrt__float_mode)MLRT__FLOAT_FLAGS;
}
static inline void mlrt__set_float_mode(mlrt__float_mode mode) {
    __asm__ volatile("ldmxcsr %0" : : "m"(mode) : "memory");
}
#elif defined __aarch64__ && defined __GNUC__
enum { MLRT__FLUSHING = 1 << 24 }; /* FPCR: both */
typedef unsigned long mlrt__float_mode;
static inline mlrt__float_mode mlrt__get_float_mode(void) {
    mlrt__float_mode mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode) : : "memory");
    return mode;
}
static inline void mlrt__set_float_mode(mlrt__float_mode mode) {
    __asm__ volatile("msr fpcr, %0" : : "r"(mode) : "memory");
}
#else
enum { MLRT__FLUSHING = 0 };
typedef unsigned int mlrt__float_mode;
static inline mlrt__float_mode mlrt__get_float_mode(void) { return 0; }
static inline void mlrt__set_float_mode(mlrt__float_mode mode) { (void)mode; }
#endif

/* Both give the mode that was there before, to be set again. */
static inline mlrt__float_mode mlrt__flush_denormals(void) {
    const mlrt__float_mode before = mlrt__get_float_mode();
    mlrt__set_float_mode(before | MLRT__FLUSHING);
    return before;
}
static inline mlrt__float_mode mlrt__keep_denormals(void) {
    const mlrt__float_mode before = mlrt__get_float_mode();
    mlrt__set_float_mode(before & ~(mlrt__float_mode)MLRT__FLUSHING);
    return before;
}

#endif
