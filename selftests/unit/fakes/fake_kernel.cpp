// SPDX-License-Identifier: GPL-2.0
#include "fakes/fake_kernel.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "guard.hpp"
#include "head.hpp"

namespace fake {
namespace {

constexpr auto kPatience = std::chrono::seconds(20);

struct Globals {
	std::mutex lock; // trace only
	bool recording = false;
	std::vector<std::string> trace;
	s32 distance[kMaxNodes][kMaxNodes];
	std::atomic<u64> distance_calls{0};
	std::atomic<u32> warnings{0};
	std::atomic<s64> devices{0}, heads{0}, pins{0}, opaques{0};
	u64 ticks = 0;
};

Globals g;

thread_local s32 t_node = 0;
thread_local u32 t_atomic = 0;
thread_local u32 t_sections = 0; // open in this thread, of any gate

// What ioctl_begin hands over; allocated, so that a lost or doubled finish shows.
struct Opaque {
	u32 magic;
	int id;
};

/// A number below kMaxThreads for each living thread.
class ThreadNumber final {
public:
	ThreadNumber()
	{
		const std::lock_guard hold{lock_};

		for (number_ = 0; number_ < kMaxThreads && taken_[number_]; ++number_)
			;
		if (number_ == kMaxThreads)
			die("too many threads");
		taken_[number_] = true;
	}
	~ThreadNumber()
	{
		const std::lock_guard hold{lock_};

		taken_[number_] = false;
	}
	[[nodiscard]] u32 get() const { return number_; }

private:
	static inline std::mutex lock_;
	static inline bool taken_[kMaxThreads];
	u32 number_;
};

u32 this_thread()
{
	thread_local const ThreadNumber number;

	return number.get();
}

void note(const char *what, int id = -1)
{
	if (!g.recording)
		return;

	const std::lock_guard hold{g.lock};

	g.trace.push_back(id < 0 ? std::string{what} : what + (" " + std::to_string(id)));
}

void run(const mpath_device::Hook &hook)
{
	if (hook)
		mpath_device::Hook{hook}(); // a copy: a hook may replace itself
}

template <typename Queue, typename Default>
auto next_result(Queue &queue, const Default &otherwise)
{
	auto result = otherwise.load(std::memory_order_relaxed);

	if (!queue.empty()) {
		result = queue.front();
		queue.pop_front();
	}
	return result;
}

// --- The driver's callbacks ---------------------------------------------------

void check_in_section(const mpath_device *dev)
{
	if (!t_sections && !dev->is_pinned())
		die("a path is looked at that nothing holds");
	dev->check();
}

bool available_path(mpath_device *dev)
{
	check_in_section(dev);
	dev->available_calls.fetch_add(1, std::memory_order_relaxed);
	run(dev->on_available);
	return dev->available.load(std::memory_order_relaxed);
}

bool is_disabled(mpath_device *dev)
{
	check_in_section(dev);
	dev->disabled_calls.fetch_add(1, std::memory_order_relaxed);
	run(dev->on_disabled);
	return dev->disabled.load(std::memory_order_relaxed);
}

bool is_optimized(mpath_device *dev)
{
	check_in_section(dev);
	dev->optimized_calls.fetch_add(1, std::memory_order_relaxed);
	run(dev->on_optimized);

	const int said = dev->optimized.load(std::memory_order_relaxed);

	return said >= 0 ? said != 0
			 : __atomic_load_n(&dev->access_state, __ATOMIC_RELAXED) ==
				   MPC_ACCESS_OPTIMIZED;
}

void drop(mpath_device *dev)
{
	const int before = dev->refs.fetch_sub(1, std::memory_order_acq_rel);

	if (before < 1)
		die("a path was put too often");
	if (before > 1)
		return;
	dev->~mpath_device();
	std::memset(static_cast<void *>(dev), 0xdb, sizeof(*dev));
	::operator delete(dev, std::align_val_t{alignof(mpath_device)});
	g.devices.fetch_sub(1, std::memory_order_relaxed);
}

mpath_device *new_device(int id, s32 node)
{
	g.devices.fetch_add(1, std::memory_order_relaxed);
	return new (::operator new(sizeof(mpath_device), std::align_val_t{alignof(mpath_device)}))
		mpath_device{id, node};
}

bool get_path(mpath_device *dev)
{
	check_in_section(dev);
	run(dev->on_get);
	if (dev->pin_refused.load(std::memory_order_relaxed)) {
		note("pin-refused", dev->id);
		return false;
	}

	int refs = dev->refs.load(std::memory_order_relaxed);

	do {
		if (!refs)
			return false;
	} while (!dev->refs.compare_exchange_weak(refs, refs + 1, std::memory_order_relaxed));
	dev->pins.fetch_add(1, std::memory_order_relaxed);
	g.pins.fetch_add(1, std::memory_order_relaxed);
	note("pin", dev->id);
	return true;
}

void put_path(mpath_device *dev)
{
	dev->check();
	note("put", dev->id);
	dev->pins.fetch_sub(1, std::memory_order_relaxed);
	g.pins.fetch_sub(1, std::memory_order_relaxed);
	drop(dev);
}

/// A path may be used in a section, or outside of all sections if pinned.
void check_held(mpath_device *dev)
{
	dev->check();
	if (!t_sections && !dev->is_pinned())
		die("a path is used that nothing holds");
	dev->section_was_open.store(t_sections != 0, std::memory_order_relaxed);
}

} // namespace

void die(const char *why)
{
	std::fprintf(stderr, "fake kernel: %s\n", why);
	std::fflush(stderr);
	std::abort();
}

void record(bool on)
{
	g.recording = on;
}

std::vector<std::string> take_trace()
{
	const std::lock_guard hold{g.lock};

	return std::exchange(g.trace, {});
}

void set_node(s32 node)
{
	t_node = node;
}

void set_distance(s32 a, s32 b, s32 distance)
{
	g.distance[a][b] = distance;
	g.distance[b][a] = distance;
}

u64 distance_calls()
{
	return g.distance_calls;
}

std::function<void()> g_on_pause;
std::atomic<bool> g_killed{false};

u64 now()
{
	return __atomic_load_n(&g.ticks, __ATOMIC_RELAXED);
}

void advance(u64 ticks)
{
	__atomic_fetch_add(&g.ticks, ticks, __ATOMIC_RELAXED);
}

u32 take_warnings()
{
	return g.warnings.exchange(0);
}

AtomicContext::AtomicContext()
{
	++t_atomic;
}

AtomicContext::~AtomicContext()
{
	--t_atomic;
}

void reset()
{
	set_node(0);
	record(false);
	(void)take_trace();
	(void)take_warnings();
	g.distance_calls = 0;
	g_on_pause = nullptr;
	g_killed = false;
	g.ticks = 0xffffff00;
	mpc_setup(&g.ticks, kHz);
	for (u32 a = 0; a < kMaxNodes; ++a)
		for (u32 b = 0; b < kMaxNodes; ++b)
			g.distance[a][b] = a == b ? 10 : 20;
}

void expect_clean()
{
	EXPECT_EQ(g.pins, 0) << "get_path and put_path do not balance";
	EXPECT_EQ(g.opaques, 0) << "ioctl_begin and ioctl_finish do not balance";
	EXPECT_EQ(g.devices, 0) << "a path was not freed";
	EXPECT_EQ(g.heads, 0) << "a head was not freed";
	EXPECT_EQ(g.warnings, 0u) << "mpk_warn() was called";
}

// --- World --------------------------------------------------------------------

World::World(const HeadOptions &options)
	: head{new mpath_head}, nodes_{options.nodes},
	  quick_bio_{options.quick && options.can_pin && options.failover},
	  quick_uring_{options.quick && options.can_pin && options.uring},
	  keeps_pin_{options.keeps_pin}
{
	g.heads.fetch_add(1, std::memory_order_relaxed);
	head->gate = &gate;
	head->hints_size = u64{options.nodes} * MPC_HINT_STRIDE;
	head->hints = std::make_unique<std::byte[]>(head->hints_size);
	head->ops = {available_path, is_disabled, is_optimized, nullptr, nullptr, nullptr, 0, 0};
	head->ops.has = MPC_HAS_AVAILABLE_PATH | MPC_HAS_IS_DISABLED | MPC_HAS_IS_OPTIMIZED |
			MPC_HAS_TEMPLATE;
	if (options.can_pin) {
		head->ops.get_path = get_path;
		head->ops.get_first = get_path;
		head->ops.put_path = put_path;
		head->ops.has |= MPC_HAS_GET_PATH | MPC_HAS_PUT_PATH;
	}
	if (options.begin_finish)
		head->ops.has |= MPC_HAS_IOCTL_BEGIN | MPC_HAS_IOCTL_FINISH;
	if (options.failover)
		head->ops.has |= MPC_HAS_FAILOVER;
	if (options.uring)
		head->ops.has |= MPC_HAS_URING_CMD;
	if (options.keeps_pin)
		head->ops.has |= MPC_HAS_KEEPS_PIN;
	EXPECT_EQ(mpc_head_init(head->core, head, head->hints.get(), options.nodes), core());
	mpc_head_bind(core(), &head->ops, &head->policy);
	gate.head.store(core(), std::memory_order_release);
	if (options.live) {
		EXPECT_EQ(event(MPC_EVENT_SET_LIVE), u32{MPC_ACTION_ADD_DISK});
		EXPECT_EQ(event(MPC_EVENT_ADD_DONE), u32{MPC_ACTION_NONE});
	}
}

World::~World()
{
	finish();
}

mpath_device *World::try_add(const PathOptions &options, int *err)
{
	const std::lock_guard hold{lock};
	mpath_device *path = new_device(next_id_++, options.node);
	const mpc_path_args args = {path, &path->access_state, &path->nr_active, options.node,
				    options.blocked};

	path->access(options.access);
	path->active(options.active);
	path->disabled = options.disabled;

	const int expected = mpc_path_next_slot(core());

	path->slot = expected; // before anyone can see the path
	path->gate = &gate;

	const int slot = mpc_path_add(core(), path->core, &args);

	if (slot < 0) {
		if (err)
			*err = slot;
		drop(path);
		return nullptr;
	}
	EXPECT_EQ(slot, expected);
	paths_.push_back(path);
	return path;
}

mpath_device &World::add(const PathOptions &options)
{
	mpath_device *path = try_add(options);

	if (!path)
		die("the core refused a path");
	return *path;
}

int World::unlink(mpath_device &path)
{
	const std::lock_guard hold{lock};
	const auto at = std::find(paths_.begin(), paths_.end(), &path);

	if (at == paths_.end())
		die("the path is not in the head");
	paths_.erase(at);
	limbo_.push_back(&path);

	const int last = mpc_path_del(core(), path.core);

	EXPECT_EQ(last, paths_.empty() ? 1 : 0);
	return last;
}

void World::reap()
{
	std::vector<mpath_device *> dead;

	{
		const std::lock_guard hold{lock};

		dead.swap(limbo_);
	}
	gate.synchronize();
	for (mpath_device *path : dead)
		drop(path);
}

void World::release_head()
{
	gate.head.store(nullptr, std::memory_order_release);
	gate.synchronize();

	std::memset(head->hints.get(), 0xdb, head->hints_size);
	head->~mpath_head();
	std::memset(static_cast<void *>(head), 0xdb, sizeof(*head));
	::operator delete(head, sizeof(*head));
	head = nullptr;
	g.heads.fetch_sub(1, std::memory_order_relaxed);
}

void World::remove_head()
{
	EXPECT_EQ(event(MPC_EVENT_REMOVE), u32{MPC_ACTION_DEL_DISK});
	gate.synchronize();
	EXPECT_EQ(event(MPC_EVENT_REMOVE_DONE), u32{MPC_ACTION_NONE});
	while (!paths_.empty())
		unlink(*paths_.back());
	reap();
	release_head();
}

void World::finish()
{
	EXPECT_FALSE(gate.anyone_inside()) << "a section was left open";
	if (head) {
		while (!paths_.empty())
			unlink(*paths_.back());
		reap();
		release_head();
	}
	// paths that outlived their head
	limbo_.insert(limbo_.end(), paths_.begin(), paths_.end());
	paths_.clear();
	reap();
}

u32 World::event(u32 e)
{
	const std::lock_guard hold{lock};

	return mpc_head_event(core(), e);
}

mpath_device *World::pick(u64 excluded)
{
	mpath::SrcuSection section{&gate};
	mpath::Path *path = section.head()->select(section.token(), excluded);

	return path ? path->handle() : nullptr;
}

mpath_device *World::pick_for_bio(u64 excluded)
{
	mpath::SrcuSection section{&gate};
	mpath::Path *path = section.head()->select(section.token(), excluded, mpath::For::kBio);

	return path ? path->handle() : nullptr;
}

std::vector<int> World::picks(u32 n)
{
	std::vector<int> ids;

	for (u32 i = 0; i < n; ++i) {
		const mpath_device *path = pick();

		ids.push_back(path ? path->id : -1);
	}
	return ids;
}

std::map<int, u32> World::spread(u32 n)
{
	std::map<int, u32> times;

	for (const int id : picks(n))
		++times[id];
	return times;
}

bool World::no_choice()
{
	for (mpath_device *path : paths_)
		for (u32 node = 0; node < nodes_; ++node)
			if (is_choice(*path, node))
				return false;
	return true;
}

bio World::submit()
{
	bio b;

	submit(b);
	return b;
}

mpc_choice World::choose(u32 use)
{
	const int idx = mpk_gate_lock(&gate);
	mpc_head *at = mpk_gate_head(&gate);
	const mpc_choice choice = at ? mpc_choose(at, mpk_this_node(), use) : mpc_choice{};

	mpk_gate_unlock(&gate, idx);
	return choice;
}

/// A bio goes to a path that is pinned.
static void forward(mpath_gate &gate, mpath_device *dev, bio &b, u32 how)
{
	b.hooked = true;
	note("forward", dev->id);
	b.how = how;
	b.sent_to.push_back(dev->id);
	if (b.fate != bio::Fate::kPending)
		die("a bio was consumed twice");
	b.fate = bio::Fate::kForwarded;
	b.device = dev;
	mpk_count(&gate, static_cast<u32>(dev->slot), MPC_COUNT_BIOS);
}

void World::submit(bio &b)
{
	mpath_device *dev = quick_bio_ ? choose(MPC_FOR_BIO).dev : nullptr;

	if (dev) {
		check_held(dev);
		run(dev->on_forward);
		forward(gate, dev, b, 0);
		return;
	}
	mpc_submit_bio(&gate, &b);
	if (b.fate == bio::Fate::kPending)
		die("a bio was lost");
}

u32 World::redrive(bio &b)
{
	if (b.fate != bio::Fate::kParked)
		die("a bio is sent again that is not parked");
	b.fate = bio::Fate::kPending;
	b.parked_once = true;

	const bool hooked = b.hooked;
	const u32 verdict = mpc_redrive_bio(&gate, &b, hooked ? &b.tries : nullptr);

	if ((verdict == MPC_BIO_SENT) != (b.fate == bio::Fate::kForwarded))
		die("a bio was sent and was not");
	if (verdict == MPC_BIO_LATER && !hooked)
		die("a bio that was never sent is to wait a little");
	if (verdict == MPC_BIO_PARK || verdict == MPC_BIO_LATER || verdict == MPC_BIO_NO_MEMORY)
		b.fate = bio::Fate::kParked;
	else if (verdict != MPC_BIO_SENT)
		b.fate = bio::Fate::kFailed;
	return verdict;
}

u32 World::redrive_in_time(bio &b)
{
	const u32 verdict = redrive(b);

	if (verdict != MPC_BIO_LATER)
		return verdict;
	advance(kLastTry);
	return redrive(b);
}

namespace {

mpath_device &came_back(bio &b)
{
	if (b.fate != bio::Fate::kForwarded || !b.hooked)
		die("a bio comes back that was not sent");
	if (!b.device->is_pinned())
		die("a bio was out on a path that nothing holds");
	return *b.device;
}

} // namespace

void World::succeed(bio &b, u64 ns)
{
	mpath_device &dev = came_back(b);

	if (mpc_path_good(dev.core, ns))
		mpc_choose_all(&gate);
	b.fate = bio::Fate::kEnded;
	put_path(&dev);
}

u32 World::fail(bio &b)
{
	static constexpr mpc_ops kOps = {available_path, is_disabled, is_optimized, get_path,
					 put_path, get_path, 0, 0}; // as the gate has them: the head may be gone
	mpath_device &dev = came_back(b);
	u32 changed = 2;
	const u32 verdict = mpc_path_bad(dev.core, &kOps, &b.tries, &changed);

	if (changed > 1)
		die("mpc_path_bad() does not say whether the health changed");
	if (changed)
		mpc_choose_all(&gate);
	b.fate = verdict == MPC_TRY_AGAIN ? bio::Fate::kParked : bio::Fate::kEnded;
	put_path(&dev);
	return verdict;
}

u32 World::answer(bio &b)
{
	mpath_device &dev = came_back(b);

	if (mpc_path_good(dev.core, 0))
		mpc_choose_all(&gate);

	const u32 verdict = mpc_path_answered(&b.tries);

	b.fate = verdict == MPC_TRY_AGAIN ? bio::Fate::kParked : bio::Fate::kEnded;
	put_path(&dev);
	return verdict;
}

bool World::fail_everywhere(bio &b)
{
	for (u32 i = 0; i < 64 * 64; ++i) {
		if (fail(b) == MPC_TRY_DONE)
			return true;
		if (redrive_in_time(b) != MPC_BIO_SENT)
			return b.fate != bio::Fate::kParked;
	}
	die("a bio does not end");
}

void World::make_failed(mpath_device &path)
{
	mpc_try t{};
	u32 changed = 0, failed = 0; // it may have had an error or two
	const int idx = mpk_gate_lock(&gate);

	for (int i = 0; i < 3; ++i) {
		(void)mpc_path_bad(path.core, &head->ops, &t, &changed);
		failed |= changed;
	}
	mpk_gate_unlock(&gate, idx);
	EXPECT_EQ(failed, 1u);
	mpc_clear_all(core());
}

long World::ioctl(u32 cmd)
{
	const mpc_ioctl_args args = {0x1234, nullptr, cmd, 0, 1, 0};

	return mpc_ioctl(&gate, &args);
}

int World::uring(u32 flags)
{
	io_uring_cmd cmd;
	mpath_device *dev = quick_uring_ ? choose(MPC_FOR_COMMAND).dev : nullptr;

	if (!dev)
		return mpc_uring_cmd(&gate, &cmd, flags);

	const u32 slot = static_cast<u32>(dev->slot);
	const int ret = mpk_path_uring_cmd(&gate, dev, &cmd, flags);

	if (ret != kQueued || !keeps_pin_)
		put_path(dev);
	if (ret >= 0 || ret == kQueued) {
		mpk_count(&gate, slot, MPC_COUNT_URING_CMDS);
		return ret;
	}
	return mpc_uring_cmd_next(&gate, &cmd, flags, slot, ret);
}

/// What mpc_call() and mpc_call_again() run on a path of World.
static int world_call(mpath_device *dev, void *ctx)
{
	if (ctx != dev->gate)
		die("a call was handed another one's context");
	dev->calls.fetch_add(1, std::memory_order_relaxed);
	run(dev->on_call);
	return dev->call_result.load(std::memory_order_relaxed);
}

int World::call()
{
	return mpc_call(&gate, reinterpret_cast<void *>(world_call), &gate);
}

int World::call_again(u64 &tried)
{
	return mpc_call_again(&gate, &tried, reinterpret_cast<void *>(world_call), &gate);
}

} // namespace fake

