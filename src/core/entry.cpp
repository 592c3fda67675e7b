// SPDX-License-Identifier: GPL-2.0
// The bodies of core_api.h: unpack, call, pack. No decision is made here.
#include "core_api.h"

#include "dispatch.hpp"
#include "guard.hpp"
#include "head.hpp"
#include "head_first.hpp"
#include "parse.hpp"
#include "selector.hpp"
#include "template_check.hpp"

namespace {

mpath::Head &head_of(mpc_head *h) noexcept
{
	return *reinterpret_cast<mpath::Head *>(h);
}
const mpath::Head &head_of(const mpc_head *h) noexcept
{
	return *reinterpret_cast<const mpath::Head *>(h);
}
mpath::Path &path_of(void *storage) noexcept
{
	return *static_cast<mpath::Path *>(storage);
}
const mpath::Path &path_of(const void *storage) noexcept
{
	return *static_cast<const mpath::Path *>(storage);
}

} // namespace

void mpc_setup(const u64 *ticks, u32 ticks_per_second) noexcept
{
	mpath::g_clock = mpath::clock_of(ticks, ticks_per_second);
}

u32 mpc_head_size() noexcept
{
	return sizeof(mpath::Head);
}

u32 mpc_path_size() noexcept
{
	return sizeof(mpath::Path);
}

mpc_head *mpc_head_init(void *storage, mpath_head *head, void *hints, u32 nr_nodes) noexcept
{
	return reinterpret_cast<mpc_head *>(
		new (mpath::InPlace{storage}) mpath::Head{head, hints, nr_nodes});
}

int mpc_template_check(u32 has, const char **rule) noexcept
{
	*rule = mpath::broken_rule(has);
	return *rule ? -MPC_EINVAL : 0;
}

void mpc_head_bind(mpc_head *head, const mpc_ops *ops, const u32 *policy) noexcept
{
	head_of(head).bind(ops, policy);
}

u32 mpc_head_event(mpc_head *head, u32 event) noexcept
{
	if (event >= MPC_EVENT_COUNT) { // before the cast cuts it to a good one
		mpk_warn("no such event");
		return MPC_ACTION_BUG;
	}
	return static_cast<u32>(head_of(head).on(static_cast<mpath::Event>(event)));
}

u32 mpc_head_state(const mpc_head *head) noexcept
{
	return static_cast<u32>(head_of(head).state());
}

int mpc_path_add(mpc_head *head, void *storage, const mpc_path_args *args) noexcept
{
	return head_of(head).add_path(storage, *args);
}

int mpc_path_next_slot(const mpc_head *head) noexcept
{
	const int slot = head_of(head).free_slot();

	return slot < 0 ? -MPC_ENOSPC : slot;
}

int mpc_path_del(mpc_head *head, void *storage) noexcept
{
	head_of(head).remove_path(path_of(storage));
	return head_of(head).path_count() == 0;
}

u32 mpc_path_count(const mpc_head *head) noexcept
{
	return head_of(head).path_count();
}

int mpc_clear_path(mpc_head *head, void *storage) noexcept
{
	return head_of(head).clear_choice(path_of(storage));
}

void mpc_clear_all(mpc_head *head) noexcept
{
	head_of(head).clear_choices();
}

void mpc_changed(mpc_head *head) noexcept
{
	head_of(head).changed();
}

void mpc_choose_all(mpath_gate *gate) noexcept
{
	mpath::SrcuSection section{gate};

	if (mpath::Head *head = section.head())
		head->choose_all(section.token());
}

int mpc_is_choice(mpc_head *head, void *storage, u32 node) noexcept
{
	return head_of(head).is_choice(path_of(storage), node);
}

void mpc_set_grace(mpc_head *head, u32 seconds) noexcept
{
	head_of(head).set_grace(seconds);
}

u32 mpc_path_health(const void *storage) noexcept
{
	return path_of(storage).health().state();
}

u32 mpc_path_blocked(const void *storage) noexcept
{
	return path_of(storage).health().blocked();
}

u32 mpc_path_backoff(const void *storage) noexcept
{
	return path_of(storage).health().backoff();
}

int mpc_path_block(void *storage, u32 bits, u32 on) noexcept
{
	return path_of(storage).health().block(bits & MPC_BLOCK_BITS, on);
}

int mpc_path_forgive(void *storage) noexcept
{
	return path_of(storage).health().good();
}

u64 mpc_path_latency(const void *storage) noexcept
{
	return path_of(storage).latency().mean();
}

void mpc_path_took(void *storage, u64 ns) noexcept
{
	path_of(storage).latency().sample(ns);
}

[[gnu::flatten]] int mpc_path_good(void *storage, u64 ns) noexcept
{
	mpath::Path &path = path_of(storage);

	if (ns)
		path.latency().sample(ns);
	else
		path.latency().back();
	return path.health().good();
}

u32 mpc_path_bad(void *storage, const struct mpc_ops *ops, struct mpc_try *t, u32 *changed) noexcept
{
	bool health = false;
	const u32 verdict = mpath::path_bad(path_of(storage), *ops, *t, health);

	*changed = health;
	return verdict;
}

u32 mpc_path_answered(struct mpc_try *t) noexcept
{
	return mpath::path_answered(*t);
}

u32 mpc_redrive_bio(mpath_gate *gate, bio *b, struct mpc_try *t) noexcept
{
	return mpath::redrive_bio(gate, b, t);
}

[[gnu::noinline, gnu::flatten]] mpc_choice mpath::Head::first_by_walking(u32 policy, s32 node,
									  For use) noexcept
{
	return first_by<true>(policy, node, use);
}

[[gnu::flatten]] mpc_choice mpc_choose(mpc_head *head, s32 node, u32 use) noexcept
{
	return head_of(head).first(mpath::SrcuToken::of_caller(), node,
				   use == MPC_FOR_BIO ? mpath::For::kBio : mpath::For::kOther);
}

void mpc_submit_bio(mpath_gate *gate, bio *b) noexcept
{
	mpath::submit_bio(gate, b);
}

long mpc_ioctl(mpath_gate *gate, const struct mpc_ioctl_args *args) noexcept
{
	return mpath::route_ioctl(gate, *args);
}

int mpc_uring_cmd(mpath_gate *gate, io_uring_cmd *cmd, u32 issue_flags) noexcept
{
	return mpath::route_uring_cmd(gate, cmd, issue_flags);
}

int mpc_uring_cmd_next(mpath_gate *gate, io_uring_cmd *cmd, u32 issue_flags, u32 slot,
		       int ret) noexcept
{
	return mpath::route_uring_cmd_next(gate, cmd, issue_flags, slot, ret);
}

int mpc_call(mpath_gate *gate, void *fn, void *ctx) noexcept
{
	return mpath::route_call(gate, fn, ctx);
}

int mpc_call_again(mpath_gate *gate, u64 *tried, void *fn, void *ctx) noexcept
{
	return mpath::route_again(gate, *tried, fn, ctx);
}

int mpc_policy_parse(const char *name, u64 len) noexcept
{
	const int policy = mpath::policy_parse(name, len);

	return policy < 0 ? -MPC_EINVAL : policy;
}

const char *mpc_policy_name(u32 policy) noexcept
{
	return mpath::policy_name(policy);
}

int mpc_parse_seconds(const char *text, u64 len, u32 *seconds) noexcept
{
	return mpath::parse_seconds(text, len, seconds);
}
