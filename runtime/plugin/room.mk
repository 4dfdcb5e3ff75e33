mlrtincludedir = $(includedir)/mlrt
mlrtinclude_HEADERS = runtime/include/mlrt/base.h runtime/include/mlrt/graph.h runtime/include/mlrt/mlrt.h \
	runtime/include/mlrt/plugin.h runtime/include/mlrt/tensor.h
