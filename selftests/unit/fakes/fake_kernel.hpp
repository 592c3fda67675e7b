// SPDX-License-Identifier: GPL-2.0
// The kernel, as far as the core sees it, for the unit tests.
//
// Every mpk_* function is here, chosen at link time. Nothing is expected in
// advance: the fake does what it is told, remembers what was done, and aborts
// when a rule of kernel_api.h is broken. What the tests allocate is poisoned and
// really freed after a grace period, so a sanitizer sees every late touch.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core_api.h"
#include "kernel_api.h"

namespace fake {

constexpr u32 kMaxThreads = 64;
constexpr u32 kMaxNodes = 8;
constexpr u32 kAlive = 0x600dcafe;
constexpr int kQueued = -529; // -EIOCBQUEUED

[[noreturn]] void die(const char *why);

} // namespace fake

// --- The kernel's objects -----------------------------------------------------

struct bio {
	enum class Fate { kPending, kForwarded, kParked, kFailed, kEnded };

	Fate fate = Fate::kPending;
	mpath_device *device = nullptr; ///< where it is, or was last
	mpath_head *head = nullptr;
	mpc_try tries{};    ///< of a driver with failover
	bool hooked = false; ///< it was sent: the shim has a hook for it
	bool parked_once = false; ///< whoever sends it now is the worker
	u32 how = 0; ///< MPC_FORWARD_*, of the last time it was sent
	std::vector<int> sent_to; ///< ids, in order
};

struct io_uring_cmd {
	u32 submissions = 0;
	u32 last_flags = 0;
};

struct block_device {
	int unused = 0;
};

/// SRCU that really defers: each thread has a sequence number of its own, odd
/// while the thread is in a section. Readers share no word, so the fake orders
/// nothing between them that the real SRCU would not order.
struct mpath_gate {
	struct alignas(64) Reader {
		std::atomic<u64> seq{0};
		u32 depth = 0; // of the owning thread only
	};

	std::unique_ptr<Reader[]> readers{new Reader[fake::kMaxThreads]};
	std::atomic<mpc_head *> head{nullptr};
	bool ioctls_wait = true;
	u32 own_ms = ~0u; // how long a command's submitter lets it wait
	std::atomic<u64> counters[MPC_MAX_PATHS][MPC_COUNTERS] = {};

	/// Is this thread in a section of this gate?
	[[nodiscard]] bool in_section() const;
	/// Is any thread?
	[[nodiscard]] bool anyone_inside() const;
	/// Wait for every section that is open now.
	void synchronize();

	[[nodiscard]] u64 count(u32 slot, u32 counter) const { return counters[slot][counter]; }
	[[nodiscard]] u64 total(u32 counter) const;
};

/// One path. What the core reads lies in plain words, written with setters;
/// hooks and queues are for tests with one thread.
struct mpath_device {
	using Hook = std::function<void()>;

	mpath_device(int number, s32 at_node) : id{number}, node{at_node} {}

	u32 magic = fake::kAlive;
	const int id;
	const s32 node;
	int slot = -1;
	mpath_gate *gate = nullptr;

	std::atomic<bool> disabled{false};
	std::atomic<bool> available{true};
	std::atomic<bool> pin_refused{false};
	std::atomic<bool> no_memory{false}; ///< for a clone that the worker sends here
	std::atomic<int> optimized{-1}; // -1: as access_state says
	u32 access_state = MPC_ACCESS_OPTIMIZED;
	s32 nr_active = 0;

	std::atomic<long> ioctl_result{0};
	std::atomic<int> uring_result{fake::kQueued};
	std::atomic<int> call_result{0};
	std::deque<long> ioctl_results; // used up first
	std::atomic<long> ioctl_again{0}; // a result that may be sent again
	std::deque<int> uring_results;
	bool begin_stores_nothing = false;

	Hook on_disabled, on_optimized, on_available, on_get, on_forward, on_begin, on_ioctl, on_uring, on_call;

	std::atomic<u32> disabled_calls{0}, optimized_calls{0}, available_calls{0};
	std::atomic<u32> ioctls{0}, urings{0}, calls{0}, begins{0};
	std::atomic<bool> section_was_open{false}; // at the last ioctl, command or call
	mpc_ioctl_args last_args{};

	std::atomic<int> refs{1}; // the owner's and one for each pin
	std::atomic<int> pins{0};
	alignas(8) std::byte core[MPC_PATH_WORDS * 8] = {};

	void access(u32 state) { __atomic_store_n(&access_state, state, __ATOMIC_RELAXED); }
	void active(s32 n) { __atomic_store_n(&nr_active, n, __ATOMIC_RELAXED); }
	[[nodiscard]] bool is_pinned() const { return pins.load(std::memory_order_relaxed) > 0; }
	[[nodiscard]] u32 health() const { return mpc_path_health(core); }
	void check() const
	{
		if (magic != fake::kAlive)
			fake::die("a freed path was used");
	}
};

/// All that goes away with the head: core, hints, callbacks, policy variable.
struct mpath_head {
	u32 magic = fake::kAlive;
	u32 policy = MPC_POLICY_NUMA;
	u32 command_wait_ms = 0;
	mpc_ops ops{};
	std::unique_ptr<std::byte[]> hints;
	u64 hints_size = 0;
	mpath_gate *gate = nullptr;
	alignas(8) std::byte core[MPC_HEAD_WORDS * 8] = {};

	[[nodiscard]] mpc_head *mpc() { return reinterpret_cast<mpc_head *>(core); }
};

