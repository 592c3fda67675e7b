// SPDX-License-Identifier: GPL-2.0
// What selection is compared with: the algorithm of the in-kernel NVMe driver, which
// walks a list of paths, written anew from its description (Documentation/admin-guide/
// nvme-multipath.rst) and behaviour.
#pragma once

#include <atomic>
#include <list>

namespace list_model {

struct Path {
	bool (*is_disabled)(const Path *);
	std::atomic<int> access{0}; // 0 optimized, 1 non-optimized
	std::atomic<int> in_flight{0};
	int node = 0;
	Path *next = nullptr;
};

/// A head's list, and for each node the path that was used last.
struct Head {
	Path *first = nullptr;
	std::atomic<Path *> current{nullptr}; // of the one node there is
	int (*distance)(int, int) = nullptr;

	/// All paths: the nearest optimized one, else the nearest other one.
	Path *look(int node)
	{
		Path *found = cheapest(-1, [&](const Path &p) { return distance(node, p.node); });

		if (found)
			current.store(found, std::memory_order_release);
		return found;
	}
	/// The path of the last time while it is optimized.
	Path *numa()
	{
		Path *p = current.load(std::memory_order_acquire);

		if (p && !p->is_disabled(p) && p->access.load(std::memory_order_relaxed) == 0)
			return p;
		return look(0);
	}
	/// The next optimized one after that of the last time, which all CPUs of a node share.
	Path *round_robin()
	{
		Path *old = current.load(std::memory_order_acquire);
		Path *found = nullptr;

		if (!old)
			return look(0);
		for (Path *p = after(old); p != old; p = after(p)) {
			if (p->is_disabled(p))
				continue;
			found = p;
			if (p->access.load(std::memory_order_relaxed) == 0)
				break;
		}
		if (!found)
			return old;
		current.store(found, std::memory_order_release);
		return found;
	}
	/// The optimized one with the fewest commands, at once if it has none.
	Path *queue_depth()
	{
		return cheapest(0, [](const Path &p) {
			return p.in_flight.load(std::memory_order_relaxed);
		});
	}

private:
	/// The cheapest optimized path, else the cheapest other one; an optimized one that
	/// costs `enough` ends the walk.
	template <typename Cost>
	Path *cheapest(int enough, Cost cost_of)
	{
		Path *best[2] = {};
		int least[2] = {1 << 30, 1 << 30};

		for (Path *p = first; p; p = p->next) {
			if (p->is_disabled(p))
				continue;

			const int rank = p->access.load(std::memory_order_relaxed);
			const int cost = cost_of(*p);

			if (cost < least[rank]) {
				least[rank] = cost;
				best[rank] = p;
			}
			if (least[0] == enough)
				break;
		}
		return best[0] ? best[0] : best[1];
	}
	Path *after(Path *p) const { return p->next ? p->next : first; }
};

} // namespace list_model
