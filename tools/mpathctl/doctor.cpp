// SPDX-License-Identifier: GPL-2.0
#include "doctor.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace mpathctl {

namespace {

constexpr const char *kLibrary = "libmultipath_cxx", *kBackend = "mpath_nvme";
constexpr const char *kRule = "58-mpath-nvme-paths.rules";
constexpr const char *kRescan = "echo 1 > /sys/module/mpath_nvme/parameters/rescan";
constexpr const char *kReload = "modprobe -r mpath_nvme libmultipath_cxx && modprobe mpath_nvme";

/// One examination. Each function looks at one topic.
class Doctor final {
public:
	Doctor(const Tree &tree, const System &system) : tree_{tree}, system_{system} {}

	std::vector<Finding> all()
	{
		modules();
		for (const Head &h : system_.heads)
			head(h);
		if (claims_)
			left_alone();
		links();
		return std::move(findings_);
	}

private:
	void problem(const char *id, std::string_view subject, std::string text, std::string mend = "")
	{
		findings_.push_back({id, true, std::string{subject}, std::move(text), std::move(mend)});
	}
	void note(const char *id, std::string_view subject, std::string text, std::string mend = "")
	{
		findings_.push_back({id, false, std::string{subject}, std::move(text), std::move(mend)});
	}

	[[nodiscard]] bool loaded(std::string_view module) const
	{
		return tree_.is_directory(fmt::format("sys/module/{}", module));
	}
	[[nodiscard]] Text of_module(std::string_view module, std::string_view file) const
	{
		return tree_.read(fmt::format("sys/module/{}/{}", module, file));
	}

	void modules();
	void head(const Head &h);
	void path(const Head &h, const Path &p);
	void disabled(const Head &h, const Path &p);
	void left_alone();
	void links();

	[[nodiscard]] std::vector<std::string> path_candidates() const;
	[[nodiscard]] std::vector<std::string> users(const std::string &disk) const;
	[[nodiscard]] bool rules_installed() const;

