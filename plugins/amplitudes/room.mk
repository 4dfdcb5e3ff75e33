plugin_LTLIBRARIES += %D%/amplitudes.la
%C%_amplitudes_la_SOURCES = %D%/amplitudes.c %D%/coefficient.c %D%/symbol.c %D%/symbol.h
%C%_amplitudes_la_CFLAGS = $(AM_CFLAGS) -O2 -fvisibility=hidden
%C%_amplitudes_la_LDFLAGS = $(PLUGIN_LINK)
%C%_amplitudes_la_LIBADD = -lm
%C%_amplitudes_la_DEPENDENCIES = libmlrt.la

symboldir = $(datasetdir)/symbol
dist_symbol_DATA = %D%/data/symbol/L3.txt %D%/data/symbol/L4.txt
