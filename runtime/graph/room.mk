libmlrt_la_SOURCES += %D%/node.h %D%/ops.h %D%/build.h %D%/graph.c %D%/source.c %D%/elementwise.c %D%/shape.c \
	%D%/reduce.c %D%/index.c %D%/matmul.c %D%/row.c %D%/attention.c %D%/image.c %D%/grad.c %D%/unpad.c %D%/unpad.h
