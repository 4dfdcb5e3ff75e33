libmlrt_la_SOURCES += %D%/array.c %D%/array.h %D%/array_csv.c %D%/array_decompose.c %D%/array_elements.c %D%/array_file.c \
	%D%/array_kmeans.c %D%/array_linalg.c %D%/array_make.c %D%/array_order.c %D%/array_reduce.c %D%/array_shape.c \
	%D%/array_task.c %D%/array_text.c %D%/bridge.h %D%/command.c %D%/command.h %D%/core.c %D%/core.h %D%/gnuplot.c %D%/held.c \
	%D%/held.h %D%/node.c %D%/node.h %D%/object.c %D%/object.h %D%/plot.c %D%/plot.h %D%/plot_script.c %D%/random.c \
	%D%/random.h %D%/recipe.c %D%/recipe.h %D%/sandbox.c %D%/state.c %D%/state.h %D%/store.c %D%/text.c %D%/text.h %D%/trainer.c %D%/workers.c
libmlrt_la_SOURCES += %D%/measure.c %D%/task_text.c

dist_lua_DATA += %D%/mlrt.lua
mlrtluadir = $(luadir)/mlrt
dist_mlrtlua_DATA = %D%/mlrt/arrays.lua %D%/mlrt/axis.lua %D%/mlrt/experiment.lua %D%/mlrt/facts.lua %D%/mlrt/grid.lua %D%/mlrt/handle.lua %D%/mlrt/model.lua \
	%D%/mlrt/observer.lua %D%/mlrt/pictures.lua %D%/mlrt/points.lua %D%/mlrt/progress.lua %D%/mlrt/run.lua %D%/mlrt/recipe.lua %D%/mlrt/results.lua %D%/mlrt/sweep.lua \
	%D%/mlrt/vocabulary.lua %D%/mlrt/words.lua
dist_mlrtlua_DATA += %D%/mlrt/bench.lua %D%/mlrt/predict.lua %D%/mlrt/stored.lua
