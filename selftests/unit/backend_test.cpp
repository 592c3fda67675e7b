// SPDX-License-Identifier: GPL-2.0
// Templates that are made of C++ classes: each field is what the class states,
// typed callbacks get the right objects, and the rules say the same to the
// compiler and to mpath_alloc_head_disk(). What must not compile is in bad/.
#include <cstring>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include <mpath/backend.hpp>

#include "template_check.hpp"

namespace {

struct Path {
	u64 asked;
	u64 disabled;
};
struct Head {
	u64 number;
};

/// As a C driver lays it out; the library's part is only an address here.
template <typename T, typename Embedded>
struct Storage {
	T object{};
	alignas(8) unsigned char embedded[64] = {};

	Embedded *library() { return reinterpret_cast<Embedded *>(embedded); }
};
using PathStorage = Storage<Path, mpath_device>;
using HeadStorage = Storage<Head, mpath_head>;

// ---- the smallest one --------------------------------------------------------

struct Smallest {
	static bool available_path(mpath_device *) { return true; }
	static bool is_disabled(mpath_device *) { return false; }
	static bool is_optimized(mpath_device *) { return true; }
};
constexpr mpath_head_template kSmallest = mpath::make_template<Smallest>();

TEST(Backend, TheSmallestHasThreeCallbacksAndNothingElse)
{
	mpath_head_template want;

	// all bytes: fields that nobody lists here would be seen, too
	std::memset(&want, 0, sizeof(want));
	want.available_path = Smallest::available_path;
	want.is_disabled = Smallest::is_disabled;
	want.is_optimized = Smallest::is_optimized;
	EXPECT_EQ(std::memcmp(&want, &kSmallest, sizeof(want)), 0);
	EXPECT_EQ(mpath_template_has(&kSmallest),
		  MPC_HAS_AVAILABLE_PATH | MPC_HAS_IS_DISABLED | MPC_HAS_IS_OPTIMIZED);
}

// ---- every field -------------------------------------------------------------

const attribute_group *groups[1];

/// Each field that may be there together with the others.
struct Full : Smallest {
	static void remove_head(mpath_head *) {}
	static int cdev_name(mpath_head *, char *, size_t) { return 0; }
	static long cdev_ioctl(mpath_device *, unsigned int, unsigned long, bool) { return 0; }
	static void ioctl_begin(mpath_device *, unsigned int, void **) {}
	static void ioctl_finish(void *) {}
	static int chr_uring_cmd(mpath_device *, io_uring_cmd *, unsigned int) { return 0; }
	static int chr_uring_cmd_iopoll(io_uring_cmd *, io_comp_batch *, unsigned int) { return 0; }
	static constexpr const attribute_group **device_groups = groups;
	static bool get_path(mpath_device *) { return true; }
	static void put_path(mpath_device *) {}
	static bool partition_ioctl(unsigned int) { return true; }
	static constexpr mpath::Features features = mpath::Feature::kPlainBios |
						    mpath::Feature::kFailover |
						    mpath::Feature::kStackLimits |
						    mpath::Feature::kKeepsPin |
						    mpath::Feature::kRcu;
	static constexpr mpath::IoPolicies policies = mpath::IoPolicy::kRoundRobin |
						      mpath::IoPolicy::kServiceTime;
	static void path_error(mpath_device *, blk_status_t) {}
};
constexpr mpath_head_template kFull = mpath::make_template<Full>();

/// What excludes fields of Full.
struct Other : Smallest {
	static int add_cdev(mpath_head *) { return 0; }
	static void del_cdev(mpath_head *) {}
	static long cdev_ioctl(mpath_device *, unsigned int, unsigned long, bool) { return 0; }
	static bio *clone_bio(bio *b) { return b; }
};
struct Other2 : Smallest {
	static bio *clone_bio_to(mpath_device *, bio *b) { return b; }
};
constexpr mpath_head_template kOther = mpath::make_template<Other>();
constexpr mpath_head_template kOther2 = mpath::make_template<Other2>();

TEST(Backend, EveryFieldIsTheMemberOfItsName)
{
	EXPECT_EQ(kFull.available_path, &Full::available_path);
	EXPECT_EQ(kFull.is_disabled, &Full::is_disabled);
	EXPECT_EQ(kFull.is_optimized, &Full::is_optimized);
	EXPECT_EQ(kFull.remove_head, &Full::remove_head);
	EXPECT_EQ(kFull.add_cdev, nullptr);
	EXPECT_EQ(kFull.del_cdev, nullptr);
	EXPECT_EQ(kFull.cdev_ioctl, &Full::cdev_ioctl);
	EXPECT_EQ(kFull.ioctl_begin, &Full::ioctl_begin);
	EXPECT_EQ(kFull.ioctl_finish, &Full::ioctl_finish);
	EXPECT_EQ(kFull.chr_uring_cmd, &Full::chr_uring_cmd);
	EXPECT_EQ(kFull.chr_uring_cmd_iopoll, &Full::chr_uring_cmd_iopoll);
	EXPECT_EQ(kFull.clone_bio, nullptr);
	EXPECT_EQ(kFull.device_groups, groups);
	EXPECT_EQ(kFull.cdev_name, &Full::cdev_name);
	EXPECT_EQ(kFull.get_path, &Full::get_path);
	EXPECT_EQ(kFull.put_path, &Full::put_path);
	EXPECT_EQ(kFull.clone_bio_to, nullptr);
	EXPECT_EQ(kFull.partition_ioctl, &Full::partition_ioctl);
	EXPECT_EQ(kFull.features, 31u);
	EXPECT_EQ(kFull.policies, 1u << MPC_POLICY_RR | 1u << MPC_POLICY_ST);
	EXPECT_EQ(kFull.path_error, &Full::path_error);

	EXPECT_EQ(kOther.add_cdev, &Other::add_cdev);
	EXPECT_EQ(kOther.del_cdev, &Other::del_cdev);
	EXPECT_EQ(kOther.cdev_ioctl, &Other::cdev_ioctl);
	EXPECT_EQ(kOther.clone_bio, &Other::clone_bio);
	EXPECT_EQ(kOther2.clone_bio_to, &Other2::clone_bio_to);
}

TEST(Backend, WhatIsThereIsToldFromTheTemplate)
{
	const u32 all = ((1u << MPC_HAS_BITS) - 1) & ~MPC_HAS_OF_HEAD & ~MPC_HAS_POLICIES;
	const u32 others = MPC_HAS_ADD_CDEV | MPC_HAS_DEL_CDEV | MPC_HAS_CLONE_BIO |
			   MPC_HAS_CLONE_BIO_TO;
	const u32 least = mpath_template_has(&kSmallest);

	EXPECT_EQ(mpath_template_has(&kFull), all & ~others);
	EXPECT_EQ(mpath_template_has(&kOther), least | MPC_HAS_ADD_CDEV | MPC_HAS_DEL_CDEV |
						       MPC_HAS_CDEV_IOCTL | MPC_HAS_CLONE_BIO);
	EXPECT_EQ(mpath_template_has(&kOther2), least | MPC_HAS_CLONE_BIO_TO);

	mpath_head_template t = kSmallest;

	// bits that are no policy allow none; one policy more, and there is one
	t.policies = 1u << MPC_POLICY_COUNT;
	EXPECT_EQ(mpath_template_has(&t), least | MPC_HAS_POLICIES);
	t.policies |= 1u << MPC_POLICY_NUMA;
	EXPECT_EQ(mpath_template_has(&t), least);
	t.features = ~(MPC_FEAT_FAILOVER | MPC_FEAT_KEEPS_PIN | MPC_FEAT_RCU);
	EXPECT_EQ(mpath_template_has(&t), least);
}

// ---- typed callbacks ---------------------------------------------------------

struct Typed {
	using Path = ::Path;
	using Head = ::Head;
	static Path &path_of(mpath_device *dev) { return mpath::object_before<Path>(dev); }
	static Head &head_of(mpath_head *head) { return mpath::object_before<Head>(head); }

