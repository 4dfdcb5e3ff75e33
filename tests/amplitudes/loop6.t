#!/bin/sh
# loop6.t - runs the program loop6, which takes too long for every day.
exec tests/amplitudes/loop6
