// SPDX-License-Identifier: GPL-2.0
/*
 * A driver's struct mpath_head_template out of a C++ class.
 *
 * DOC: backends in C++
 *
 * A backend is a class with public static members that have the names of the
 * template's fields (include/linux/multipath.h says what each has to do). What
 * the class does not name is absent. mpath::make_template<B>() makes the
 * template at compile time and fails to compile with a sentence if
 *
 *  - a member has the name of a field and another type than the field,
 *  - a rule of mpath/template_rules.hpp is broken, the same that
 *    mpath_alloc_head_disk() checks for templates written in C.
 *
 * A callback is stated in one of two ways:
 *
 *  - as the template has it, ``bool is_disabled(mpath_device *)``. Its address
 *    goes into the template as it is. It may be a function in C that the class
 *    only names: ``static constexpr auto is_disabled = my_is_disabled;``
 *  - with the driver's own types, ``bool is_disabled(Path &)`` or
 *    ``(const Path &)``, and ``Head &`` in place of ``mpath_head *``. The class
 *    says what these are and how one gets there: ``using Path = ...;``
 *    ``static Path &path_of(mpath_device *);`` and the same with ``Head``. If
 *    both bodies can be seen they become one function: no call is added.
 *
 * A complete backend, the smallest there is::
 *
 *	#include <mpath/backend.hpp>
 *
 *	struct alignas(8) Path {
 *		bool up;
 *		bool preferred;
 *	};
 *
 *	struct MyBackend {
 *		using Path = ::Path;
 *		static Path &path_of(mpath_device *dev) { return mpath::object_before<Path>(dev); }
 *
 *		static bool available_path(const Path &) { return true; }
 *		static bool is_disabled(const Path &path) { return !path.up; }
 *		static bool is_optimized(const Path &path) { return path.preferred; }
 *	};
 *
 *	extern "C" {
 *	extern const mpath_head_template my_template;
 *	constinit const mpath_head_template my_template = mpath::make_template<MyBackend>();
 *	}
 *
 * with, on the C side, where the kernel's types are::
 *
 *	struct my_path {
 *		u64 object[1];		// struct Path, right before mdev
 *		struct mpath_device mdev;
 *	};
 *	extern const struct mpath_head_template my_template;
 *
 * docs/backend-cpp.md has the rest: building, and what belongs into which
 * language.
 */
#pragma once

#include "template.h"
#include "template_rules.hpp"

namespace mpath {

/// MPATH_FEAT_*
enum class Feature : unsigned int {
	kPlainBios = MPC_FEAT_PLAIN_BIOS,
	kFailover = MPC_FEAT_FAILOVER,
	kStackLimits = MPC_FEAT_STACK_LIMITS,
	kKeepsPin = MPC_FEAT_KEEPS_PIN,
	kRcu = MPC_FEAT_RCU,
};

/// enum mpath_iopolicy_e
enum class IoPolicy : unsigned int {
	kNuma = MPC_POLICY_NUMA,
	kRoundRobin = MPC_POLICY_RR,
	kQueueDepth = MPC_POLICY_QD,
	kServiceTime = MPC_POLICY_ST,
};

/// What a backend's `features` is: Feature::kA | Feature::kB.
struct Features {
	constexpr Features() noexcept = default;
	constexpr Features(Feature f) noexcept : bits{static_cast<unsigned int>(f)} {}

	unsigned int bits = 0;
};

/// What a backend's `policies` is: IoPolicy::kA | IoPolicy::kB. One that is
/// stated has to allow something; one that is not stated allows all.
struct IoPolicies {
	constexpr IoPolicies() noexcept = default;
	constexpr IoPolicies(IoPolicy p) noexcept : bits{1u << static_cast<unsigned int>(p)} {}

