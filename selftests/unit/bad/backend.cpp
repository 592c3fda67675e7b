// SPDX-License-Identifier: GPL-2.0
// Backends that must not compile, and what the compiler has to say of each.
// selftests/unit/bad/run compiles this file once for each case, and once without
// any. Read by it:
//	//! NAME: TEXT		begins a case or adds a text to it; there are as many
//				errors of static_assert as texts
#include <mpath/backend.hpp>

struct Path {
	unsigned long long state;
};
struct Head {
	unsigned long long number;
};

extern "C" {
bool c_get_path(mpath_device *);
extern const attribute_group *c_groups[];
extern bool (*c_variable)(mpath_device *);
}

namespace {

struct NoPath {
	static bool available_path(mpath_device *) { return true; }
	static bool is_disabled(mpath_device *) { return false; }
	static bool is_optimized(mpath_device *) { return true; }
};

struct Good : NoPath {
	using Path = ::Path;
	using Head = ::Head;
	static Path &path_of(mpath_device *dev) { return mpath::object_before<Path>(dev); }
	static Head &head_of(mpath_head *head) { return mpath::object_before<Head>(head); }
};

struct Pins {
	static constexpr auto get_path = c_get_path;
	static void put_path(mpath_device *) {}
};

struct CharDevice {
	static int cdev_name(mpath_head *, char *, size_t) { return 0; }
	static long cdev_ioctl(mpath_device *, unsigned int, unsigned long, bool) { return 0; }
};

struct OwnCharDevice {
	static int add_cdev(mpath_head *) { return 0; }
	static void del_cdev(mpath_head *) {}
	static long cdev_ioctl(mpath_device *, unsigned int, unsigned long, bool) { return 0; }
};

constexpr auto uring_cmd = [](mpath_device *, io_uring_cmd *, unsigned int) { return 0; };
constexpr auto clone = [](bio *bio) { return bio; };
constexpr auto clone_to = [](mpath_device *, bio *bio) { return bio; };

// What the cases are made of is good.
struct AllOfIt : Good, Pins, CharDevice {
	static constexpr auto chr_uring_cmd = uring_cmd;
	static constexpr auto clone_bio = clone;
	static constexpr const attribute_group **device_groups = c_groups;
};
struct AllOfIt2 : Good, Pins, OwnCharDevice {
	static constexpr auto clone_bio_to = clone_to;
};
static_assert(mpath::Backend<NoPath> && mpath::Backend<Good>);
static_assert(mpath::Backend<AllOfIt> && mpath::Backend<AllOfIt2>);
[[maybe_unused]] constexpr mpath_head_template good = mpath::make_template<AllOfIt>();

// ---- rules of mpath/template_rules.hpp ---------------------------------------

//! nothing: available_path is required
//! nothing: is_disabled is required
//! nothing: is_optimized is required
#ifdef CASE_nothing
struct Bad {
};
#endif

//! no_available_path: available_path is required
#ifdef CASE_no_available_path
struct Bad {
	static bool is_disabled(mpath_device *) { return false; }
	static bool is_optimized(mpath_device *) { return true; }
};
#endif

// NULL is absent, stated or not.
//! null_is_disabled: is_disabled is required
#ifdef CASE_null_is_disabled
struct Bad : NoPath {
	static constexpr bool (*is_disabled)(mpath_device *) = nullptr;
};
#endif

//! null_is_optimized: is_optimized is required
#ifdef CASE_null_is_optimized
struct Bad : NoPath {
	static constexpr bool (*is_optimized)(mpath_device *) = nullptr;
};
#endif

//! begin_without_finish: ioctl_begin needs ioctl_finish
#ifdef CASE_begin_without_finish
struct Bad : Good {
	static void ioctl_begin(Path &, unsigned int, void **) {}
};
#endif

//! finish_without_begin: ioctl_finish needs ioctl_begin
#ifdef CASE_finish_without_begin
struct Bad : Good {
	static void ioctl_finish(void *) {}
};
#endif

//! add_without_del: add_cdev needs del_cdev
#ifdef CASE_add_without_del
struct Bad : Good {
	static int add_cdev(Head &) { return 0; }
	static long cdev_ioctl(Path &, unsigned int, unsigned long, bool) { return 0; }
};
#endif

//! del_without_add: del_cdev needs add_cdev
#ifdef CASE_del_without_add
struct Bad : Good {
	static void del_cdev(Head &) {}
};
#endif

//! two_char_devices: add_cdev and cdev_name exclude each other
#ifdef CASE_two_char_devices
struct Bad : Good, OwnCharDevice {
	static int cdev_name(const Head &, char *, size_t) { return 0; }
};
#endif

//! no_cdev_ioctl: a char device needs cdev_ioctl
#ifdef CASE_no_cdev_ioctl
struct Bad : Good {
	static int cdev_name(const Head &, char *, size_t) { return 0; }
};
#endif

//! ioctl_without_device: cdev_ioctl needs add_cdev or cdev_name
#ifdef CASE_ioctl_without_device
struct Bad : Good {
	static long cdev_ioctl(Path &, unsigned int, unsigned long, bool) { return 0; }
};
#endif

//! uring_cmd_without_device: chr_uring_cmd needs a char device
#ifdef CASE_uring_cmd_without_device
struct Bad : Good {
	static constexpr auto chr_uring_cmd = uring_cmd;
};
#endif

//! iopoll_without_uring_cmd: chr_uring_cmd_iopoll needs chr_uring_cmd
#ifdef CASE_iopoll_without_uring_cmd
struct Bad : Good, CharDevice {
	static int chr_uring_cmd_iopoll(io_uring_cmd *, io_comp_batch *, unsigned int) { return 0; }
};
#endif

//! get_without_put: get_path needs put_path
#ifdef CASE_get_without_put
struct Bad : Good {
	static bool get_path(Path &) { return true; }
};
#endif

//! put_without_get: put_path needs get_path
#ifdef CASE_put_without_get
struct Bad : Good {
	static void put_path(Path &) {}
};
#endif

//! failover_without_pins: failover needs get_path
#ifdef CASE_failover_without_pins
struct Bad : Good {
	static constexpr auto features = mpath::Feature::kStackLimits | mpath::Feature::kFailover;
};
#endif

//! failover_and_clone_bio: failover and clone_bio exclude each other
#ifdef CASE_failover_and_clone_bio
struct Bad : Good, Pins {
	static constexpr auto features = mpath::Feature::kFailover;
	static constexpr auto clone_bio = clone;
};
#endif

//! failover_and_clone_bio_to: failover and clone_bio exclude each other
#ifdef CASE_failover_and_clone_bio_to
struct Bad : Good, Pins {
	static constexpr auto features = mpath::Feature::kFailover;
	static constexpr auto clone_bio_to = clone_to;
};
#endif

//! keeps_pin_without_commands: keeping the pin needs chr_uring_cmd
#ifdef CASE_keeps_pin_without_commands
struct Bad : Good, Pins {
	static constexpr auto features = mpath::Feature::kKeepsPin;
};
#endif

//! keeps_pin_without_pins: keeping the pin needs get_path
//! keeps_pin_without_pins: keeping the pin needs chr_uring_cmd
#ifdef CASE_keeps_pin_without_pins
struct Bad : Good {
	static constexpr auto features = mpath::Feature::kKeepsPin;
};
#endif

//! rcu_without_pins: RCU needs get_path
#ifdef CASE_rcu_without_pins
struct Bad : Good {
	static constexpr auto features = mpath::Feature::kRcu;
};
#endif

//! path_error_alone: path_error needs failover
#ifdef CASE_path_error_alone
struct Bad : Good, Pins {
	static void path_error(Path &, blk_status_t) {}
};
#endif

//! no_policy: policies allows no policy
#ifdef CASE_no_policy
struct Bad : Good {
	static constexpr mpath::IoPolicies policies{};
};
#endif

//! two_clones: clone_bio and clone_bio_to exclude each other
#ifdef CASE_two_clones
struct Bad : Good {
	static constexpr auto clone_bio = clone;
	static constexpr auto clone_bio_to = clone_to;
};
#endif

// ---- the right name and something else ---------------------------------------

//! other_result: is_disabled must be one public static function bool
#ifdef CASE_other_result
struct Bad : Good {
	static int is_disabled(Path &) { return 0; }
};
#endif

//! other_parameter: cdev_ioctl must be one public static function long
#ifdef CASE_other_parameter
struct Bad : Good, CharDevice {
	static long cdev_ioctl(Path &, int, unsigned long, bool) { return 0; }
};
#endif

//! parameter_too_few: path_error must be one public static function void
#ifdef CASE_parameter_too_few
struct Bad : Good, Pins {
	static constexpr auto features = mpath::Feature::kFailover;
	static void path_error(Path &) {}
};
#endif

//! parameter_too_many: remove_head must be one public static function void
#ifdef CASE_parameter_too_many
struct Bad : Good {
	static void remove_head(Head &, bool = false) {}
};
#endif

//! head_for_path: is_optimized must be one public static function bool
#ifdef CASE_head_for_path
struct Bad : Good {
	static bool is_optimized(Head &) { return true; }
};
#endif

//! path_by_value: is_optimized must be one public static function bool
#ifdef CASE_path_by_value
struct Bad : Good {
	static bool is_optimized(Path) { return true; }
};
#endif

// Half of a pair that does not fit is one mistake, not two.
//! wrong_half: get_path must be one public static function bool
#ifdef CASE_wrong_half
struct Bad : Good {
	static void get_path(Path &) {}
	static void put_path(Path &) {}
};
#endif

//! not_static: partition_ioctl must be one public static function bool (unsigned int cmd)
#ifdef CASE_not_static
struct Bad : Good {
	bool partition_ioctl(unsigned int) { return true; }
};
#endif

//! pointer_not_static: partition_ioctl must be one public static function
#ifdef CASE_pointer_not_static
struct Bad : Good {
	bool (*partition_ioctl)(unsigned int);
};
#endif

//! not_public: partition_ioctl must be one public static function
#ifdef CASE_not_public
struct Bad : Good {
private:
	static bool partition_ioctl(unsigned int) { return true; }
};
#endif

//! overloads_none_fits: partition_ioctl must be one public static function
#ifdef CASE_overloads_none_fits
struct Bad : Good {
	static bool partition_ioctl(int) { return true; }
	static bool partition_ioctl(long) { return true; }
};
#endif

//! overloads_two_fit: is_disabled must be one public static function
#ifdef CASE_overloads_two_fit
struct Bad : Good {
	static bool is_disabled(Path &) { return true; }
	static bool is_disabled(mpath_device *) { return true; }
};
#endif

//! const_and_not: is_disabled must be one public static function
#ifdef CASE_const_and_not
struct Bad : Good {
	static bool is_disabled(Path &) { return true; }
	static bool is_disabled(const Path &) { return true; }
};
#endif

//! is_a_template: is_disabled must be one public static function
#ifdef CASE_is_a_template
struct Bad : Good {
	template <typename T>
	static bool is_disabled(T)
	{
		return true;
	}
};
#endif

//! is_a_type: remove_head must be one public static function
#ifdef CASE_is_a_type
struct Bad : Good {
	struct remove_head {
	};
};
#endif

//! is_a_number: get_path must be one public static function
#ifdef CASE_is_a_number
struct Bad : Good {
	static constexpr bool get_path = true;
	static void put_path(Path &) {}
};
#endif

// ---- data --------------------------------------------------------------------

//! features_number: features must be a public static constexpr value
#ifdef CASE_features_number
struct Bad : Good {
	static constexpr unsigned int features = 1;
};
#endif

//! features_of_policies: features must be a public static constexpr value
#ifdef CASE_features_of_policies
struct Bad : Good {
	static constexpr auto features = mpath::IoPolicy::kNuma | mpath::IoPolicy::kQueueDepth;
};
#endif

//! policies_feature: policies must be a public static constexpr value
#ifdef CASE_policies_feature
struct Bad : Good {
	static constexpr auto policies = mpath::Feature::kPlainBios;
};
#endif

//! policies_not_static: policies must be a public static constexpr value
#ifdef CASE_policies_not_static
struct Bad : Good {
	mpath::IoPolicies policies;
};
#endif

//! one_group: device_groups must be a public static constexpr value
#ifdef CASE_one_group
struct Bad : Good {
	static constexpr const attribute_group *device_groups = nullptr;
};
#endif

// ---- types -------------------------------------------------------------------

//! no_path_of: Path and path_of belong together
#ifdef CASE_no_path_of
struct Bad : NoPath {
	using Path = ::Path;
};
#endif

//! no_path: Path and path_of belong together
#ifdef CASE_no_path
struct Bad : NoPath {
	static Path &path_of(mpath_device *dev) { return mpath::object_before<Path>(dev); }
};
#endif

//! path_of_head: Path and path_of belong together
#ifdef CASE_path_of_head
struct Bad : Good {
	static Path &path_of(mpath_head *head) { return mpath::object_before<Path>(head); }
};
#endif

//! path_of_pointer: Path and path_of belong together
#ifdef CASE_path_of_pointer
struct Bad : Good {
	static Path *path_of(mpath_device *dev) { return &mpath::object_before<Path>(dev); }
};
#endif

//! no_head_of: Head and head_of belong together
#ifdef CASE_no_head_of
struct Bad : NoPath {
	using Head = ::Head;
};
#endif

// A typed callback says nothing without the type.
//! typed_without_path: is_disabled must be one public static function
#ifdef CASE_typed_without_path
struct Bad : NoPath {
	static bool is_disabled(::Path &) { return true; }
};
#endif

//! odd_size: the size must be a multiple of 8, the alignment at most 8
#ifdef CASE_odd_size
struct Odd {
	unsigned int n;
};
struct Bad : NoPath {
	using Path = Odd;
	static Path &path_of(mpath_device *dev) { return mpath::object_before<Path>(dev); }
};
#endif

// ---- errors that are the compiler's own, in part: "=" and a regular expression ----

//! is_final = a backend must not be final
#ifdef CASE_is_final
struct Bad final : NoPath {
};
#endif

//! not_constant = not usable in a constant expression|not a constant expression
#ifdef CASE_not_constant
struct Bad : NoPath {
	static inline bool (*is_disabled)(mpath_device *) = c_variable;
};
#endif

//! concept = constraint|does not satisfy
#ifdef CASE_concept
using Bad = NoPath;
struct Half : NoPath {
	static bool get_path(mpath_device *) { return true; }
};
template <mpath::Backend B>
void driver();
void use() { driver<Half>(); }
#endif

#ifdef CASE
[[maybe_unused]] constexpr mpath_head_template bad = mpath::make_template<Bad>();
#endif

} // namespace
