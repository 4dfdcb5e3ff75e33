plugin_LTLIBRARIES += %D%/amplitudes.la
AMPLITUDES_BOOTSTRAP = %D%/ansatz.c %D%/bootstrap.c %D%/bootstrap.h %D%/clip.c %D%/clip.h %D%/condition.c %D%/condition.h \
	%D%/echelon.c %D%/echelon.h %D%/family.c %D%/family.h %D%/flux.c %D%/flux.h %D%/limit.c %D%/limit.h \
	%D%/modular.c %D%/modular.h %D%/ope.c %D%/ope.h %D%/relation.c %D%/relation.h %D%/space.c %D%/space.h \
	%D%/symbol.c %D%/symbol.h %D%/symbol_text.c %D%/work.c %D%/work.h
%C%_amplitudes_la_SOURCES = %D%/amplitudes.c %D%/coefficient.c %D%/source.c %D%/source.h %D%/symbol_task.c \
	$(AMPLITUDES_BOOTSTRAP)
%C%_amplitudes_la_CFLAGS = $(AM_CFLAGS) -O2 -fvisibility=hidden
%C%_amplitudes_la_LDFLAGS = $(PLUGIN_LINK)
%C%_amplitudes_la_LIBADD = -lm
%C%_amplitudes_la_DEPENDENCIES = libmlrt.la
