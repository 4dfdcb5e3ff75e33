libmlrt_la_SOURCES += %D%/program.h %D%/calls.h %D%/compile.h %D%/program.c %D%/rewrite.c %D%/recompute.c %D%/narrow.c %D%/ragged.c %D%/order.c %D%/plan.c %D%/explain.c \
	%D%/params.c
