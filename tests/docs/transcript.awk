# transcript.awk - does a session go as the page says? Reads the page's lines, then those that came; prints the first that differ.
#
# Numbers may differ, but not where a line of a script is named. A line "..." stands for any lines, or none; "..." at the
# end of a line for its rest.

function plain(line) {
    if (line !~ /\.lua:[0-9]+/) gsub(/-?[0-9][0-9,]*(\.[0-9]+)?(e[-+][0-9]+)?/, "0", line)
    gsub(/[ \t]+/, " ", line)
    sub(/ $/, "", line)
    return line
}

function same(want, came) {
    want = plain(want)
    came = plain(came)
    if (want ~ /\.\.\.$/) {
        want = substr(want, 1, length(want) - 3)
        came = substr(came, 1, length(want))
    }
    return want == came
}

FNR == NR { want[++wants] = $0; next }
{ got[++gots] = $0 }

# Do the page's lines from w on fit those that came from g on? Keeps how far it got for the message.
function fits(w, g,    k) {
    if (w > far) { far = w; at = g }
    if (w > wants) return g > gots
    if (want[w] != "...") return g <= gots && same(want[w], got[g]) && fits(w + 1, g + 1)
    for (k = g; k <= gots + 1; k++) if (fits(w + 1, k)) return 1
    return 0
}

END {
    if (fits(1, 1)) exit 0
    print "want: " (far > wants ? "no more" : want[far])
    print " got: " (at > gots ? "no more" : got[at])
    exit 1
}
