// SPDX-License-Identifier: GPL-2.0
// Force-included into every C++ object: nothing is visible outside the module
// but what module.c exports. A command-line flag would miss extern declarations.
#pragma GCC visibility push(hidden)