// --- SRCU ---------------------------------------------------------------------

using namespace fake;

bool mpath_gate::in_section() const
{
	return readers[this_thread()].depth != 0;
}

bool mpath_gate::anyone_inside() const
{
	for (u32 i = 0; i < kMaxThreads; ++i)
		if (readers[i].seq.load() & 1)
			return true;
	return false;
}

void mpath_gate::synchronize()
{
	if (in_section())
		die("synchronize in a section waits for itself");

	const auto deadline = std::chrono::steady_clock::now() + kPatience;

	for (u32 i = 0; i < kMaxThreads; ++i) {
		const u64 seen = readers[i].seq.load();

		if (!(seen & 1))
			continue;
		while (readers[i].seq.load() == seen) {
			if (std::chrono::steady_clock::now() > deadline)
				die("a section does not end");
			std::this_thread::sleep_for(std::chrono::microseconds(20));
		}
	}
}

u64 mpath_gate::total(u32 counter) const
{
	u64 sum = 0;

	for (u32 slot = 0; slot < MPC_MAX_PATHS; ++slot)
		sum += counters[slot][counter];
	return sum;
}

int mpk_gate_lock(mpath_gate *gate) noexcept
{
	mpath_gate::Reader &me = gate->readers[this_thread()];

	// A full barrier: nothing that the section reads is read before synchronize()
	// can see that it is open.
	if (!me.depth)
		me.seq.fetch_add(1);
	++t_sections;
	note("lock");
	return static_cast<int>(me.depth++);
}