	unsigned int bits = 0;
};

// Each is there twice: for operands that are both enumerators the language looks
// at no function without a parameter of just that type.
[[nodiscard]] constexpr Features operator|(Features a, Feature b) noexcept
{
	a.bits |= Features{b}.bits;
	return a;
}

[[nodiscard]] constexpr Features operator|(Feature a, Feature b) noexcept
{
	return Features{a} | b;
}

[[nodiscard]] constexpr IoPolicies operator|(IoPolicies a, IoPolicy b) noexcept
{
	a.bits |= IoPolicies{b}.bits;
	return a;
}

[[nodiscard]] constexpr IoPolicies operator|(IoPolicy a, IoPolicy b) noexcept
{
	return IoPolicies{a} | b;
}

/// The driver's object that lies right before the library's.
///
/// C++ cannot embed struct mpath_device or mpath_head, whose layout is the
/// kernel's; C embeds both, the C++ object first. So the distance depends on
/// nothing but the object's size. C should check that its storage has this size:
/// sizeof(T), which has to be a multiple of 8.
template <typename T, typename Embedded>
[[nodiscard]] inline T &object_before(Embedded *embedded) noexcept
{
	static_assert(sizeof(T) % 8 == 0 && alignof(T) <= 8,
		      "the size must be a multiple of 8, the alignment at most 8");
	return *(reinterpret_cast<T *>(embedded) - 1);
}

namespace detail {

template <typename A, typename B>
inline constexpr bool kSameType = false;
template <typename A>
inline constexpr bool kSameType<A, A> = true;

template <typename T, T>
struct Constant;

/// Is it NULL? With the kernel's flags a function that is only declared might
/// be, so that the compiler refuses to compare; what it is, it does know.
template <typename T, T value>
inline constexpr bool kNull = kSameType<Constant<T, value>, Constant<T, T{}>>;

/// One parameter of a callback: as it is in the template, and as the backend
/// may have it instead.
template <typename B, typename A>
struct Parameter {
	using Mutable = A;
	using Const = A;
	static constexpr A pass(A a) noexcept { return a; }
};

template <typename B>
	requires requires { typename B::Path; }
struct Parameter<B, mpath_device *> {
	using Mutable = typename B::Path &;
	using Const = const typename B::Path &;
	static Mutable pass(mpath_device *dev) noexcept { return B::path_of(dev); }
};

template <typename B>
	requires requires { typename B::Head; }
struct Parameter<B, mpath_head *> {
	using Mutable = typename B::Head &;
	using Const = const typename B::Head &;
	static Mutable pass(mpath_head *head) noexcept { return B::head_of(head); }
};

/// Is `path_of` (or `head_of`) there exactly if `Path` (or `Head`) is, and does
/// it lead there?
template <typename B>
[[nodiscard]] consteval bool path_of_fits()
{
	if constexpr (requires { typename B::Path; })
		return requires(void (*take)(typename B::Path &(*)(mpath_device *))) {
			take(&B::path_of);
		};
	else
		return !requires { &B::path_of; };
}

template <typename B>
[[nodiscard]] consteval bool head_of_fits()
{
	if constexpr (requires { typename B::Head; })
		return requires(void (*take)(typename B::Head &(*)(mpath_head *))) {
			take(&B::head_of);
		};
	else
		return !requires { &B::head_of; };
}

// What C++ has to know of each field: its types, and how one looks for a member
// of that name.
//
// `kStated`: the class has a member of that name, whatever it is. A name that
// two base classes have is ambiguous, even if it is private or overloaded in
// one: that tells it from one that is not there at all, which is what a plain
// requires-expression cannot do.
//
// `kGives<B, T>`: it can be used as a T. Functions and data differ: the address
// of an overloaded name chooses the overload; the detour by the address keeps
// data that is not static out.
#define MPATH_LOOK_UP(name) \
	struct Clash { \
		int name; \
	}; \
	template <typename B> \
	struct Probe : B, Clash { \
	}; \
	template <typename B> \
	static constexpr bool kStated = !requires { &Probe<B>::name; }; \
	template <typename B, typename T> \
	static constexpr bool kGivesFunction = requires(void (*take)(T)) { take(&B::name); }; \
	template <typename B, typename T> \
	static constexpr bool kGives = \
		kGivesFunction<B, T> || requires(void (*take)(T)) { take(*&B::name); }; \
	template <typename B, typename T> \
	static consteval T get() \
	{ \
		if constexpr (kGivesFunction<B, T>) \
			return &B::name; \
		else \
			return *&B::name; \
	}

#define MPATH_CALLBACK(offset, has, name, result, parameters) \
	struct field_##name { \
		using Type = result (*) parameters; \
		static constexpr unsigned int kHas = has; \
		MPATH_LOOK_UP(name) \
	};
#define MPATH_DATA(offset, has, name, type) \
	struct field_##name { \
		using Type = type; \
		static constexpr unsigned int kHas = has; \
		MPATH_LOOK_UP(name) \
	};
MPATH_TEMPLATE_FIELDS(MPATH_CALLBACK, MPATH_DATA)
#undef MPATH_CALLBACK
#undef MPATH_DATA
#undef MPATH_LOOK_UP

/// How a backend's member becomes the field, a callback.
template <typename B, typename Field, typename Type = typename Field::Type>
struct Member;

template <typename B, typename Field, typename R, typename... A>
struct Member<B, Field, R (*)(A...)> {
	using Raw = R (*)(A...);
	using Mutable = R (*)(typename Parameter<B, A>::Mutable...);
	using Const = R (*)(typename Parameter<B, A>::Const...);

	static constexpr bool kStated = Field::template kStated<B>;
	static constexpr bool kRaw = Field::template kGives<B, Raw>;
	static constexpr bool kMutable =
		!kSameType<Mutable, Raw> && Field::template kGives<B, Mutable>;
	static constexpr bool kConst = !kSameType<Const, Raw> && Field::template kGives<B, Const>;
	/// With two of them it would be a guess which one is meant.
	static constexpr bool kFits = !kStated || kRaw + kMutable + kConst == 1;

	template <typename Typed>
	static R call(A... args) noexcept
	{
		constexpr Typed callback = Field::template get<B, Typed>();

		return callback(Parameter<B, A>::pass(args)...);
	}

	[[nodiscard]] static consteval Raw value()
	{
		if constexpr (!kStated || !kFits)
			return nullptr;
		else if constexpr (kRaw)
			return Field::template get<B, Raw>();
		else if constexpr (kMutable)
			return &call<Mutable>;
		else
			return &call<Const>;
	}

