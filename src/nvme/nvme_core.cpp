// SPDX-License-Identifier: GPL-2.0
// The one C++ object of mpath_nvme.ko; src/core/core.cpp says why there is one.
#include "backend.cpp"
#include "core/ana_log.cpp"
#include "core/ana_pace.cpp"
#include "core/decide.cpp"
#include "core/retry.cpp"