void mpk_gate_unlock(mpath_gate *gate, int idx) noexcept
{
	mpath_gate::Reader &me = gate->readers[this_thread()];

	if (!me.depth)
		die("a section was left twice");
	if (idx != static_cast<int>(--me.depth))
		die("a section was left with another one's index");
	--t_sections;
	note("unlock");
	if (!me.depth)
		me.seq.fetch_add(1);
}

mpc_head *mpk_gate_head(mpath_gate *gate) noexcept
{
	if (!gate->in_section())
		die("the head is looked up outside of a section");
	return gate->head.load(std::memory_order_acquire);
}

// --- The rest of kernel_api.h -------------------------------------------------

s32 mpk_this_node() noexcept
{
	return t_node;
}

s32 mpk_node_distance(s32 a, s32 b) noexcept
{
	if (a < 0 || b < 0 || a >= static_cast<s32>(kMaxNodes) || b >= static_cast<s32>(kMaxNodes))
		die("distance of a node that does not exist");
	g.distance_calls.fetch_add(1, std::memory_order_relaxed);
	return g.distance[a][b];
}

u32 mpk_command_wait(mpath_head *head) noexcept
{
	return head ? head->command_wait_ms : 0; // some tests have a core only
}

int mpk_pause() noexcept
{
	mpk_might_sleep();
	if (t_sections)
		die("a pause in a section");
	note("pause");
	advance(kHz * MPC_PAUSE_MS / 1000);
	run(g_on_pause);
	return g_killed.load(std::memory_order_relaxed);
}

