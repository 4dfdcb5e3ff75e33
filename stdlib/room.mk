dist_lua_DATA += \
	%D%/effective_theory.lua \
	%D%/linear_relations.lua \
	%D%/phases.lua \
	%D%/plot.lua \
	%D%/representation.lua \
	%D%/statistics.lua \
	%D%/symbols.lua \
	%D%/toy_model.lua
dist_lua_DATA += %D%/letter_geometry.lua
