// SPDX-License-Identifier: GPL-2.0
// A program of bytes drives a head, its paths and its bios. After each step:
// every bio is in one place, each path was tried at most once in a pass, nothing
// disabled, blocked or of another access state was chosen, nothing better was
// passed over that could be known of, the states follow the table, no section
// and no pin is left.
#include "fakes/fake_kernel.hpp"
#include "input.hpp"

#include <algorithm>

using namespace fake;

namespace {

// lifetime.hpp's table; 'x': bug, '=': stays. Upper case: next state, of
// N A L G(lingering) E Y(dying) D; then the action.
constexpr const char *kTable[MPC_STATE_COUNT][MPC_EVENT_COUNT] = {
	{"A+", "x", "x", "D", "x", "N", "Nn", "N"},
	{"Aw", "L", "D", "Aw", "x", "A", "Aw", "A"},
	{"L", "x", "x", "Y-", "x", "L", "Ga", "L"},
	{"G", "x", "x", "Y-", "x", "Ld", "G", "Eh"},
	{"Er", "x", "x", "Y-", "x", "Er", "E", "E"},
	{"Yr", "x", "x", "Yw", "D", "Yr", "Y", "Y"},
	{"Dr", "x", "x", "D", "x", "Dr", "Dn", "D"},
};
constexpr char kStates[] = "NALGEYD";
constexpr char kActions[] = " +-wrxadnh"; // MPC_ACTION_* in order

struct Sent {
	bio b;
	mpc_try want{}; ///< the tries as they must be

	/// Ended a pass without a path?
	void start_over()
	{
		want.passes += want.tried || want.stage != MPC_STAGE_EACH;
		want.tried = 0;
		want.stage = MPC_STAGE_EACH;
	}
	void check() const
	{
		if (!b.hooked)
			return;
		REQUIRE(b.tries.tried == want.tried);
		REQUIRE(b.tries.not_before == want.not_before);
		REQUIRE(b.tries.passes == want.passes && want.passes <= 32);
		REQUIRE(b.tries.stage == want.stage);
		REQUIRE(b.tries.answers == want.answers && want.answers <= 5);
	}
};

class Program final {
public:
	explicit Program(fuzz::Input in) : in_{in}
	{
		reset();
		begin();
	}
	~Program()
	{
		end();
		expect_clean();
	}
	void run()
	{
		while (!in_.empty())
			step();
	}

private:
	void begin()
	{
		const u32 kind = in_.byte();

		failover_ = kind & 1;
		world_ = std::make_unique<World>(HeadOptions{.nodes = 1 + (kind >> 5 & 3),
							     .can_pin = failover_ || (kind & 2),
							     .begin_finish = (kind & 4) != 0,
							     .uring = (kind & 8) != 0,
							     .live = !(kind & 16),
							     .failover = failover_});
		dirty_ = false;
		grace_ = 0;
		set_node(0);
	}
	void end()
	{
		for (auto &s : bios_)
			if (s->b.fate == bio::Fate::kForwarded && s->b.hooked)
				world_->succeed(s->b);
		bios_.clear();
		world_.reset();
		(void)take_warnings();
	}

	// --- What is true of the paths now ---------------------------------------

	[[nodiscard]] bool takes_paths() const
	{
		return world_->head && mpc_head_state(world_->core()) <= MPC_STATE_LINGERING;
	}
	[[nodiscard]] bool takes_io() const
	{
		return takes_paths() && mpc_head_state(world_->core()) != MPC_STATE_NEW;
	}
	/// 0: the best; 3: must not be used
	static u32 standing(const mpath_device &p)
	{
		if (p.disabled || mpc_path_blocked(p.core) || p.access_state >= MPC_ACCESS_OTHER)
			return 3;
		if (p.health() != MPC_HEALTH_OK)
			return 2;
		return p.access_state;
	}
	[[nodiscard]] u32 best(u64 excluded) const
	{
		u32 best = 3;

		for (const mpath_device *p : world_->paths())
			if (!(excluded >> p->slot & 1))
				best = std::min(best, standing(*p));
		return best;
	}
	/// May a node still remember that things were worse?
	[[nodiscard]] bool may_be_stale() const { return dirty_ && now() - dirty_at_ < kForgetting; }
	void got_better()
	{
		dirty_ = true;
		dirty_at_ = now();
	}
	void news()
	{
		mpc_changed(world_->core());
		dirty_ = false;
	}
	mpath_device *some_path()
	{
		const u32 which = in_.byte();

		return world_->paths().empty() ? nullptr : world_->paths()[which % world_->paths().size()];
	}

