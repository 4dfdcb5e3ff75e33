#!/bin/sh
# phases_long.t - the experiment as it is: the paper's two phases on the four-loop symbol, to the end. Minutes.
. "$MLRT_TESTS/tap.sh"
. "$MLRT_TESTS/system/curve.sh"

mlrt run "$experiment" | sed 's/^/# /'
curve >points
ok "the experiment runs" [ -s points ]
ok "magnitudes are learned while signs are not: above 90% and below 75%" any '$magnitude > 0.9 && $sign < 0.75'
ok "then signs are: at the end 99 of 100 words are right" last '$accuracy >= 0.99'
diag "accuracy $(tail -n 1 points | cut -d' ' -f2) after epoch $(tail -n 1 points | cut -d' ' -f1)"
done_testing