void mpk_might_sleep() noexcept
{
	if (t_atomic)
		die("may sleep in atomic context");
}

namespace {

void consume(bio *b, bio::Fate fate, mpath_head *head, mpath_device *dev)
{
	if (b->fate != bio::Fate::kPending)
		die("a bio was consumed twice");
	if ((head || dev) && !t_sections)
		die("a bio and its head are used outside of a section");
	if (head && head->magic != kAlive)
		die("a freed head was used");
	b->fate = fate;
	b->head = head;
	b->device = dev;
}

} // namespace

int mpk_bio_forward(mpath_head *head, mpath_device *dev, bio *b, u32 how) noexcept
{
	dev->check();
	run(dev->on_forward);
	if (how & ~MPC_FORWARD_WORKER)
		die("a way to send a bio that does not exist");
	if (!(how & MPC_FORWARD_WORKER) == b->parked_once)
		die("the worker sends what was parked, and nothing else");
	if (head->ops.has & MPC_HAS_FAILOVER) {
		if (!get_path(dev))
			return -MPC_ENODEV;
		if ((how & MPC_FORWARD_WORKER) && dev->no_memory) {
			note("no-memory", dev->id);
			put_path(dev);
			return -MPC_ENOMEM;
		}
		b->hooked = true;
	}
	note("forward", dev->id);
	b->how = how;
	b->sent_to.push_back(dev->id);
	consume(b, bio::Fate::kForwarded, head, dev);
	mpk_count(head->gate, static_cast<u32>(dev->slot), MPC_COUNT_BIOS);
	return 0;
}

