# TAP programs by room. A test program links libmlrt.la and whatever else its room says.
LDADD = libmlrt.la -lm

include tests/base/room.mk
include tests/tensor/room.mk
include tests/graph/room.mk
include tests/kernels/room.mk
include tests/program/room.mk
include tests/plugin/room.mk
include tests/train/room.mk
include tests/store/room.mk
include tests/dsl/room.mk
include tests/core/room.mk
include tests/amplitudes/room.mk
include tests/system/room.mk
