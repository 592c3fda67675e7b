// SPDX-License-Identifier: GPL-2.0
#include "signals.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <system_error>

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace mpathctl {

namespace {

sigset_t ends()
{
	sigset_t set;

	sigemptyset(&set);
	for (const int signal : {SIGINT, SIGTERM, SIGHUP})
		sigaddset(&set, signal);
	return set;
}

} // namespace

Until::Until()
{
	const sigset_t set = ends();

	::signal(SIGPIPE, SIG_IGN); // the write says so
	::sigprocmask(SIG_BLOCK, &set, nullptr);
	signals_ = ::signalfd(-1, &set, SFD_CLOEXEC);
	if (signals_ < 0)
		throw std::system_error{errno, std::generic_category(), "signalfd"};
}

Until::~Until()
{
	::close(signals_);
}

Until::What Until::wait(int input, std::chrono::milliseconds limit) const
{
	const auto end = std::chrono::steady_clock::now() + limit;

	for (;;) {
		// of a pipe: an error when nobody reads any more
		pollfd files[] = {{signals_, POLLIN, 0}, {STDOUT_FILENO, 0, 0}, {input, POLLIN, 0}};
		long long left = -1;

		if (limit.count() >= 0) {
			left = std::chrono::ceil<std::chrono::milliseconds>(
				end - std::chrono::steady_clock::now()).count();
			left = std::clamp(left, 0LL, static_cast<long long>(INT_MAX));
		}

		const int n = ::poll(files, 3, static_cast<int>(left));

		if (n < 0 && errno == EINTR) // stopped and continued
			continue;
		if (n < 0)
			throw std::system_error{errno, std::generic_category(), "poll"};
		if (n == 0)
			return What::kTime;
		if (files[0].revents || files[1].revents)
			return What::kEnd;
		return What::kInput;
	}
}

} // namespace mpathctl
