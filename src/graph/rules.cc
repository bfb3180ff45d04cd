#include "graph/rules.h"

#include <algorithm>
#include <span>
#include <string>
#include <unordered_set>

#include "graph/helpers.h"

namespace catena::graph {
namespace {

constexpr std::array<RuleText, kRuleCount> kRules = {{
    {"loader", "file of the loader", "files of the loader",
     "what starting a program reads, where nothing in the recording wrote it:\n"
     "shared libraries under /usr, /lib* and /opt, the loader's lists and caches in\n"
     "/etc and /var/run, locales, character sets and time zones"},
    {"system-files", "system file that nothing wrote", "system files that nothing wrote",
     "programs, data and settings under /usr, /lib*, /bin, /sbin and /opt, and in\n"
     "/etc those of the resolver, alternatives, terminals and certificates, where\n"
     "nothing in the recording wrote them; likewise modules of Python, Ruby, Perl\n"
     "and Node in their lib folders anywhere"},
    {"kernel-files", "file of the kernel", "files of the kernel",
     "what is under /proc and /sys where nothing wrote it; /dev/null, zero,\n"
     "full, random and urandom; eventfds and their like"},
    {"terminals", "terminal", "terminals", "/dev/tty*, /dev/pts/*, /dev/ptmx and /dev/console"},
    {"helpers", "process or pipe of helpers that only reported to their parents",
     "processes and pipes of helpers that only reported to their parents",
     "going back: children whose output went over pipes to their parent alone, and\n"
     "that read nothing but what other rules take and what the parent gave them"},
}};

constexpr std::array<std::string_view, 21> kSystemPrefixes = {"/usr/",
                                                              "/lib/",
                                                              "/lib32/",
                                                              "/lib64/",
                                                              "/libx32/",
                                                              "/bin/",
                                                              "/sbin/",
                                                              "/opt/",
                                                              "/etc/nsswitch.conf",
                                                              "/etc/host.conf",
                                                              "/etc/hosts",
                                                              "/etc/resolv.conf",
                                                              "/etc/gai.conf",
                                                              "/etc/services",
                                                              "/etc/protocols",
                                                              "/etc/ssl/certs/",
                                                              "/etc/ssl/openssl.cnf",
                                                              "/etc/ca-certificates",
                                                              "/etc/alternatives/",
                                                              "/etc/pki/",
                                                              "/etc/terminfo/"};

// Of the loaders of Linux and FreeBSD, and of what the C library reads to start.
constexpr std::array<std::string_view, 15> kLoaderPrefixes = {"/etc/ld.so.",
                                                              "/etc/ld-musl-",
                                                              "/etc/libmap.conf",
                                                              "/var/run/ld.so.hints",
                                                              "/var/run/ld-elf",
                                                              "/etc/locale",
                                                              "/etc/localtime",
                                                              "/etc/timezone",
                                                              "/usr/lib/locale/",
                                                              "/usr/share/locale/",
                                                              "/usr/share/locale-langpack/",
                                                              "/usr/share/i18n/",
                                                              "/usr/share/zoneinfo/",
                                                              "/usr/lib/x86_64-linux-gnu/gconv/",
                                                              "/usr/share/nls/"};

constexpr std::array<std::string_view, 5> kDevices = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random",
                                                      "/dev/urandom"};

// Modules of an interpreter that lives outside /usr: pyenv, virtual environments, rbenv, nvm.
bool is_interpreter_library(std::string_view path) {
    constexpr std::array<std::string_view, 5> kTrees = {"/lib/python2", "/lib/python3", "/lib/ruby/",
                                                        "/lib/perl5/", "/lib/node_modules/"};
    return std::ranges::any_of(
        kTrees, [&](std::string_view tree) { return path.find(tree) != std::string_view::npos; });
}

bool starts_with_any(std::string_view path, std::span<const std::string_view> prefixes) {
    return std::ranges::any_of(prefixes, [&](std::string_view prefix) { return path.starts_with(prefix); });
}

bool is_system(std::string_view path) {
    return is_interpreter_library(path) || starts_with_any(path, kSystemPrefixes);
}

// "/usr/lib/libc.so.6", "/lib64/ld-linux-x86-64.so.2", "/opt/x/libx.so", but not "/tmp/libx.so".
bool is_shared_library(std::string_view path) {
    const std::string_view name = path.substr(path.rfind('/') + 1);
    const std::size_t so = name.rfind(".so");
    return so != std::string_view::npos && (so + 3 == name.size() || name[so + 3] == '.') &&
           starts_with_any(path, kSystemPrefixes);
}

bool is_loader(std::string_view path) {
    return is_shared_library(path) || starts_with_any(path, kLoaderPrefixes);
}

// All anonymous inodes (eventfd, timerfd, epoll) share one inode number: to follow it would join all who ever
// used one.
bool is_anonymous(std::string_view path) {
    return path.starts_with("anon_inode:") || path.starts_with("/anon_inode:") ||
           ((path.starts_with("[") || path.starts_with("/[")) && path.ends_with("]"));
}

bool is_device(std::string_view path) { return std::ranges::find(kDevices, path) != kDevices.end(); }

bool is_kernel_view(std::string_view path) { return path.starts_with("/proc/") || path.starts_with("/sys/"); }

bool is_terminal(std::string_view path) {
    return path.starts_with("/dev/tty") || path.starts_with("/dev/pts/") || path == "/dev/ptmx" ||
           path == "/dev/console";
}

}  // namespace

