plugin_LTLIBRARIES += %D%/amplitudes.la
# The symbol, which tests build in, and the tasks that learn from it.
AMPLITUDES_SYMBOL = %D%/ansatz.c %D%/bootstrap.c %D%/bootstrap.h %D%/clip.c %D%/clip.h %D%/condition.c %D%/condition.h \
	%D%/echelon.c %D%/echelon.h %D%/family.c %D%/family.h %D%/flux.c %D%/flux.h %D%/hexagon.c %D%/hexagon.h %D%/limit.c %D%/limit.h \
	%D%/modular.c %D%/modular.h %D%/octuple.c %D%/ope.c %D%/ope.h %D%/relation.c %D%/relation.h \
	%D%/source.c %D%/source.h %D%/space.c %D%/space.h \
	%D%/spelling.c %D%/spelling.h %D%/suffix.c %D%/suffix.h %D%/symbol.c %D%/symbol.h %D%/symbol_text.c %D%/work.c %D%/work.h
%C%_amplitudes_la_SOURCES = %D%/amplitudes.c %D%/claims.c %D%/claims.h %D%/coefficient.c %D%/number.c %D%/number.h \
	%D%/instance.c %D%/instance.h %D%/mixed_loop.c %D%/next_loop.c %D%/parents.c %D%/parents.h %D%/relation_task.c %D%/split.c %D%/split.h \
	%D%/strike_two.c %D%/symbol_task.c %D%/zeros.c %D%/zeros.h $(AMPLITUDES_SYMBOL)
%C%_amplitudes_la_CFLAGS = $(AM_CFLAGS) -O2 -fvisibility=hidden
%C%_amplitudes_la_LDFLAGS = $(PLUGIN_LINK)
%C%_amplitudes_la_LIBADD = -lm
%C%_amplitudes_la_DEPENDENCIES = libmlrt.la
