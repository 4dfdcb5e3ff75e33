dist_lua_DATA += %D%/plot.lua
