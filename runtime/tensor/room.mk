libmlrt_la_SOURCES += %D%/tensor.c