const RuleText kRank = {"rank", "thing that had little to do with it", "things that had little to do with it",
                        "what has little weight in a chain that goes back: small or dissimilar amounts\n"
                        "of data, long before, from what is used by many, or as it happens all the time"};

const RuleText& text_of(Rule rule) { return kRules[static_cast<std::size_t>(rule)]; }

std::optional<Rule> rule_from_string(std::string_view name) {
    for (std::size_t i = 0; i < kRuleCount; ++i) {
        if (kRules[i].name == name) return static_cast<Rule>(i);
    }
    return std::nullopt;
}

// A rule must hold for every name of a file: a hard link outside is somebody's doing.
std::optional<Rule> Pruner::rule_for(NodeIndex node) const {
    const auto names = graph_.entities().names(node);
    if (names.empty()) return std::nullopt;
    const auto all = [&](auto holds) {
        return std::ranges::all_of(names, [&](const event::FileName& name) { return holds(name.path); });
    };
    if (all(is_terminal)) return Rule::Terminals;
    if (all([](std::string_view path) { return is_device(path) || is_anonymous(path); }))
        return Rule::KernelFiles;
    if (graph_.has(node, Trait::Written)) return std::nullopt;
    if (all(is_kernel_view)) return Rule::KernelFiles;
    if (all(is_loader)) return Rule::Loader;
    if (all(is_system)) return Rule::SystemFiles;
    return std::nullopt;
}

bool Pruner::takes(NodeIndex node) {
    std::uint8_t& verdict = verdicts_[node];
    if (verdict == kNotJudged) {
        const std::optional<Rule> rule = rule_for(node);
        const bool taken = rule && !kept_[static_cast<std::size_t>(*rule)];
        verdict = taken ? static_cast<std::uint8_t>(kTaken + static_cast<int>(*rule)) : kStays;
    }
    return verdict >= kTaken;
}

void Pruner::prune(Tracking& tracking, std::span<const Moment> starts) {
    constexpr auto kRule = static_cast<std::size_t>(Rule::Helpers);
    if (kept_[kRule]) return;
    const std::vector<NodeIndex> found = helpers_in(graph_, tracking, starts);
    const std::unordered_set<NodeIndex> helpers(found.begin(), found.end());
    Taken& taken = taken_[kRule];
    taken.nodes += helpers.size();
    std::erase_if(tracking.nodes, [&](const Moment& moment) { return helpers.contains(moment.node); });
    std::erase_if(tracking.edges, [&](EdgeIndex edge) {
        if (!helpers.contains(graph_.source(edge)) && !helpers.contains(graph_.target(edge))) return false;
        ++taken.edges;
        taken.bytes += graph_.bytes(edge);
        return true;
    });
}

void Pruner::count(Direction direction, Window window, const Tracking& tracking) {
    const bool back = direction == Direction::Back;
    std::unordered_set<NodeIndex> found;
    for (const Moment& moment : tracking.nodes) found.insert(moment.node);
    for (const Moment& moment : tracking.nodes) {
        for (const EdgeIndex edge : back ? graph_.into(moment.node) : graph_.out_of(moment.node)) {
            if (back ? graph_.begin_ns(edge) > moment.ns : graph_.last_ns(edge) < moment.ns) break;
            if (back ? std::min(moment.ns, graph_.last_ns(edge)) < window.since_ns
                     : std::max(moment.ns, graph_.begin_ns(edge)) > window.until_ns)
                continue;
            const NodeIndex other = back ? graph_.source(edge) : graph_.target(edge);
            if (verdicts_[other] < kTaken || found.contains(other)) continue;
            Taken& taken = taken_[verdicts_[other] - kTaken];
            if (counted_.insert(other).second) ++taken.nodes;
            ++taken.edges;
            taken.bytes += graph_.bytes(edge);
        }
    }
}

}  // namespace catena::graph
