plugin_LTLIBRARIES += %D%/grokking.la
%C%_grokking_la_SOURCES = %D%/binary_operation.c %D%/grokking.c %D%/operation.c %D%/operation.h
%C%_grokking_la_CFLAGS = $(AM_CFLAGS) -O2 -fvisibility=hidden
%C%_grokking_la_LDFLAGS = $(PLUGIN_LINK)
%C%_grokking_la_DEPENDENCIES = libmlrt.la
