# curve.sh - the learning curve of run 1 of coefficient_from_key; after tap.sh.
cd "$WORK" || exit 1
experiment=$MLRT_TESTS/../experiments/coefficient_from_key.lua

# curve: epoch, accuracy, magnitude accuracy, sign accuracy and training loss of each evaluation.
curve() {
    mlrt export 1 | awk -F, '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        { print $at["epoch"], $at["test.accuracy"], $at["test.magnitude_accuracy"], $at["test.sign_accuracy"],
                $at["training_loss"] }'
}

# any CONDITION, last CONDITION: it holds in a line of the file `points`, or in the last one. The columns have names.
any() {
    awk -v accuracy=2 -v magnitude=3 -v sign=4 -v loss=5 "$1 { found = 1 } END { print; exit !found }" "${2:-points}"
}
last() { tail -n 1 points >end; any "$1" end; }
