// SPDX-License-Identifier: GPL-2.0
// The one C++ object of libmultipath_cxx.ko. One translation unit keeps gcc's
// ftrace records out of comdat groups, which the kernel's link cannot discard.
#include "lifetime.cpp"
#include "template_check.cpp"
#include "parse.cpp"
#include "health.cpp"
#include "selector.cpp"
#include "head.cpp"
#include "dispatch.cpp"
#include "entry.cpp"
