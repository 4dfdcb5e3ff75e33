libmlrt_la_SOURCES += %D%/node.h %D%/ops.h
