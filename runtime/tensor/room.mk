libmlrt_la_SOURCES += %D%/npy.c %D%/npy.h %D%/safetensors.c %D%/safetensors.h %D%/safetensors_header.c \
	%D%/safetensors_write.c %D%/tensor.c