	// --- Bios ------------------------------------------------------------------

	/// Is there a path that could have taken the bio, of those in `mask`?
	[[nodiscard]] bool some_path_takes_it(u64 mask, bool refusing_too) const
	{
		for (const mpath_device *p : world_->paths())
			if ((mask >> p->slot & 1) && standing(*p) < 3 &&
			    (refusing_too || !failover_ || !p->pin_refused))
				return true;
		return false;
	}
	/// After a bio was given to the core, which had it go there or nowhere.
	void check_where(Sent &s, u32 tests_before)
	{
		const bio &b = s.b;
		const bool each = s.want.stage == MPC_STAGE_EACH;
		const u64 untried = each ? ~s.want.tried : ~0ull;

		if (b.fate != bio::Fate::kForwarded) {
			if (takes_io()) { // no path took it, so none could
				REQUIRE(!some_path_takes_it(untried, false));
				REQUIRE(!each || !some_path_takes_it(s.want.tried, true));
				s.start_over();
			}
			if (b.fate == bio::Fate::kParked)
				REQUIRE(takes_io());
			return;
		}
		REQUIRE(takes_io());
		if (!failover_)
			return;

		const mpath_device &dev = *b.device;
		const bool test = tests() > tests_before;

		REQUIRE(standing(dev) < 3 && (untried >> dev.slot & 1));
		if (each)
			return;
		REQUIRE(!test);
		if (may_be_stale() || standing(dev) < 2)
			return;
		for (const mpath_device *p : world_->paths())
			REQUIRE(standing(*p) >= 2 || p->pin_refused);
	}
	[[nodiscard]] u32 tests() const
	{
		u32 n = 0;

		for (const mpath_device *p : world_->paths())
			n += p->health() == MPC_HEALTH_TESTING;
		return n;
	}
	[[nodiscard]] bool hope() const
	{
		for (const mpath_device *p : world_->paths())
			if (p->available && !(mpc_path_blocked(p->core) &
					      (MPC_BLOCK_MISMATCH | MPC_BLOCK_HOPELESS |
					       MPC_BLOCK_ADMIN)))
				return true;
		return false;
	}
	void submit()
	{
		if (bios_.size() >= 24)
			return;

		Sent &s = *bios_.emplace_back(std::make_unique<Sent>());
		const u32 before = tests();

		world_->submit(s.b);
		check_where(s, before);
		s.check();
		if (s.b.fate == bio::Fate::kFailed)
			REQUIRE(!takes_io() || !hope());
		if (s.b.fate == bio::Fate::kParked)
			REQUIRE(hope() || grace_);
		forget_ended();
	}
	Sent *some_bio(bio::Fate fate)
	{
		const u32 first = in_.byte();

		for (std::size_t i = 0; i < bios_.size(); ++i) {
			Sent *s = bios_[(first + i) % bios_.size()].get();

			if (s->b.fate == fate && (fate != bio::Fate::kForwarded || s->b.hooked))
				return s;
		}
		return nullptr;
	}
	void redrive()
	{
		Sent *s = some_bio(bio::Fate::kParked);

		if (!s)
			return;

		const bool each = s->want.stage == MPC_STAGE_EACH;
		const u64 untried = each ? ~s->want.tried : ~0ull;
		const bool waits = s->want.not_before > now();
		const u32 before = tests();
		const u32 verdict = world_->redrive(s->b);

		REQUIRE((verdict == MPC_BIO_DEAD) == !takes_io());
		switch (verdict) {
		case MPC_BIO_DEAD:
			break;
		case MPC_BIO_LATER:
			if (waits) {
				REQUIRE(tests() == before);
				break;
			}
			// every path that takes it has had its turn, and there is one
			REQUIRE(each && !some_path_takes_it(untried, false));
			REQUIRE(some_path_takes_it(s->want.tried, true));
			s->want.stage = MPC_STAGE_LAST;
			s->want.not_before = now() + kLastTry;
			break;
		case MPC_BIO_NO_MEMORY:
			REQUIRE(!waits && short_of_memory(untried));
			break;
		default:
			REQUIRE(!waits);
			check_where(*s, before);
			if (verdict == MPC_BIO_FAIL)
				REQUIRE(!hope() || s->want.passes >= 32);
			if (verdict == MPC_BIO_PARK)
				REQUIRE(s->want.passes < 32 && (hope() || grace_));
		}
		s->check();
		forget_ended();
	}
	[[nodiscard]] bool short_of_memory(u64 mask) const
	{
		for (const mpath_device *p : world_->paths())
			if ((mask >> p->slot & 1) && standing(*p) < 3 && p->no_memory && !p->pin_refused)
				return failover_;
		return false;
	}
	void succeed()
	{
		if (Sent *s = some_bio(bio::Fate::kForwarded)) {
			const u64 ns = u64{in_.byte()} << in_.below(60);
			const bool ill = s->b.device->health() != MPC_HEALTH_OK;
			mpath_device *dev = s->b.device;

			REQUIRE(dev->is_pinned());
			world_->succeed(s->b, ns); // gives news itself
			if (ill)
				dirty_ = false;
		}
		forget_ended();
	}
	void fail()
	{
		Sent *s = some_bio(bio::Fate::kForwarded);

		if (!s)
			return;

		const bool down = s->b.device->disabled ||
				  mpc_path_blocked(s->b.device->core) & MPC_BLOCK_ADMIN;
		const bool each = s->want.stage == MPC_STAGE_EACH;
		const bool last = s->want.stage == MPC_STAGE_LAST;

		s->want.tried |= 1ull << s->b.device->slot;

		const u32 verdict = world_->fail(s->b);

		if (!each && (down || !last)) {
			s->want.stage = MPC_STAGE_EACH;
			++s->want.passes;
			REQUIRE((verdict == MPC_TRY_AGAIN) == (s->want.passes < 32));
		} else {
			REQUIRE((verdict == MPC_TRY_AGAIN) == each);
		}
		s->check();
		forget_ended();
	}
	void answer()
	{
		Sent *s = some_bio(bio::Fate::kForwarded);

		if (!s)
			return;

		const bool ill = s->b.device->health() != MPC_HEALTH_OK;
		const bool final = s->want.answers == 5;
		const u32 verdict = world_->answer(s->b); // gives news itself

		if (ill && world_->head)
			dirty_ = false;
		if (!final) {
			s->want.stage = MPC_STAGE_ANSWERED;
			s->want.not_before = s->want.answers ? now() + kLastTry : 0;
			++s->want.answers;
		}
		REQUIRE((verdict == MPC_TRY_DONE) == final);
		s->check();
		forget_ended();
	}
	void forget_ended()
	{
		std::erase_if(bios_, [](const auto &s) {
			return s->b.fate == bio::Fate::kEnded || s->b.fate == bio::Fate::kFailed ||
			       (s->b.fate == bio::Fate::kForwarded && !s->b.hooked);
		});
	}

