plugin_LTLIBRARIES += %D%/core.la
%C%_core_la_SOURCES = %D%/activation.c %D%/adam.c %D%/attention.c %D%/batch_norm.c %D%/binary.c %D%/conv.c %D%/core.c \
	%D%/core.h %D%/cross_entropy.c %D%/dropout.c %D%/embedding.c %D%/linear.c %D%/lion.c %D%/norm.c \
	%D%/parameter.c %D%/position.c %D%/regression.c %D%/rmsprop.c %D%/schedules.c %D%/scheme.c %D%/seq2seq.c %D%/sgd.c %D%/shape.c \
	%D%/transformer.c
# The optimizers' loops are the hot code here.
%C%_core_la_CFLAGS = $(AM_CFLAGS) -O3 -fno-math-errno -fno-trapping-math -fvisibility=hidden
%C%_core_la_LDFLAGS = $(PLUGIN_LINK)
%C%_core_la_LIBADD = -lm
%C%_core_la_DEPENDENCIES = libmlrt.la
