-- How luacheck reads our Lua; `make lint` runs it.
std = "lua54"
cache = false
max_line_length = 120
ignore = { "212/_.*", "212/self" } -- arguments that a callback is given and does not use
