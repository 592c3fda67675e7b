// SPDX-License-Identifier: GPL-2.0
#include "uevent.hpp"

#include <cerrno>
#include <ctime>
#include <system_error>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

namespace mpathctl {

namespace {

constexpr unsigned kFromKernel = 1; // multicast group; 2 is what udev has made of it
constexpr int kQueueBytes = 4 << 20;

long milliseconds(std::chrono::system_clock::time_point when)
{
	return static_cast<long>(
		std::chrono::duration_cast<std::chrono::milliseconds>(when.time_since_epoch()).count() % 1000);
}

std::string clock_time(std::chrono::system_clock::time_point when)
{
	return fmt::format("{:%H:%M:%S}.{:03}", fmt::localtime(std::chrono::system_clock::to_time_t(when)),
			   milliseconds(when));
}

std::string iso_time(std::chrono::system_clock::time_point when)
{
	return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
			   fmt::gmtime(std::chrono::system_clock::to_time_t(when)), milliseconds(when));
}

} // namespace

std::string Event::property(const std::string &name) const
{
	const auto found = properties.find(name);

	return found == properties.end() ? std::string{} : found->second;
}

std::optional<Event> parse_uevent(std::string_view message, std::chrono::system_clock::time_point when)
{
	Event event;

	event.when = when;
	while (!message.empty()) {
		const std::string_view entry = message.substr(0, message.find('\0'));
		const std::size_t equals = entry.find('=');

		message.remove_prefix(std::min(entry.size() + 1, message.size()));
		if (equals == entry.npos)
			continue; // the first: ACTION@DEVPATH

		const std::string_view key = entry.substr(0, equals), value = entry.substr(equals + 1);

		if (key == "SEQNUM")
			event.seqnum = parse_number(value).value_or(0);
		if (key.starts_with("MPATH_"))
			event.properties.emplace(key, value);
	}
	event.kind = event.property("MPATH_EVENT");
	event.head = event.property("MPATH_HEAD");
	if (event.kind.empty() || event.head.empty())
		return {};
	return event;
}

std::string event_text(const Event &event, const Style &style)
{
	std::string text = style.paint(clock_time(event.when), Colour::kDim) + " " +
			   style.paint(event.head, Colour::kBold);

	if (event.kind == "path_state") {
		const std::string state = event.property("MPATH_PATH_STATE");

		text += fmt::format(" path {} {}", event.property("MPATH_PATH"),
				    style.paint(state, colour_of_state(state)));
		if (state == "usable" || state == "failed")
			text += ", " + event.property("MPATH_ACCESS_STATE");
	} else if (event.kind == "head_state") {
		const std::string state = event.property("MPATH_HEAD_STATE");

		text += " head " + style.paint(state, colour_of_state(state));
	} else {
		text += " " + event.kind;
		for (const auto &[key, value] : event.properties)
			if (key != "MPATH_EVENT" && key != "MPATH_HEAD")
				text += fmt::format(" {}={}", key, value);
	}
	return text + "\n";
}

Json event_json(const Event &event)
{
	Json json{{"schema_version", kSchemaVersion}, {"time", iso_time(event.when)},
		  {"seqnum", event.seqnum},	      {"event", event.kind},
		  {"head", event.head}};

	if (event.kind == "path_state") {
		json["path"] = event.property("MPATH_PATH");
		json["state"] = event.property("MPATH_PATH_STATE");
		json["access_state"] = event.property("MPATH_ACCESS_STATE");
	} else if (event.kind == "head_state") {
		json["state"] = event.property("MPATH_HEAD_STATE");
	} else {
		json["properties"] = Json::object();
		for (const auto &[key, value] : event.properties)
			json["properties"][key] = value;
	}
	return json;
}

UeventSocket::UeventSocket()
	: fd_{::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT)}
{
	sockaddr_nl address{};

	address.nl_family = AF_NETLINK;
	address.nl_groups = kFromKernel;
	if (fd_ >= 0 && ::bind(fd_, reinterpret_cast<sockaddr *>(&address), sizeof(address)) == 0) {
		// A storm of events is longer than the default; the first is for root only.
		if (::setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &kQueueBytes, sizeof(kQueueBytes)) != 0)
			::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &kQueueBytes, sizeof(kQueueBytes));
		return;
	}

	const int error = errno;

	if (fd_ >= 0)
		::close(fd_);
	throw std::system_error{error, std::generic_category(), "cannot listen to the kernel's events"};
}

UeventSocket::~UeventSocket()
{
	::close(fd_);
}

std::optional<std::string> UeventSocket::receive(bool &lost) const
{
	char buffer[8192]; // the kernel's are at most 2 KiB and a little
	sockaddr_nl from{};
	iovec data{buffer, sizeof(buffer)};
	msghdr message{};

	for (;;) {
		message.msg_name = &from;
		message.msg_namelen = sizeof(from);
		message.msg_iov = &data;
		message.msg_iovlen = 1;

		const ssize_t n = ::recvmsg(fd_, &message, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == ENOBUFS) {
			lost = true;
			continue;
		}
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return {};
		if (n < 0)
			throw std::system_error{errno, std::generic_category(), "cannot read an event"};
		if (from.nl_pid != 0 || message.msg_flags & MSG_TRUNC)
			continue; // a process sent it, or it is none of the kernel's
		return std::string{buffer, static_cast<std::size_t>(n)};
	}
}

} // namespace mpathctl
