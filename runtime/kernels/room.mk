libmlrt_la_SOURCES += %D%/kernel.c %D%/kernel.h %D%/vmath.h %D%/attention.h %D%/few.h %D%/distance.h %D%/philox.h %D%/axis.h %D%/micro.h %D%/move.h %D%/nest.h %D%/team.h
libmlrt_la_SOURCES += %D%/ceiling.c %D%/ceiling.h %D%/conv.c %D%/gemm.h %D%/lanes.h %D%/blocks.c %D%/blocks.h %D%/linalg.c %D%/linalg.h %D%/matmul.c %D%/matmul.h %D%/onednn.c %D%/onednn.h %D%/softmax.h %D%/tile.h
EXTRA_DIST += %D%/vmath.py

# Compiled once for each CPU level, see kernel.h. FMA contraction is wanted; -ffast-math never is.
KERNEL_CFLAGS = $(AM_CFLAGS) -O3 -fno-math-errno -fno-trapping-math -ffp-contract=fast
KERNEL_LEVELS = %D%/elementwise.c %D%/index.c %D%/random.c %D%/reduce.c %D%/shape.c %D%/sort.c
KERNEL_LEVELS += %D%/attention.c %D%/loss.c %D%/norm.c %D%/pool.c %D%/rotate.c %D%/small_matmul.c %D%/softmax.c %D%/tile.c

if X86_64
noinst_LTLIBRARIES += libkernels_v2.la libkernels_v3.la libkernels_v4.la
libkernels_v2_la_SOURCES = $(KERNEL_LEVELS)
libkernels_v2_la_CPPFLAGS = $(AM_CPPFLAGS) -DMLRT_LEVEL=_v2
libkernels_v2_la_CFLAGS = $(KERNEL_CFLAGS) -march=x86-64-v2
libkernels_v3_la_SOURCES = $(KERNEL_LEVELS)
libkernels_v3_la_CPPFLAGS = $(AM_CPPFLAGS) -DMLRT_LEVEL=_v3
libkernels_v3_la_CFLAGS = $(KERNEL_CFLAGS) -march=x86-64-v3
libkernels_v4_la_SOURCES = $(KERNEL_LEVELS)
libkernels_v4_la_CPPFLAGS = $(AM_CPPFLAGS) -DMLRT_LEVEL=_v4
libkernels_v4_la_CFLAGS = $(KERNEL_CFLAGS) -march=x86-64-v4 -mprefer-vector-width=512
libmlrt_la_LIBADD += libkernels_v2.la libkernels_v3.la libkernels_v4.la

# Instructions beyond the levels, asked for one by one.
noinst_LTLIBRARIES += libkernels_bf16.la
libkernels_bf16_la_SOURCES = %D%/tile_bf16.c
libkernels_bf16_la_CFLAGS = $(KERNEL_CFLAGS) -march=x86-64-v4 -mprefer-vector-width=512 -mavx512bf16 -mamx-tile -mamx-bf16
libmlrt_la_LIBADD += libkernels_bf16.la
else
noinst_LTLIBRARIES += libkernels_base.la
libkernels_base_la_SOURCES = $(KERNEL_LEVELS)
libkernels_base_la_CPPFLAGS = $(AM_CPPFLAGS) -DMLRT_LEVEL=_base
libkernels_base_la_CFLAGS = $(KERNEL_CFLAGS)
libmlrt_la_LIBADD += libkernels_base.la
endif