	// --- Commands ----------------------------------------------------------------

	void command(u32 kind)
	{
		std::vector<u32> before;
		const auto used = [kind](const mpath_device *p) {
			return kind == 0 ? p->ioctls.load() : kind == 1 ? p->urings.load() : p->calls.load();
		};

		for (const mpath_device *p : world_->paths())
			before.push_back(used(p));

		const long ret = kind == 0 ? world_->ioctl() : kind == 1 ? world_->uring() : world_->call();
		u32 tries = 0;

		for (std::size_t i = 0; i < before.size(); ++i) {
			const mpath_device *p = world_->paths()[i];
			const u32 n = used(p) - before[i];

			REQUIRE(n <= 1);
			REQUIRE(!n || standing(*p) < 3);
			tries += n;
		}
		if (!takes_paths()) {
			REQUIRE(ret == -MPC_ENODEV && !tries);
			return;
		}
		REQUIRE(ret != -MPC_ENODEV);
		if (best(0) == 3)
			REQUIRE(ret == (kind == 1 ? -MPC_EINVAL : -MPC_EAGAIN));
	}
	void pick()
	{
		if (!world_->head)
			return;

		const bool for_bio = in_.byte() & 1;
		const u64 excluded = in_.byte() & 1 ? u64{in_.word()} << in_.below(33) : 0;
		const u32 tests_before = tests();
		const mpath_device *p = for_bio ? world_->pick_for_bio(excluded) : world_->pick(excluded);
		const bool test = tests() > tests_before;

		REQUIRE((p != nullptr) == (best(excluded) < 3));
		REQUIRE(for_bio || !test);
		if (!p)
			return;
		REQUIRE(!(excluded >> p->slot & 1));
		REQUIRE(standing(*p) < 3);
		// a bio may be a test, also one whose first tester was lost
		if (!may_be_stale() && !(for_bio && p->health() == MPC_HEALTH_TESTING))
			REQUIRE(standing(*p) == best(excluded));
	}

	// --- What changes ------------------------------------------------------------

