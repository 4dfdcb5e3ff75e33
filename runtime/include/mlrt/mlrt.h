/* mlrt.h - everything a plugin may use. */
#ifndef MLRT_MLRT_H
#define MLRT_MLRT_H
#include <mlrt/base.h>
#include <mlrt/graph.h>
#include <mlrt/plugin.h>
#include <mlrt/tensor.h>
#endif
