mlrtincludedir = $(includedir)/mlrt
mlrtinclude_HEADERS = runtime/include/mlrt/base.h runtime/include/mlrt/graph.h runtime/include/mlrt/mlrt.h \
	runtime/include/mlrt/plugin.h runtime/include/mlrt/tensor.h

libmlrt_la_SOURCES += \
	%D%/data.c \
	%D%/inspect.c %D%/inspect.h %D%/inspect_json.c %D%/inspect_markdown.c %D%/inspect_plain.c \
	%D%/kinds.c %D%/kinds.h \
	%D%/layer.c %D%/layer.h \
	%D%/loader.c %D%/loader.h \
	%D%/props.c %D%/props.h \
	%D%/registry.c %D%/registry.h \
	%D%/value.c %D%/value.h \
	%D%/vet.c %D%/vet.h
