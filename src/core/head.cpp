// SPDX-License-Identifier: GPL-2.0
#include "head.hpp"

#include "kernel_api.h"

namespace mpath {

constinit Clock g_clock = clock_of(nullptr, 1);

namespace {

// Until a template is bound nothing is usable: no path can be chosen by chance.
bool never(mpath_device *) noexcept
{
	return false;
}
bool always(mpath_device *) noexcept
{
	return true;
}
constexpr mpc_ops kUnbound = {never, always, never, nullptr, nullptr, never, 0, 0};
constexpr u32 kDefaultPolicy = MPC_POLICY_NUMA;

} // namespace

Head::Head(mpath_head *handle, void *hints, u32 nr_nodes) noexcept
	: ops_{&kUnbound}, policy_{&kDefaultPolicy}, hints_{static_cast<u8 *>(hints)},
	  nr_nodes_{nr_nodes}, handle_{handle}
{
}

void Head::bind(const mpc_ops *ops, const u32 *policy) noexcept
{
	ops_ = ops;
	policy_ = policy;
}

Action Head::on(Event event) noexcept
{
	const Step step = next_step(state(), event);

	if (step.action == Action::kBug)
		mpk_warn("event does not fit the head's state");
	else
		state_.release(static_cast<u32>(step.next)); // pairs with state()
	return step.action;
}

int Head::add_path(void *storage, const mpc_path_args &args) noexcept
{
	if (!takes_paths(state()))
		return -MPC_ENODEV;

	const int slot = paths_.free_slot();
	if (slot < 0)
		return -MPC_ENOSPC;
	paths_.add(new (InPlace{storage}) Path{args, static_cast<u32>(slot)});
	clear_choices(); // the new one may be nearer
	return slot;
}

void Head::remove_path(Path &path) noexcept
{
	if (!paths_.remove(&path))
		return;
	clear_choice(path);
}

Path *Head::select(SrcuToken, SlotMask excluded, For use) noexcept
{
	const Selection s = selection(mpk_this_node(), excluded, use);
	const SlotMask before = paths_.occupied();

	if (use == For::kBio && s.now >= next_test_.relaxed()) [[unlikely]] // relaxed: a hint
		if (Path *path = due_for_test(s))
			return path;

	Path *path = select_by(load_once(policy_), s);

	// One path was added and another deleted while we looked: the first was
	// not in the walk, the second had left. Once more, then it is true.
	if (!path && paths_.occupied() != before) [[unlikely]]
		path = select_by(load_once(policy_), s);
	if (path && s.comes_back && hopeless_since_.relaxed()) [[unlikely]]
		hopeless_since_.set_relaxed(0);
	return path;
}

Path *Head::due_for_test(const Selection &s) noexcept
{
	Path *due = nullptr;

	for_each_path(paths_, paths_.occupied(), [&](Path &p) noexcept {
		if (s.now >= p.health().test_at() && s.standing(p) == Standing::kSpare &&
		    p.health().claim_test())
			due = &p;
		return due != nullptr;
	});
	find_next_test();
	return due;
}

void Head::find_next_test() noexcept
{
	// Who makes a path fail changes the generation after that: if it changed
	// while we looked, what we stored may hide that path's time.
	for (u32 round = 0; round < 4; ++round) {
		const u32 generation = generation_.acquire();
		u64 next = Health::kNever;

		for_each_path(paths_, paths_.occupied(), [&](Path &p) noexcept {
			const u64 at = p.health().test_at();

			next = at < next ? at : next;
			return false;
		});
		// A path that is disabled now stays due: look again at the next tick.
		if (next <= now_ticks())
			next = now_ticks() + 1;
		next_test_.exchange(next); // a full barrier before the look back
		if (generation_.acquire() == generation)
			return;
	}
	next_test_.exchange(now_ticks() + 1);
}

bool Head::may_recover(SrcuToken) noexcept
{
	const State now = state();
	bool yes = false;

	if (!takes_io(now))
		return false;
	for_each_path(paths_, paths_.occupied(), [&](Path &p) noexcept {
		// a path that does not fit its head will not by itself, nor one that
		// was taken out of use
		yes = !(p.health().blocked() &
			(MPC_BLOCK_MISMATCH | MPC_BLOCK_HOPELESS | MPC_BLOCK_ADMIN)) &&
		      ops_->available_path(p.handle());
		return yes;
	});
	const u64 grace = grace_.relaxed();

	if (yes || (grace && now == State::kLingering)) { // that one's own timer ends it
		if (hopeless_since_.relaxed())
			hopeless_since_.set_relaxed(0);
		return true;
	}
	if (!grace)
		return false;

	u64 since = hopeless_since_.relaxed();

	if (!since) {
		since = now_ticks();
		hopeless_since_.set_relaxed(since);
	}
	return now_ticks() - since < grace;
}

void Head::set_grace(u32 seconds) noexcept
{
	grace_.set_relaxed(u64{seconds} * g_clock.hz);
	hopeless_since_.set_relaxed(0); // a period that is running starts anew
}

void Head::choose_all(SrcuToken) noexcept
{
	changed();
	for (u32 node = 0; node < nr_nodes_; ++node)
		choose_ahead(load_once(policy_), selection(static_cast<s32>(node), 0, For::kOther));
}

void Head::changed() noexcept
{
	generation_.add(1); // publishes what has changed; pairs with selection()
	// The next bio looks when a test is due: it is in a section, the caller
	// need not be, and then no path but its own is safe to be looked at.
	next_test_.release(0);
}

bool Head::clear_choice(const Path &path) noexcept
{
	const Path *now = paths_.at(path.slot());
	bool found = false;

	if (now && now != &path)
		return false; // the slot is another path's by now

	for (u32 node = 0; node < nr_nodes_; ++node) {
		if (hint(node).is(path.slot())) {
			hint(node).clear();
			found = true;
		}
	}
	changed();
	return found;
}

void Head::clear_choices() noexcept
{
	for (u32 node = 0; node < nr_nodes_; ++node)
		hint(node).clear();
	changed();
}

bool Head::is_choice(const Path &path, u32 node) noexcept
{
	return node < nr_nodes_ && paths_.at(path.slot()) == &path && hint(node).is(path.slot());
}

} // namespace mpath