	[[nodiscard]] static consteval bool present()
	{
		if constexpr (!kStated || !kFits)
			return kStated;
		else
			return !kNull<Raw, value()>;
	}
};

/// The same for what is no callback: what the backend gives for it.
template <typename Field>
struct Stated {
	using Type = typename Field::Type;
	static consteval Type field(Type value) { return value; }
};
template <>
struct Stated<field_features> {
	using Type = Features;
	static consteval unsigned int field(Features value) { return value.bits; }
};
template <>
struct Stated<field_policies> {
	using Type = IoPolicies;
	static consteval unsigned int field(IoPolicies value) { return value.bits; }
};

template <typename B, typename Field>
struct Datum {
	using Given = typename Stated<Field>::Type;

	static constexpr bool kStated = Field::template kStated<B>;
	static constexpr bool kFits = !kStated || Field::template kGives<B, Given>;

	[[nodiscard]] static consteval typename Field::Type value()
	{
		if constexpr (!kStated || !kFits)
			return {};
		else
			return Stated<Field>::field(Field::template get<B, Given>());
	}
};

template <typename B>
[[nodiscard]] consteval mpath_head_template fill()
{
	mpath_head_template t{};

#define MPATH_CALLBACK(offset, has, name, ...) t.name = Member<B, field_##name>::value();
#define MPATH_DATA(offset, has, name, type) t.name = Datum<B, field_##name>::value();
	MPATH_TEMPLATE_FIELDS(MPATH_CALLBACK, MPATH_DATA)
#undef MPATH_CALLBACK
#undef MPATH_DATA
	return t;
}

template <typename B>
[[nodiscard]] consteval bool all_fit()
{
#define MPATH_CALLBACK(offset, has, name, ...) && Member<B, field_##name>::kFits
#define MPATH_DATA(offset, has, name, type) && Datum<B, field_##name>::kFits
	return path_of_fits<B>() && head_of_fits<B>()
		MPATH_TEMPLATE_FIELDS(MPATH_CALLBACK, MPATH_DATA);
#undef MPATH_CALLBACK
#undef MPATH_DATA
}

/// MPC_HAS_* for the rules: of the template, and of the head, which is not there
/// yet. A member that does not fit counts as there: one error for one mistake.
template <typename B>
[[nodiscard]] consteval unsigned int has_bits()
{
	using F = Datum<B, field_features>;
	using P = Datum<B, field_policies>;
	unsigned int bits = MPC_HAS_OF_HEAD | mpath_numbers_have(F::value(), P::value());

#define MPATH_CALLBACK(offset, has, name, ...) \
	bits |= Member<B, field_##name>::present() ? (has) : 0;
#define MPATH_DATA(offset, has, name, type) \
	static_assert(has == 0, "a rule speaks of " #name ", which is no callback");
	MPATH_TEMPLATE_FIELDS(MPATH_CALLBACK, MPATH_DATA)
#undef MPATH_CALLBACK
#undef MPATH_DATA

	// In the field itself 0 is "all": only here one sees that none was meant.
	if (P::kStated && P::kFits && !P::value())
		bits |= MPC_HAS_POLICIES;
	return bits;
}

} // namespace detail

/// A class of which make_template() can make a template.
template <typename B>
concept Backend = !__is_final(B) && detail::all_fit<B>() &&
		  !first_broken_rule(detail::has_bits<B>());

/// The template of a backend.
///
/// Not constrained by Backend: "constraints not satisfied" says less than the
/// sentences below.
///
/// @tparam B see the top of this file
template <typename B>
[[nodiscard]] consteval mpath_head_template make_template()
{
	static_assert(!__is_final(B),
		      "a backend must not be final: its members are looked up in a derived class");
	static_assert(detail::path_of_fits<B>(),
		      "Path and path_of belong together: using Path = ...; "
		      "static Path &path_of(mpath_device *);");
	static_assert(detail::head_of_fits<B>(),
		      "Head and head_of belong together: using Head = ...; "
		      "static Head &head_of(mpath_head *);");

#define MPATH_CALLBACK(offset, has, name, result, parameters) \
	static_assert(detail::Member<B, detail::field_##name>::kFits, \
		      #name " must be one public static function " #result " " #parameters \
			    ", or with Path & and Head & in place of the first parameter");
#define MPATH_DATA(offset, has, name, type) \
	static_assert(detail::Datum<B, detail::field_##name>::kFits, \
		      #name " must be a public static constexpr value: mpath::Features for " \
			    "features, mpath::IoPolicies for policies, else " #type);
	MPATH_TEMPLATE_FIELDS(MPATH_CALLBACK, MPATH_DATA)
#undef MPATH_CALLBACK
#undef MPATH_DATA

#define MPATH_RULE(if_all, if_any, need, forbid, text) \
	static_assert(!TemplateRule{if_all, if_any, need, forbid, text}.broken_by( \
			      detail::has_bits<B>()), text);
	MPATH_TEMPLATE_RULES(MPATH_RULE)
#undef MPATH_RULE

	return detail::fill<B>();
}

} // namespace mpath
