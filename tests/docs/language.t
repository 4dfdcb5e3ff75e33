#!/bin/sh
# language.t - docs/language.md has every word of the language and of the command.
. "$MLRT_TESTS/tap.sh"
top=$MLRT_TESTS/..
cd "$WORK" || exit 1

# The words of the page that stand in code: between backticks, or in blocks.
awk '/^```/ { inside = !inside; next } inside { print; next } { n = split($0, part, "`"); for (i = 2; i <= n; i += 2) print part[i] }' \
    "$top/docs/language.md" | grep -oE -- '(--)?[A-Za-z_][A-Za-z0-9_]*' | sort -u >said

# documented WHAT: each word that comes in is on the page.
documented() {
    sort -u >words
    is "$(grep -vxF -f said words | tr '\n' ' ')" "" "every word of $1 is there"
    [ -s words ] || is nothing words "some words of $1 were found"
}

cat >words.lua <<'E1'
local mlrt = require "mlrt"
local part = ({
  mlrt = mlrt, node = mlrt.node, array = mlrt.array, random = mlrt.array.random, init = mlrt.init,
  statistics = require "statistics", plot = mlrt.plot, phases = require "phases",
  representation = require "representation", effective_theory = require "effective_theory",
})
for name, words in pairs(part) do
  for word in pairs(words) do print(name, word) end
end
E1
mlrt run words.lua | grep -vE '	(__.*|curves_of)$' >all
for part in mlrt node array random init statistics plot phases representation effective_theory; do
    sed -n "s/^$part	//p" all >some
    documented "$part" <some
done

# The keys of a table in Lua: table NAME FILE
table() {
    awk -v head="local $1 = {" 'index($0, head) == 1 { on = 1; $0 = substr($0, length(head)) }
        on { sub(/--.*/, ""); print } on && /}$/ { exit }' "$top/dsl/mlrt/$2" | grep -oE '[a-z_]+ =' | sed 's/ =//'
}
for name in setup_words train_words stop_words; do
    table $name recipe.lua >some
    documented $name <some
done
sed -n 's/^function Run:\([a-z_]*\).*/\1/p' "$top/dsl/mlrt/handle.lua" >some
documented "a run" <some
sed -n 's/.*{"\([a-z_]*\)", random_.*/\1/p' "$top/dsl/random.c" >some
documented "a generator" <some

mlrt help | sed -n 's/^  mlrt \([a-z]*\).*/\1/p' >verbs
documented "the command" <verbs
while read -r verb; do mlrt "$verb" --help; done <verbs | sed -n 's/^  \(--[a-z]*\).*/\1/p' >some
documented "the options" <some
find "$top/runtime" "$top/dsl" -name '*.c' -o -name '*.lua' | xargs grep -hoE '(getenv\(|core\.environment )"[A-Z_]+"' |
    grep -oE '[A-Z_]{4,}' >some
documented "the environment" <some
done_testing
