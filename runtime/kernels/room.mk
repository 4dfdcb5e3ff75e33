libmlrt_la_SOURCES += %D%/kernel.h

# Compiled once for each CPU level, see kernel.h. FMA contraction is wanted; -ffast-math never is.
KERNEL_LEVELS =
KERNEL_CFLAGS = $(AM_CFLAGS) -O3 -fno-math-errno -fno-trapping-math -ffp-contract=fast
