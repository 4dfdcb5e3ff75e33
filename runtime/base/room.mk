libmlrt_la_SOURCES += %D%/arena.c %D%/arena.h %D%/error.c %D%/file.c %D%/file.h %D%/float_mode.h %D%/interrupt.c %D%/interrupt.h %D%/library.c %D%/library.h %D%/random.c %D%/random.h %D%/text.c %D%/text.h \
	%D%/workers.c %D%/workers.h
