// SPDX-License-Identifier: GPL-2.0
// The only place that speaks of memory order.
//
// Atomic<T> is for data private to the core. load_once() reads a word that C
// or the backend writes with WRITE_ONCE or atomic_*(): a relaxed load of an
// aligned word is what READ_ONCE compiles to on x86-64 and arm64.
#pragma once

#include "abi.h"

namespace mpath {

template <typename T>
class Atomic {
	static_assert(sizeof(T) <= 8, "a wider atomic calls libatomic");

public:
	constexpr Atomic() noexcept = default;
	constexpr explicit Atomic(T v) noexcept : v_{v} {}
	Atomic(const Atomic &) = delete;
	Atomic &operator=(const Atomic &) = delete;

	[[nodiscard]] T relaxed() const noexcept { return __atomic_load_n(&v_, __ATOMIC_RELAXED); }
	[[nodiscard]] T acquire() const noexcept { return __atomic_load_n(&v_, __ATOMIC_ACQUIRE); }
	void set_relaxed(T v) noexcept { __atomic_store_n(&v_, v, __ATOMIC_RELAXED); }
	void release(T v) noexcept { __atomic_store_n(&v_, v, __ATOMIC_RELEASE); }

	// Read-modify-write; acquire and release, so that each also publishes.
	T add(T n) noexcept { return __atomic_fetch_add(&v_, n, __ATOMIC_ACQ_REL); }
	T set_bits(T n) noexcept { return __atomic_fetch_or(&v_, n, __ATOMIC_ACQ_REL); }
	T clear_bits(T n) noexcept { return __atomic_fetch_and(&v_, static_cast<T>(~n), __ATOMIC_ACQ_REL); }
	T exchange(T n) noexcept { return __atomic_exchange_n(&v_, n, __ATOMIC_ACQ_REL); }
	[[nodiscard]] bool replace(T from, T to) noexcept
	{
		return __atomic_compare_exchange_n(&v_, &from, to, false, __ATOMIC_ACQ_REL,
						   __ATOMIC_RELAXED);
	}

private:
	T v_{};
};

template <typename T>
[[nodiscard]] inline T load_once(const T *p) noexcept
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

} // namespace mpath
