#!/bin/sh
set -e
cd "$(dirname "$0")"
mkdir -p m4 build-aux
autoreconf --install --force
mkdir -p build && cd build && ../configure "$@" && make -j"$(nproc)"
