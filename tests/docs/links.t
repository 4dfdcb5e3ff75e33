#!/bin/sh
# links.t - what README.md and docs/ point to is there: files, and headings in them.
. "$MLRT_TESTS/tap.sh"
cd "$MLRT_TESTS/.." || exit 1

# The name a heading has in a link: "Layers and paths" is #layers-and-paths.
headings() { sed -n 's/^##* //p' "$1" | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9_ -]//g; s/ /-/g'; }

for page in README.md docs/*.md; do
    broken=
    for link in $(grep -oE '\]\([^)]+\)' "$page" | sed 's/^](//; s/)$//'); do
        case $link in http*) continue ;; esac
        file=${link%%#*}
        target=$(dirname "$page")/$file
        [ -n "$file" ] || target=$page
        [ -f "$target" ] || { broken="$broken $link"; continue; }
        case $link in
        *\#*) headings "$target" | grep -qxF -e "${link#*#}" || broken="$broken $link" ;;
        esac
    done
    is "$broken" "" "the links of $page lead somewhere"
done
done_testing