void mpk_bio_park(mpath_head *head, bio *b) noexcept
{
	note("park");
	consume(b, bio::Fate::kParked, head, nullptr);
}

void mpk_bio_fail(mpath_head *head, bio *b) noexcept
{
	note("fail");
	consume(b, bio::Fate::kFailed, head, nullptr);
}

void mpk_ioctl_begin(mpath_gate *gate, mpath_device *dev, u32, void **opaque) noexcept
{
	dev->check();
	if (!gate->in_section())
		die("ioctl_begin outside of a section");
	if (*opaque)
		die("ioctl_begin was handed a value");
	dev->begins.fetch_add(1, std::memory_order_relaxed);
	note("begin", dev->id);
	run(dev->on_begin);
	if (dev->begin_stores_nothing)
		return;
	g.opaques.fetch_add(1, std::memory_order_relaxed);
	*opaque = new Opaque{kAlive, dev->id};
}

void mpk_ioctl_finish(mpath_gate *, void *opaque) noexcept
{
	auto *o = static_cast<Opaque *>(opaque);

	if (!o || o->magic != kAlive)
		die("ioctl_finish without ioctl_begin");
	note("finish", o->id);
	o->magic = 0;
	delete o;
	g.opaques.fetch_sub(1, std::memory_order_relaxed);
}