	const Tree &tree_;
	const System &system_;
	std::vector<Finding> findings_;
	bool claims_ = false; ///< the backend is there to claim disks
};

void Doctor::modules()
{
	const bool native = of_module("nvme_core", "parameters/multipath") == "Y";

	if (native)
		problem("native_multipath", "nvme_core",
			"the driver's own multipath is on: mpath_nvme claims nothing",
			"sed -i 's/^#options nvme_core multipath=N/options nvme_core multipath=N/' "
			"/etc/modprobe.d/mpath-nvme.conf && "
			"update-initramfs -u -k all && reboot");
	if (!loaded(kLibrary) || !loaded(kBackend)) {
		problem("not_loaded", loaded(kLibrary) ? kBackend : kLibrary, "the module is not loaded",
			"modprobe mpath_nvme");
		return;
	}
	claims_ = !native;

	const Text library = of_module(kLibrary, "version"), backend = of_module(kBackend, "version");

	if (library && backend && *library != *backend)
		problem("version_mismatch", kBackend,
			fmt::format("it is of version {}, but {} of version {}", *backend, kLibrary, *library),
			kReload);
}

void Doctor::head(const Head &h)
{
	if (h.paths.empty()) {
		problem("no_paths", h.name,
			fmt::format("it has no path; it waits {} s for one to come back",
				    plain(h.delayed_removal_secs)),
			fmt::format("mpathctl set {} delayed_removal_secs 0   # to let it go", h.name));
		return;
	}
	if (h.state() == "no_path")
		problem("no_usable_path", h.name, "none of its paths can be used: I/O waits or fails");
	if (h.paths.size() == 1)
		note("one_path", h.name, fmt::format("it has one path only ({})", h.paths.front().name));
	for (const Path &p : h.paths)
		path(h, p);
	if (h.failed && *h.failed)
		note("bios_failed", h.name,
		     fmt::format("bios that have failed for want of a path: {}", *h.failed),
		     fmt::format("journalctl -k --grep '{}: no (available|usable) path'", h.name));
}

void Doctor::path(const Head &h, const Path &p)
{
	const auto say = [&](const char *id, const char *text, std::string mend) {
		problem(id, p.name, fmt::format("path of {}: {}", h.name, text), std::move(mend));
	};

	if (p.state == "admin-failed")
		say("path_admin_failed", "an administrator has taken it out of use", "mpathctl restore " + p.name);
	else if (p.state == "failed")
		say("path_failed", "errors in a row; it is used only for want of others, and tested now and then",
		    "journalctl -k --grep " + p.name + "   # what failed; then: mpathctl restore " + p.name);
	else if (p.state == "blocked")
		say("path_blocked",
		    "it has another size or blocks than the head, or the reservation key could not be registered there",
		    p.controller ? fmt::format("nvme ns-rescan /dev/{}   # or register the key again on /dev/{}",
					       p.controller->name, h.name)
				 : "");
	else if (p.state == "inaccessible")
		say("path_inaccessible",
		    fmt::format("the storage says that it cannot be used ({})", p.storage_says()).c_str(),
		    p.controller ? "nvme ana-log /dev/" + p.controller->name : "");
	else if (p.state == "disabled")
		disabled(h, p);
	else if (p.state != "usable")
		say("path_unusable", fmt::format("it is {}", p.state).c_str(), "");
	if (p.ana_state == "unknown" && p.state == "usable")
		note("ana_unknown", p.name,
		     fmt::format("path of {}: its ANA log page was not read, it counts as optimized", h.name),
		     "journalctl -k --grep ANA");
}

void Doctor::disabled(const Head &h, const Path &p)
{
	const std::string state = p.controller && p.controller->state ? *p.controller->state : "unknown";
	std::string mend, text = fmt::format("path of {}: its controller is {}", h.name, state);

	if (state == "live")
		text = fmt::format("path of {}: its ANA state is being read, or its namespace was formatted", h.name);
	if (p.controller)
		mend = state == "live" ? "nvme ana-log /dev/" + p.controller->name
				       : "nvme reset /dev/" + p.controller->name;
	problem("path_disabled", p.name, std::move(text), std::move(mend));
}

/// Disks that the backend could claim: namespaces of NVMe controllers.
std::vector<std::string> Doctor::path_candidates() const
{
	std::vector<std::string> found;

	for (const std::string &disk : tree_.names("sys/block")) {
		const std::string directory = "sys/block/" + disk;
		const Text zoned = tree_.read(directory + "/queue/zoned");

		if (disk.starts_with("nvme") && !is_head(tree_, disk) && tree_.exists(directory + "/nsid") &&
		    tree_.read(directory + "/hidden") != "1" && (!zoned || *zoned == "none"))
			found.push_back(disk);
	}
	return found;
}

/// Who has the disk, or a partition of it.
std::vector<std::string> Doctor::users(const std::string &disk) const
{
	std::vector<std::string> found;
	const std::string mounts = tree_.read("proc/self/mountinfo").value_or("");
	const std::string swaps = tree_.read("proc/swaps").value_or("");
	const auto look = [&](const std::string &directory, const std::string &name) {
		for (const std::string &holder : tree_.names(directory + "/holders")) {
			const Text dm = tree_.read("sys/block/" + holder + "/dm/name");

			found.push_back(dm ? fmt::format("{} ({})", holder, *dm) : holder);
		}

		const Text numbers = tree_.read(directory + "/dev");
		std::string_view rest = mounts;

		while (numbers && !rest.empty()) {
			const std::string_view line = rest.substr(0, rest.find('\n'));
			const auto fields = words(line);

			rest.remove_prefix(std::min(line.size() + 1, rest.size()));
			if (fields.size() > 4 && fields[2] == *numbers)
				found.push_back(fmt::format("the mount {}", fields[4]));
		}
		for (const std::string_view word : words(swaps))
			if (word == "/dev/" + name)
				found.push_back("swap");
	};

	look("sys/block/" + disk, disk);
	for (const std::string &entry : tree_.names("sys/block/" + disk))
		if (entry.starts_with(disk) && tree_.exists(fmt::format("sys/block/{}/{}/partition", disk, entry)))
			look(fmt::format("sys/block/{}/{}", disk, entry), entry);
	return found;
}

/// Disks without a head. One path alone in use, as the disk with the root file system, is
/// as it should be; a path that its head lacks is not.
void Doctor::left_alone()
{
	std::map<std::string, std::vector<std::string>> by_namespace;
	std::map<std::string, std::string> heads;

	for (const Head &h : system_.heads)
		if (h.wwid)
			heads.emplace(*h.wwid, h.name);
	for (const std::string &disk : path_candidates())
		if (!system_.head_of_path(disk))
			by_namespace[tree_.read("sys/block/" + disk + "/wwid").value_or(disk)].push_back(disk);

	for (const auto &[wwid, disks] : by_namespace) {
		const auto head = heads.find(wwid);

		for (const std::string &disk : disks) {
			const auto who = users(disk);
			std::string text = head == heads.end() ? "no head has it"
							       : fmt::format("{} lacks this path", head->second);

			if (who.empty())
				problem("path_unclaimed", disk, text + ", though nobody else holds it now", kRescan);
			else if (head != heads.end() || disks.size() > 1)
				problem("path_held", disk,
					fmt::format("{}: it is held by {}", text, fmt::join(who, ", ")),
					fmt::format("{}   # when that has let go of it", kRescan));
			else
				note("path_held", disk, fmt::format("{}: it is held by {}", text, fmt::join(who, ", ")));
		}
	}
}

bool Doctor::rules_installed() const
{
	for (const char *directory : {"etc", "run", "usr/local/lib", "usr/lib", "lib"})
		if (tree_.exists(fmt::format("{}/udev/rules.d/{}", directory, kRule)))
			return true;
	return false;
}

/// Persistent names have to lead to the heads.
void Doctor::links()
{
	const std::string directory = "dev/disk/by-id";
	std::map<std::string, std::vector<std::string>> leading_to;
	const std::string mend = rules_installed()
		? "udevadm control --reload && udevadm trigger --settle --subsystem-match=block"
		: "make install && udevadm control --reload && udevadm trigger --settle --subsystem-match=block";

	if (system_.heads.empty() || !tree_.is_directory(directory))
		return; // without udev there are no links
	for (const std::string &link : tree_.names(directory)) {
		const auto target = tree_.link_name(directory + "/" + link);

		if (target)
			leading_to[*target].push_back(link);
	}
	for (const Head &h : system_.heads) {
		std::vector<std::string> wrong;

		for (const Path &p : h.paths)
			wrong.insert(wrong.end(), leading_to[p.name].begin(), leading_to[p.name].end());
		if (!wrong.empty())
			problem("link_to_path", h.name,
				fmt::format("{} in /dev/disk/by-id to a path of it, not to it: {}",
					    wrong.size() == 1 ? "a link leads" : "links lead", fmt::join(wrong, ", ")),
				mend);
		else if (h.wwid && leading_to[h.name].empty())
			problem("no_link", h.name, "no link in /dev/disk/by-id leads to it", mend);
	}
}

} // namespace