	static bool available_path(const Path &path) { return path.asked < 10; }
	static bool is_disabled(Path &path) noexcept { return ++path.asked, path.disabled; }
	// an overload that has nothing to do with the library
	static bool is_disabled(int) { return true; }
	static constexpr auto is_optimized = [](Path &path) { return path.asked > 1; };

	static bool get_path(Path &path) { return path.asked += 100, true; }
	// raw beside typed
	static void put_path(mpath_device *dev) { path_of(dev).asked -= 100; }

	static int cdev_name(const Head &head, char *buf, size_t len)
	{
		return std::snprintf(buf, len, "n%llu", head.number);
	}
	static long cdev_ioctl(Path &path, unsigned int cmd, unsigned long arg, bool for_write)
	{
		return static_cast<long>(path.asked + cmd * 10 + arg * 100 + for_write * 1000);
	}
	static void remove_head(Head &head) { head.number = 0; }
	static int chr_uring_cmd(Path &path, io_uring_cmd *cmd, unsigned int flags)
	{
		return cmd == nullptr ? static_cast<int>(path.asked + flags) : -1;
	}

	static constexpr auto features = mpath::Feature::kFailover;
	static constexpr auto policies = mpath::IoPolicy::kNuma;
	static void path_error(Path &path, blk_status_t status) { path.disabled = status; }
};
static_assert(mpath::Backend<Typed>);
constexpr mpath_head_template kTyped = mpath::make_template<Typed>();

TEST(Backend, TypedCallbacksGetTheirObjects)
{
	PathStorage path, other;
	HeadStorage head;
	char name[8];

	EXPECT_FALSE(kTyped.is_disabled(path.library()));
	EXPECT_EQ(path.object.asked, 1u);
	EXPECT_EQ(other.object.asked, 0u);
	EXPECT_FALSE(kTyped.is_optimized(path.library()));
	kTyped.path_error(path.library(), 7);
	EXPECT_EQ(path.object.disabled, 7u);
	EXPECT_TRUE(kTyped.is_disabled(path.library()));
	EXPECT_TRUE(kTyped.is_optimized(path.library()));
	EXPECT_TRUE(kTyped.available_path(path.library()));
	EXPECT_TRUE(kTyped.get_path(path.library()));
	EXPECT_FALSE(kTyped.available_path(path.library()));
	EXPECT_EQ(path.object.asked, 102u);
	kTyped.put_path(path.library());
	EXPECT_EQ(kTyped.cdev_ioctl(path.library(), 3, 4, true), 2 + 30 + 400 + 1000);
	EXPECT_EQ(kTyped.chr_uring_cmd(path.library(), nullptr, 40), 42);

	head.object.number = 5;
	EXPECT_EQ(kTyped.cdev_name(head.library(), name, sizeof(name)), 2);
	EXPECT_STREQ(name, "n5");
	kTyped.remove_head(head.library());
	EXPECT_EQ(head.object.number, 0u);

	EXPECT_EQ(kTyped.features, MPC_FEAT_FAILOVER);
	EXPECT_EQ(kTyped.policies, 1u << MPC_POLICY_NUMA);
	EXPECT_EQ(kTyped.put_path, &Typed::put_path);
}

struct WithNull : Smallest {
	static constexpr bool (*get_path)(mpath_device *) = nullptr;
	static constexpr void (*put_path)(mpath_device *) = nullptr;
};
constexpr mpath_head_template kWithNull = mpath::make_template<WithNull>();

TEST(Backend, NullIsAbsent)
{
	EXPECT_EQ(std::memcmp(&kWithNull, &kSmallest, sizeof(kSmallest)), 0);
}

// ---- the rules ---------------------------------------------------------------

constexpr u32 kWords = 8192;

/// All kinds of words: at random most would break one of the first rules.
constexpr u32 word(u32 i)
{
	u64 x = (i + 1) * 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;

	u32 has = static_cast<u32>(x >> 32) & ((1u << MPC_HAS_BITS) - 1);

	// three of four have what the head brings, half what is always required
	if (i & 3)
		has |= MPC_HAS_OF_HEAD;
	if (i & 4)
		has |= MPC_HAS_AVAILABLE_PATH | MPC_HAS_IS_DISABLED | MPC_HAS_IS_OPTIMIZED;
	if (i & 8)
		has &= static_cast<u32>(x) | MPC_HAS_OF_HEAD | MPC_HAS_AVAILABLE_PATH |
		       MPC_HAS_IS_DISABLED | MPC_HAS_IS_OPTIMIZED;
	return has;
}

struct Verdicts {
	const char *of[kWords];
};
constexpr Verdicts kVerdicts = [] {
	Verdicts v{};

	for (u32 i = 0; i < kWords; ++i)
		v.of[i] = mpath::first_broken_rule(word(i));
	return v;
}();

TEST(Backend, TheCompilerAndTheLibraryJudgeAlike)
{
	std::set<std::string> seen;
	u32 good = 0;

	for (u32 i = 0; i < kWords; ++i) {
		const char *now = mpath::broken_rule(word(i));

		ASSERT_STREQ(now, kVerdicts.of[i]) << std::hex << word(i);
		if (now)
			seen.insert(now);
		else
			++good;
	}
	EXPECT_GT(good, 20u);

	// texts are unlike each other but for the two of clone_bio_to, and all came up
	std::set<std::string> all;

	for (const mpath::TemplateRule &rule : mpath::kTemplateRules)
		all.insert(rule.text);
	EXPECT_EQ(seen, all);
}

} // namespace