	void add()
	{
		const u32 what = in_.byte();
		const bool full = world_->paths().size() == MPC_MAX_PATHS;
		int err = 0;
		const mpath_device *p = world_->try_add({.node = static_cast<s32>(what & 3) - 1,
							 .access = what >> 2 & 3,
							 .active = static_cast<s32>(what >> 4 & 3) - 1,
							 .disabled = (what & 64) != 0,
							 .blocked = what & 128 ? MPC_BLOCK_REGISTER : 0},
							&err);

		REQUIRE((p != nullptr) == (takes_paths() && !full));
		REQUIRE(p || err == (takes_paths() ? -MPC_ENOSPC : -MPC_ENODEV));
		if (p)
			dirty_ = false;
	}
	void change(mpath_device &p)
	{
		const u32 before = standing(p);
		const u32 what = in_.byte();

		switch (what & 7) {
		case 0:
			p.disabled = (what & 8) != 0;
			break;
		case 1:
			p.access(what >> 3 & 3);
			break;
		case 2:
			p.active(static_cast<s32>(what >> 3) - 2);
			break;
		case 3:
			p.available = (what & 8) != 0;
			break;
		case 4:
			p.pin_refused = (what & 8) != 0;
			p.no_memory = (what & 16) != 0;
			break;
		case 5:
			p.ioctl_result = what & 8 ? -MPC_ENXIO : what >> 4;
			p.uring_result = what & 16 ? -MPC_ESHUTDOWN : kQueued;
			break;
		case 6:
			(void)mpc_path_block(p.core, MPC_BLOCK_MISMATCH << (what >> 4 & 3), what & 8);
			break;
		default:
			(void)mpc_path_forgive(p.core);
		}
		if (standing(p) < before) {
			if (what & 128)
				news();
			else
				got_better();
		}
	}
	void event()
	{
		const u32 e = in_.below(MPC_EVENT_COUNT + 1);
		const u32 state = mpc_head_state(world_->core());
		const char *want = e < MPC_EVENT_COUNT ? kTable[state][e] : "x";
		const u32 action = world_->event(e);
		const u32 next = mpc_head_state(world_->core());

		if (*want == 'x') {
			REQUIRE(action == MPC_ACTION_BUG && next == state);
			REQUIRE(take_warnings() == 1);
			return;
		}
		REQUIRE(kStates[next] == want[0]);
		REQUIRE(kActions[action] == (want[1] ? want[1] : ' '));
	}
	void remove()
	{
		const u32 state = mpc_head_state(world_->core());

		if (state >= MPC_STATE_LIVE && state <= MPC_STATE_EXPIRED)
			world_->remove_head();
	}

	void step()
	{
		const u32 op = in_.below(24);
		mpath_device *path;

		switch (op) {
		case 0: case 1: case 2:
			submit();
			return;
		case 3: case 4: case 5:
			redrive();
			return;
		case 6:
			succeed();
			return;
		case 7: case 8:
			fail();
			return;
		case 9:
			answer();
			return;
		case 10: case 11: case 12:
			command(op - 10);
			return;
		case 13:
			advance(u64{in_.byte()} << in_.below(8));
			return;
		case 14:
			set_node(static_cast<s32>(in_.below(5)) - 1);
			return;
		case 15:
			if (in_.byte() == 0xff) {
				end();
				begin();
			}
			return;
		}
		if (!world_->head)
			return;
		switch (op) {
		case 16:
			add();
			break;
		case 17:
			path = some_path();
			if (path) {
				world_->del(*path);
				dirty_ = false;
			}
			break;
		case 18: case 19:
			path = some_path();
			if (path)
				change(*path);
			break;
		case 20:
			pick();
			break;
		case 21: {
			const u32 what = in_.byte();

			if (what & 1) {
				world_->set_policy(what >> 1 & 7);
				// one that looks at all each time knows nothing of what
				// another one remembers
				news();
			} else if (what & 2) {
				grace_ = what >> 4;
				mpc_set_grace(world_->core(), grace_);
			} else if (what & 4) {
				mpc_choose_all(&world_->gate);
				dirty_ = false;
			} else {
				news();
			}
			break;
		}
		case 22:
			event();
			break;
		default:
			if (in_.byte() == 0xff)
				remove();
			else
				pick();
		}
	}

	fuzz::Input in_;
	std::unique_ptr<World> world_;
	std::vector<std::unique_ptr<Sent>> bios_;
	bool failover_ = false, dirty_ = false;
	u64 dirty_at_ = 0;
	u32 grace_ = 0;
};

} // namespace

extern "C" int LLVMFuzzerInitialize(int *, char ***)
{
	testing::GTEST_FLAG(break_on_failure) = true; // the fake's own checks
	return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const u8 *data, std::size_t size)
{
	Program{fuzz::Input{data, size}}.run();
	return 0;
}