std::vector<Finding> examine(const Tree &tree, const System &system)
{
	return Doctor{tree, system}.all();
}

bool has_problem(const std::vector<Finding> &findings)
{
	return std::any_of(findings.begin(), findings.end(), [](const Finding &f) { return f.problem; });
}

std::string findings_text(const std::vector<Finding> &findings, const System &system, const Style &style)
{
	const auto problems = static_cast<std::size_t>(std::count_if(
		findings.begin(), findings.end(), [](const Finding &f) { return f.problem; }));
	std::size_t paths = 0;
	std::string out;

	for (const Finding &f : findings) {
		out += f.problem ? style.paint("problem", Colour::kRed) : style.paint("note", Colour::kCyan);
		out += fmt::format(": {}: {}\n", style.paint(f.subject, Colour::kBold), f.text);
		if (!f.mend.empty())
			out += fmt::format("    {}\n", f.mend);
	}
	for (const Head &h : system.heads)
		paths += h.paths.size();
	out += fmt::format("{}, {}: {}\n", plural(system.heads.size(), "head"), plural(paths, "path"),
			   problems ? plural(problems, "problem") : "no problem found");
	return out;
}

Json findings_json(const std::vector<Finding> &findings)
{
	Json json{{"schema_version", kSchemaVersion}, {"findings", Json::array()}};

	for (const Finding &f : findings)
		json["findings"].push_back({{"id", f.id},
					    {"severity", f.problem ? "problem" : "note"},
					    {"subject", f.subject},
					    {"text", f.text},
					    {"mend", f.mend.empty() ? Json(nullptr) : Json(f.mend)}});
	return json;
}

} // namespace mpathctl