namespace fake {

// --- What a test sets and reads -----------------------------------------------

/// What happened, in order, while `recording`: "lock", "pin 0", "ioctl 0"...
void record(bool on);
[[nodiscard]] std::vector<std::string> take_trace();

void set_node(s32 node); ///< of the calling thread
void set_distance(s32 a, s32 b, s32 distance);
[[nodiscard]] u64 distance_calls();

/// Warnings so far; reading them marks them as expected.
[[nodiscard]] u32 take_warnings();

constexpr u32 kHz = 250;
/// The tick counter. It stands still unless a test says otherwise, shortly before
/// its low half is used up.
[[nodiscard]] u64 now();
void advance(u64 ticks);
/// So long that what was remembered of better times is void.
constexpr u64 kForgetting = kHz / 10;
/// Between a bio's try on each path and its last one.
constexpr u64 kLastTry = kHz / 4;

/// In each step of a wait for a path, and whether the waiting task is killed.
extern std::function<void()> g_on_pause;
extern std::atomic<bool> g_killed;

/// While one lives mpk_might_sleep() aborts in this thread.
struct AtomicContext {
	AtomicContext();
	~AtomicContext();
};

void reset();
/// Nothing is left over: sections, pins, ioctl_begin, objects, warnings.
void expect_clean();

struct HeadOptions {
	u32 nodes = 4;
	bool can_pin = true;
	bool begin_finish = true;
	bool uring = true;
	bool live = true;
	bool failover = false; ///< bios are pinned and come back
	bool keeps_pin = false; ///< a command that is queued has the library's pin
	bool quick = true;     ///< the shim asks mpc_choose() first, where it may
};

struct PathOptions {
	s32 node = MPC_NO_NODE;
	u32 access = MPC_ACCESS_OPTIMIZED;
	s32 active = 0;
	bool disabled = false;
	u32 blocked = 0; ///< MPC_BLOCK_* from the beginning
};

/// A gate, its head and the head's paths, with the shim's part played by hand.
class World final {
public:
	explicit World(const HeadOptions &options = {});
	~World();
	World(const World &) = delete;
	World &operator=(const World &) = delete;

	mpath_gate gate;
	mpath_head *head; // nullptr once released
	std::mutex lock;  // the head lock

	[[nodiscard]] mpc_head *core() const { return head->mpc(); }

	/// The path or nullptr if the core refused it; then *err says why.
	mpath_device *try_add(const PathOptions &options, int *err = nullptr);
	mpath_device &add(const PathOptions &options = {});
	/// Take it out of the head; readers may still see it, it is freed later.
	int unlink(mpath_device &path);
	/// Wait for readers and free what was unlinked.
	void reap();
	int del(mpath_device &path)
	{
		const int last = unlink(path);

		reap();
		return last;
	}
	/// Empty the gate, wait for readers, free the head; paths are left alone.
	void release_head();
	/// The whole way down, as the shim goes it.
	void remove_head();
	/// Remove what is left; all sections must be closed.
	void finish();

	u32 event(u32 e);
	void set_policy(u32 policy) { __atomic_store_n(&head->policy, policy, __ATOMIC_RELAXED); }
	/// Paths in the head; hold `lock` if there are other threads.
	[[nodiscard]] const std::vector<mpath_device *> &paths() const { return paths_; }

	/// One choice, as an I/O on the thread's node makes it.
	[[nodiscard]] mpath_device *pick(u64 excluded = 0);
	/// The same for a bio, which may be a test.
	[[nodiscard]] mpath_device *pick_for_bio(u64 excluded = 0);
	/// Ids of the paths chosen in `n` tries; -1 stands for none.
	[[nodiscard]] std::vector<int> picks(u32 n);
	[[nodiscard]] std::map<int, u32> spread(u32 n);
	[[nodiscard]] bool is_choice(mpath_device &path, u32 node)
	{
		return mpc_is_choice(core(), path.core, node) != 0;
	}
	/// No node has a choice.
	[[nodiscard]] bool no_choice();

	/// mpc_choose() as the shim calls it.
	[[nodiscard]] mpc_choice choose(u32 use);
	bio submit();
	void submit(bio &b);

	// The shim's part with failover.

	/// A parked bio again; MPC_BIO_*.
	u32 redrive(bio &b);
	/// The same; one that is to wait a little does, and is sent again.
	u32 redrive_in_time(bio &b);
	/// A bio that is out comes back well, with a path error, or with the device's
	/// answer; MPC_TRY_*. The bio is parked after MPC_TRY_AGAIN, at its end otherwise.
	void succeed(bio &b, u64 ns = 0);
	u32 fail(bio &b);
	u32 answer(bio &b);
	/// Fails wherever it goes until that is final; false: it is still parked.
	bool fail_everywhere(bio &b);
	/// Two more errors than a path can have and be well.
	void make_failed(mpath_device &path);

	long ioctl(u32 cmd = 1);
	int uring(u32 flags = 0);
	/// A command that was queued and has kept its pin ends.
	void uring_end(mpath_device &path) { head->ops.put_path(&path); }
	int call();
	int call_again(u64 &tried);

private:
	std::vector<mpath_device *> paths_, limbo_;
	u32 nodes_;
	bool quick_bio_, quick_uring_, keeps_pin_;
	int next_id_ = 0;
};

/// A fixture with one live head; everything is counted at the end.
class CoreTest : public ::testing::Test {
protected:
	void SetUp() override
	{
		reset();
		make({});
	}
	void TearDown() override
	{
		world.reset();
		expect_clean();
	}
	/// Another head in place of the default one.
	void make(const HeadOptions &options)
	{
		world.reset();
		world = std::make_unique<World>(options);
		(void)take_trace();
	}
	/// `n` optimized paths.
	std::vector<mpath_device *> add_paths(u32 n)
	{
		std::vector<mpath_device *> paths;

		for (u32 i = 0; i < n; ++i)
			paths.push_back(&world->add());
		return paths;
	}

	std::unique_ptr<World> world;
};

} // namespace fake
