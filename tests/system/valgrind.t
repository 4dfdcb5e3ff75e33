#!/bin/sh
# valgrind.t - the programs of $VALGRIND_TESTS under memcheck; `make check-valgrind` runs it alone.
. "$MLRT_TESTS/tap.sh"
command -v valgrind >/dev/null || skip_all "no valgrind here"

# Valgrind knows no AVX-512, and one thread is enough to find what it looks for.
export MLRT_CPU=v3 ONEDNN_MAX_CPU_ISA=AVX2 OPENBLAS_CORETYPE=Haswell OMP_NUM_THREADS=1

for program in $VALGRIND_TESTS; do
    ok "$program" valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \
        --show-leak-kinds=definite --suppressions="$MLRT_TESTS/system/valgrind.supp" "$PWD/$program"
done
done_testing
