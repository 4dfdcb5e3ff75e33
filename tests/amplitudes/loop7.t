#!/bin/sh
# loop7.t - runs the program loop7, which takes too long for every day.
exec tests/amplitudes/loop7
