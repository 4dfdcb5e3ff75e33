dist_lua_DATA += %D%/effective_theory.lua %D%/phases.lua %D%/plot.lua %D%/representation.lua %D%/statistics.lua %D%/symbols.lua
dist_lua_DATA += %D%/linear_relations.lua
