libmlrt_la_SOURCES += %D%/array.c %D%/array.h %D%/array_elements.c %D%/array_kmeans.c %D%/array_linalg.c \
	%D%/array_make.c %D%/array_order.c %D%/array_reduce.c %D%/array_shape.c %D%/array_text.c %D%/bridge.h %D%/gnuplot.c %D%/plot.c %D%/plot.h %D%/plot_script.c \
	%D%/random.c %D%/random.h %D%/sandbox.c %D%/text.c %D%/text.h
