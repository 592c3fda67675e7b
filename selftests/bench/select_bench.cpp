// SPDX-License-Identifier: GPL-2.0
// How long choosing a path takes: each policy with 1 to 64 paths and 1 or 2 threads, and
// the list-walking algorithm beside it. Arguments: paths, and how many of them are
// disabled, so that a walk has something to walk over.
#include <benchmark/benchmark.h>

#include <array>
#include <deque>
#include <memory>

#include "list_model.hpp"
#include "policies.hpp"

using namespace mpath;

constinit Clock mpath::g_clock = clock_of(nullptr, 1);

struct mpath_device {
	bool disabled;
	u32 access = MPC_ACCESS_OPTIMIZED;
	s32 in_flight = 0;
	alignas(64) char apart[64]; // as two paths of a driver are
};

extern "C" s32 mpk_node_distance(s32 a, s32 b)
{
	return a == b ? 10 : 20;
}

namespace {

const u64 ticks = 1000;

bool is_disabled(mpath_device *dev)
{
	return __atomic_load_n(&dev->disabled, __ATOMIC_RELAXED);
}
bool yes(mpath_device *)
{
	return true;
}

const mpc_ops ops = {.available_path = yes,
		     .is_disabled = is_disabled,
		     .is_optimized = yes,
		     .get_path = yes,
		     .put_path = [](mpath_device *) {},
		     .get_first = yes,
		     .has = MPC_HAS_FAILOVER,
		     .pad = 0};

/// A head with paths, every one busy, the last `disabled` ones not usable.
struct World {
	std::deque<mpath_device> devices;
	std::deque<Path> paths;
	SlotTable table;
	NodeHint hint;

	World(u32 count, u32 disabled)
	{
		for (u32 i = 0; i < count; ++i) {
			mpath_device &dev = devices.emplace_back();

			dev.disabled = i >= count - disabled;
			dev.in_flight = static_cast<s32>(4 + (i * 7) % 5);
			const mpc_path_args args{&dev, &dev.access, &dev.in_flight, 0, 0};
			table.add(&paths.emplace_back(args, i));
		}
	}
	[[nodiscard]] Selection selection()
	{
		return {table, ops, hint, 0, 0, 1, ticks, true};
	}
};

struct ListWorld {
	std::deque<list_model::Path> paths;
	std::deque<mpath_device> devices;
	list_model::Head head;

	ListWorld(u32 count, u32 disabled)
	{
		list_model::Path *last = nullptr;

		head.distance = [](int a, int b) { return mpk_node_distance(a, b); };
		for (u32 i = 0; i < count; ++i) {
			list_model::Path &p = paths.emplace_back();

			p.is_disabled = i >= count - disabled ?
				[](const list_model::Path *) { return true; } :
				[](const list_model::Path *) { return false; };
			p.in_flight = static_cast<int>(4 + (i * 7) % 5);
			(last ? last->next : head.first) = &p;
			last = &p;
		}
	}
};

// Threads of one benchmark share a head, as CPUs do.
std::unique_ptr<World> world;
std::unique_ptr<ListWorld> list_world;

template <u32 policy>
void select_path(benchmark::State &state)
{
	if (state.thread_index() == 0)
		world = std::make_unique<World>(state.range(0), state.range(1));
	for (auto _ : state)
		benchmark::DoNotOptimize(select_by(policy, world->selection()));
}

template <list_model::Path *(list_model::Head::*select)()>
void walk_list(benchmark::State &state)
{
	if (state.thread_index() == 0)
		list_world = std::make_unique<ListWorld>(state.range(0), state.range(1));
	for (auto _ : state)
		benchmark::DoNotOptimize((list_world->head.*select)());
}

void sizes(benchmark::internal::Benchmark *b)
{
	for (int paths : {1, 2, 8, 32, 64})
		b->Args({paths, 0});
	b->Args({64, 62});
	b->ArgNames({"paths", "disabled"})->Threads(1)->Threads(2)->UseRealTime();
}

BENCHMARK(select_path<MPC_POLICY_NUMA>)->Name("numa")->Apply(sizes);
BENCHMARK(walk_list<&list_model::Head::numa>)->Name("numa, list")->Apply(sizes);
BENCHMARK(select_path<MPC_POLICY_RR>)->Name("round-robin")->Apply(sizes);
BENCHMARK(walk_list<&list_model::Head::round_robin>)->Name("round-robin, list")->Apply(sizes);
BENCHMARK(select_path<MPC_POLICY_QD>)->Name("queue-depth")->Apply(sizes);
BENCHMARK(walk_list<&list_model::Head::queue_depth>)->Name("queue-depth, list")->Apply(sizes);
BENCHMARK(select_path<MPC_POLICY_ST>)->Name("service-time")->Apply(sizes);

} // namespace

int main(int argc, char **argv)
{
	g_clock = clock_of(&ticks, 250);
	benchmark::Initialize(&argc, argv);
	benchmark::RunSpecifiedBenchmarks();
	return 0;
}
