mlrtincludedir = $(includedir)/mlrt
mlrtinclude_HEADERS = runtime/include/mlrt/base.h runtime/include/mlrt/graph.h runtime/include/mlrt/mlrt.h \
	runtime/include/mlrt/plugin.h runtime/include/mlrt/tensor.h

libmlrt_la_SOURCES += \
	%D%/arrays.c %D%/arrays.h \
	%D%/cache.c \
	%D%/data.c \
	%D%/host.c %D%/host.h \
	%D%/index.c %D%/index.h \
	%D%/inspect.c %D%/inspect.h %D%/inspect_json.c %D%/inspect_markdown.c %D%/inspect_plain.c \
	%D%/kinds.c %D%/kinds.h \
	%D%/layer.c %D%/layer.h \
	%D%/loader.c %D%/loader.h \
	%D%/new.c %D%/new.h \
	%D%/props.c %D%/props.h \
	%D%/registry.c %D%/registry.h \
	%D%/value.c %D%/value.h \
	%D%/vet.c %D%/vet.h

# What `mlrt new` writes, as strings: layer.c.in becomes layer_c_in.
PLUGIN_TEMPLATES = %D%/templates/experiment.lua.in %D%/templates/layer.c.in %D%/templates/loss.c.in \
	%D%/templates/optimizer.c.in %D%/templates/plugin.t.in %D%/templates/schedule.c.in %D%/templates/task.c.in
EXTRA_DIST += $(PLUGIN_TEMPLATES)
BUILT_SOURCES += %D%/templates.h
CLEANFILES += %D%/templates.h
%D%/templates.h: $(PLUGIN_TEMPLATES)
	$(AM_V_GEN)$(MKDIR_P) %D% && for file in $^; do \
	  echo "static const char $$(basename $$file | tr . _)[] ="; \
	  sed 's/[\"]/\\&/g; s/^/    "/; s/$$/\\n"/; $$s/$$/;/' $$file; \
	done > $@.tmp && mv $@.tmp $@
