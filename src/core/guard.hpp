// SPDX-License-Identifier: GPL-2.0
// Guards: what is entered is left, on every way out.
#pragma once

#include "abi.h"
#include "core_api.h"
#include "head.hpp"
#include "kernel_api.h"
#include "srcu_token.hpp"

namespace mpath {

/// A read section of a gate. Inside it the head, if there still is one, and
/// every path found through it stay valid.
class [[nodiscard]] SrcuSection final {
public:
	explicit SrcuSection(mpath_gate *gate) noexcept : gate_{gate}, idx_{mpk_gate_lock(gate)} {}
	~SrcuSection()
	{
		end();
	}
	SrcuSection(const SrcuSection &) = delete;
	SrcuSection &operator=(const SrcuSection &) = delete;

	/// nullptr once the head was removed.
	[[nodiscard]] Head *head() const noexcept
	{
		return reinterpret_cast<Head *>(mpk_gate_head(gate_));
	}
	[[nodiscard]] SrcuToken token() const noexcept { return {}; }

	void end() noexcept
	{
		if (gate_)
			mpk_gate_unlock(gate_, idx_);
		gate_ = nullptr;
	}

private:
	mpath_gate *gate_;
	int idx_;
};

/// A reference on a path by the driver's get_path. Outlives the section it was
/// taken in, and the head.
class [[nodiscard]] PathRef final {
public:
	PathRef() = default;
	/// Empty if the path is on its way out or the driver cannot pin.
	static PathRef try_pin(const Path &path, const mpc_ops &ops, SrcuToken) noexcept
	{
		PathRef ref;

		if (ops.get_path && ops.get_path(path.handle())) {
			ref.dev_ = path.handle();
			ref.put_ = ops.put_path; // not &ops: the head may be gone by then
		}
		return ref;
	}
	~PathRef()
	{
		if (dev_)
			put_(dev_);
	}
	PathRef(PathRef &&other) noexcept : dev_{other.dev_}, put_{other.put_}
	{
		other.dev_ = nullptr;
	}
	PathRef(const PathRef &) = delete;
	PathRef &operator=(const PathRef &) = delete;
	PathRef &operator=(PathRef &&) = delete;

	explicit operator bool() const noexcept { return dev_ != nullptr; }

	/// Somebody else puts it.
	void leave() noexcept { dev_ = nullptr; }

private:
	mpath_device *dev_ = nullptr;
	void (*put_)(mpath_device *) = nullptr;
};

} // namespace mpath
