dist_lua_DATA += %D%/plot.lua %D%/statistics.lua
