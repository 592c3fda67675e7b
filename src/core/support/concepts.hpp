// SPDX-License-Identifier: GPL-2.0
// What <concepts> would bring, without the library.
#pragma once

namespace mpath {

template <typename A, typename B>
inline constexpr bool kSame = false;
template <typename A>
inline constexpr bool kSame<A, A> = true;

template <typename A, typename B>
concept SameAs = kSame<A, B>;

} // namespace mpath
