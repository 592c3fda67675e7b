// SPDX-License-Identifier: GPL-2.0
// The one C++ object of libmultipath_cxx.ko. One translation unit keeps gcc's
// ftrace records out of comdat groups, which the kernel's link cannot discard.
#include "lifetime.cpp"
#include "template_check.cpp"
#include "selector.cpp"
#include "select_numa.cpp"
#include "select_round_robin.cpp"
#include "select_queue_depth.cpp"
#include "head.cpp"
#include "dispatch.cpp"
#include "entry.cpp"
