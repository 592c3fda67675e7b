// SPDX-License-Identifier: GPL-2.0
// An ANA log page as a controller may send it: nothing beyond its end is read,
// the walk ends, and all ways to ask give the same answer.
#include "ana_log.hpp"
#include "input.hpp"

using namespace mpath::nvme;

extern "C" int LLVMFuzzerTestOneInput(const u8 *data, std::size_t size)
{
	const fuzz::Exact page{data, size};
	AnaLog log{page.text.get(), page.size};
	u64 used = AnaLog::kHeader, steps = 0;

	for (AnaGroup g, found; log.next(g);) {
		++steps;
		used += AnaLog::kDescriptor + u64{4} * g.namespaces();
		REQUIRE(used <= size);
		REQUIRE(g.id());
		REQUIRE(std::strcmp(ana_state_name(g.state()), "invalid state"));
		for (u32 i = 0; i < g.namespaces() && i < 4; ++i) {
			REQUIRE(g.has(g.nsid(i)));
			REQUIRE(ana_find(page.text.get(), page.size, g.nsid(i), found));
			REQUIRE(found.has(g.nsid(i)));
		}
	}
	REQUIRE(steps <= log.groups());
	REQUIRE(steps <= size / AnaLog::kDescriptor);
	REQUIRE(log.fault() != AnaFault::kNone || steps == log.groups());
	REQUIRE(ana_check(page.text.get(), page.size) == log.fault());
	REQUIRE((log.fault() == AnaFault::kNoHeader) == (size < AnaLog::kHeader));
	return 0;
}
