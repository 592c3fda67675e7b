// SPDX-License-Identifier: GPL-2.0
// The C++ half: what is decided. The template is made by the compiler, which refuses one
// that breaks a rule.
#include <mpath/backend.hpp>

#include "example.h"

namespace {

/// Right before the path's struct mpath_device, see driver.c.
struct alignas(8) Path {
	bool gone;
	bool preferred;
};
static_assert(sizeof(Path) == EX_PATH_WORDS * 8);

struct ExampleBackend {
	using Path = ::Path;
	static Path &path_of(mpath_device *dev) { return mpath::object_before<Path>(dev); }

	static bool is_disabled(const Path &path) { return __atomic_load_n(&path.gone, __ATOMIC_RELAXED); }
	static bool is_optimized(const Path &path) { return path.preferred; }
	static bool available_path(const Path &path) { return !is_disabled(path); }

	// what touches the kernel's structures is C
	static constexpr auto get_path = ex_get_path;
	static constexpr auto put_path = ex_put_path;

	static constexpr mpath::Features features =
		mpath::Feature::kFailover | mpath::Feature::kStackLimits | mpath::Feature::kPlainBios;
};

} // namespace

constinit const mpath_head_template ex_template = mpath::make_template<ExampleBackend>();

void ex_object_init(void *object, unsigned int number) noexcept
{
	static_cast<Path *>(object)->preferred = number == 0;
}

void ex_object_gone(void *object) noexcept
{
	__atomic_store_n(&static_cast<Path *>(object)->gone, true, __ATOMIC_RELAXED);
}
