#!/bin/sh
# parents.t - runs the program parents, which takes too long for every day.
exec tests/amplitudes/parents