u32 mpk_ioctl_wait_ms(mpath_gate *gate, const mpc_ioctl_args *) noexcept
{
	mpk_might_sleep();
	return gate->ioctls_wait ? gate->own_ms : 0;
}

u32 mpk_uring_wait_ms(mpath_gate *gate, io_uring_cmd *, u32) noexcept
{
	return gate->own_ms;
}

int mpk_ioctl_again(mpath_gate *, mpath_device *dev, const mpc_ioctl_args *, long ret) noexcept
{
	check_held(dev);
	return ret && ret == dev->ioctl_again;
}

u32 mpk_ioctl_counting(mpath_gate *, mpath_device *dev, u32 cmd) noexcept
{
	check_held(dev);
	return cmd;
}

long mpk_path_ioctl(mpath_gate *, mpath_device *dev, const mpc_ioctl_args *args,
		    u32 counting) noexcept
{
	check_held(dev);
	EXPECT_EQ(counting, args->cmd);
	dev->ioctls.fetch_add(1, std::memory_order_relaxed);
	if (g.recording)
		dev->last_args = *args;
	note("ioctl", dev->id);
	run(dev->on_ioctl);
	dev->check();
	return next_result(dev->ioctl_results, dev->ioctl_result);
}

int mpk_path_uring_cmd(mpath_gate *, mpath_device *dev, io_uring_cmd *cmd,
		       u32 issue_flags) noexcept
{
	check_held(dev);
	dev->urings.fetch_add(1, std::memory_order_relaxed);
	++cmd->submissions;
	cmd->last_flags = issue_flags;
	note("uring", dev->id);
	run(dev->on_uring);
	dev->check();
	return next_result(dev->uring_results, dev->uring_result);
}

int mpk_path_call(mpath_device *dev, void *fn, void *ctx) noexcept
{
	check_held(dev);
	note("call", dev->id);
	return reinterpret_cast<int (*)(mpath_device *, void *)>(fn)(dev, ctx);
}

void mpk_count(mpath_gate *gate, u32 slot, u32 counter) noexcept
{
	if (slot >= MPC_MAX_PATHS || counter >= MPC_COUNTERS)
		die("a counter that does not exist");
	gate->counters[slot][counter].fetch_add(1, std::memory_order_relaxed);
}

void mpk_warn(const char *what) noexcept
{
	if (!what || !*what)
		die("a warning without words");
	g.warnings.fetch_add(1);
}
