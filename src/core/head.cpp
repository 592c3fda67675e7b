// SPDX-License-Identifier: GPL-2.0
#include "head.hpp"

#include "kernel_api.h"

namespace mpath {
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
constexpr mpc_ops kUnbound = {never, always, never, nullptr, nullptr, 0, 0};
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
	if (paths_.remove(&path))
		clear_choice(path);
}

NodeHint &Head::hint(u32 node) noexcept
{
	// A node beyond the table (none is known to exist) shares the first one's.
	return *reinterpret_cast<NodeHint *>(
		hints_ + static_cast<u64>(node < nr_nodes_ ? node : 0) * MPC_HINT_STRIDE);
}

Path *Head::select(const SrcuToken &, SlotMask excluded) noexcept
{
	const s32 node = mpk_this_node();
	const Selection s{paths_, *ops_, hint(static_cast<u32>(node)), node, excluded};
	const SlotMask before = paths_.occupied();
	Path *path = select_by(load_once(policy_), s);

	// One path was added and another deleted while we looked: the first was
	// not in the walk, the second had left. Once more, then it is true.
	if (!path && paths_.occupied() != before) [[unlikely]]
		path = select_by(load_once(policy_), s);
	return path;
}

bool Head::may_recover(const SrcuToken &) const noexcept
{
	bool yes = false;

	if (!takes_io(state()))
		return false;
	for_each_path(paths_, paths_.occupied(), [&](Path &p) noexcept {
		yes = ops_->available_path(p.handle());
		return yes;
	});
	return yes;
}

void Head::choose_all(const SrcuToken &) noexcept
{
	const bool by_distance = load_once(policy_) == MPC_POLICY_NUMA;

	for (u32 node = 0; node < nr_nodes_; ++node)
		(void)search_all(Selection{paths_, *ops_, hint(node), static_cast<s32>(node), 0},
				 by_distance);
}

bool Head::clear_choice(const Path &path) noexcept
{
	const Path *now = paths_.at(path.slot());
	bool changed = false;

	if (now && now != &path)
		return false; // the slot is another path's by now

	for (u32 node = 0; node < nr_nodes_; ++node) {
		if (hint(node).is(path.slot())) {
			hint(node).clear();
			changed = true;
		}
	}
	return changed;
}

void Head::clear_choices() noexcept
{
	for (u32 node = 0; node < nr_nodes_; ++node)
		hint(node).clear();
}

bool Head::is_choice(const Path &path, u32 node) noexcept
{
	return node < nr_nodes_ && paths_.at(path.slot()) == &path && hint(node).is(path.slot());
}

} // namespace mpath
