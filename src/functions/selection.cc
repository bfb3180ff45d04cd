#include "functions/selection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "elf/demangle.h"
#include "elf/functions.h"
#include "elf/image.h"
#include "functions/branch_targets.h"
#include "functions/entry_site.h"
#include "functions/return_safety.h"
#include "sys/program_path.h"

namespace catena::functions {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::fail;

constexpr std::size_t kMostFunctions = 65'535;  // CAT_FUNCTIONS_MAX of wire/functions.h, without 0
constexpr std::size_t kMostLibraries = 256;
constexpr std::array<const char*, 7> kLibraryFolders = {"/usr/lib/x86_64-linux-gnu",
                                                        "/lib/x86_64-linux-gnu",
                                                        "/usr/local/lib/x86_64-linux-gnu",
                                                        "/usr/local/lib",
                                                        "/usr/lib64",
                                                        "/usr/lib",
                                                        "/lib"};

struct Pattern {
    std::vector<std::string> files;
    std::string glob;
};

// Beside libraries lie scripts of the linker that have their names (libc.so).
bool is_elf(const fs::path& path) {
    std::array<char, 4> magic{};
    std::ifstream(path).read(magic.data(), magic.size());
    return std::string_view(magic.data(), magic.size()) ==
           "\x7f"
           "ELF";
}

std::vector<std::string> libraries_like(const std::string& name, const std::vector<std::string>& mapped) {
    std::set<std::string> found;
    const auto consider = [&](const fs::path& path) {
        if (found.size() < kMostLibraries && path.filename().string().find(".so") != std::string::npos &&
            ::fnmatch(name.c_str(), path.filename().c_str(), 0) == 0 && is_elf(path))
            found.insert(sys::real_path(path));
    };
    for (const std::string& path : mapped) consider(path);
    // What a process has mapped is meant, not other versions of the same name.
    if (!found.empty()) return {found.begin(), found.end()};
    for (const char* folder : kLibraryFolders) {
        std::error_code error;
        for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
            consider(at->path());
    }
    return {found.begin(), found.end()};
}

base::Result<Pattern> parse(const std::string& text, const SelectOptions& options) {
    const std::size_t colon = text.find(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) {
        return fail(ErrorCode::Usage,
                    fmt::format("{} names no functions: give BINARY:GLOB, as in exe:*, lib:libssl*:SSL_* or "
                                "/usr/sbin/nginx:ngx_http_*",
                                text));
    }
    const std::string before = text.substr(0, colon);
    const std::string after = text.substr(colon + 1);
    if (before == "exe") {
        if (options.exe.empty()) {
            return fail(ErrorCode::Usage, fmt::format("{}: exe: is the executable of a command or of --pid; "
                                                      "here, give the path of the file",
                                                      text));
        }
        return Pattern{{sys::real_path(options.exe)}, after};
    }
    if (before != "lib") return Pattern{{sys::real_path(before)}, after};
    const std::size_t second = after.find(':');
    if (second == std::string::npos || second == 0 || second + 1 == after.size())
        return fail(ErrorCode::Usage, fmt::format("{}: give lib:NAME:GLOB, as in lib:libssl*:SSL_*", text));
    Pattern pattern{libraries_like(after.substr(0, second), options.libraries), after.substr(second + 1)};
    if (pattern.files.empty()) {
        return fail(
            ErrorCode::NotFound,
            fmt::format("{}: no library's file name matches {}; a path and a glob name one that is elsewhere",
                        text, after.substr(0, second)));
    }
    return pattern;
}

// One file that patterns name.
struct Binary {
    std::string path;
    std::string build_id;
};

event::Function describe(const elf::Function& from, const Binary& binary) {
    event::Function to;
    to.binary = binary.path;
    to.build_id = binary.build_id;
    to.symbol = from.name;
    to.name = elf::demangle(from.name);
    to.address = from.address;
    to.size_bytes = from.size_bytes;
    return to;
}

std::string_view site_name(SiteKind kind) {
    switch (kind) {
        case SiteKind::OptimisedNop:
            return "nop";
        case SiteKind::Emulated:
            return "emulated";
        case SiteKind::SingleStepped:
            return "single-stepped";
        case SiteKind::Refused:
            break;
    }
    return "refused";
}

// Names that contain the letters of a glob, or nearly are it.
std::vector<std::string> close_names(const std::string& glob, const std::vector<elf::Function>& functions) {
    std::string letters;
    for (const char c : glob) {
        if (c != '*' && c != '?') letters += c;
    }
    const auto distance = [&](const std::string& name) {
        std::vector<std::size_t> row(name.size() + 1);
        for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
        for (std::size_t i = 1; i <= letters.size(); ++i) {
            std::size_t diagonal = std::exchange(row[0], i);
            for (std::size_t j = 1; j <= name.size(); ++j) {
                const std::size_t changed = diagonal + (letters[i - 1] == name[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
            }
        }
        return row.back();
    };
    constexpr std::size_t kLongest = 256;
    std::vector<std::pair<std::size_t, std::string>> ranked;
    for (const elf::Function& function : functions) {
        const std::string& name = function.name;
        if (name.empty() || name.size() > kLongest || letters.size() > kLongest) continue;
        const std::size_t far = name.find(letters) != std::string::npos ? 0 : distance(name);
        if (far <= 1 + letters.size() / 3) ranked.emplace_back(far, name);
    }
    std::ranges::sort(ranked);
    std::vector<std::string> names;
    for (std::size_t i = 0; i < std::min<std::size_t>(ranked.size(), 3); ++i)
        names.push_back(ranked[i].second);
    return names;
}

std::uint32_t code_behind(const Site& site, const elf::Function& function) {
    if (function.size_bytes <= site.into_function || function.size_bytes > UINT32_MAX) return 0;
    return static_cast<std::uint32_t>(function.size_bytes - site.into_function);
}

class Selection {
  public:
    explicit Selection(const SelectOptions& options) : options_(options) {
        // An exception of the program passes the functions of libraries that call it back.
        if (!options.returns || options.exe.empty()) return;
        if (const auto exe = elf::Image::open(options.exe)) exe_why_not_ = why_no_return_probes(*exe);
    }

    base::Status add(const std::string& text) {
        auto pattern = parse(text, options_);
        if (!pattern) return std::unexpected(std::move(pattern).error());
        std::size_t matched = 0;
        std::vector<std::string> close;
        std::size_t has = 0;
        for (const std::string& file : pattern->files) {
            auto found = add_from(file, pattern->glob, matched, close);
            if (!found) return std::unexpected(std::move(found.error()).with_context(text));
            has += *found;
        }
        if (selected.size() > kMostFunctions)
            return fail(ErrorCode::Usage,
                        fmt::format("{}: more than {} functions match; name fewer", text, kMostFunctions));
        if (matched != 0) return {};
        const std::string files = fmt::format("{}", fmt::join(pattern->files, ", "));
        if (has == 0) {
            return fail(
                ErrorCode::NotFound,
                fmt::format("{}: {} has no functions: it is stripped of all that tells where they are", text,
                            files));
        }
        return fail(ErrorCode::NotFound,
                    fmt::format("{}: none of the {} functions of {} matches{}{}", text, has, files,
                                close.empty() ? "" : "; close are ", fmt::join(close, ", ")));
    }

    std::vector<Selected> selected;

  private:
    // How many functions the file has.
    base::Result<std::size_t> add_from(const std::string& file, const std::string& glob, std::size_t& matched,
                                       std::vector<std::string>& close) {
        auto image = elf::Image::open(file);
        if (!image) return std::unexpected(std::move(image).error());
        auto functions = elf::functions(*image);
        if (!functions) return std::unexpected(std::move(functions).error());
        const BranchTargets targets(*image, *functions);
        std::erase_if(*functions, [](const elf::Function& f) { return f.kind == elf::FunctionKind::Part; });
        Binary binary{.path = file, .build_id = image->build_id_text()};
        const std::string why_not = options_.returns ? why_no_return_probes(*image) : "";
        const std::size_t before = matched;
        for (const elf::Function& function : *functions) {
            event::Function described = describe(function, binary);
            bool wanted = matches(glob, function.name, described.name);
            for (const std::string& alias : function.aliases)
                wanted = wanted || matches(glob, alias, elf::demangle(alias));
            if (!wanted) continue;
            ++matched;
            if (seen_.emplace(file, function.address).second)
                take(*image, function, {.targets = targets, .why_no_returns = why_not}, std::move(described));
        }
        if (before == matched) close = close_names(glob, *functions);
        return functions->size();
    }

    // What is true of all functions of a file.
    struct File {
        const BranchTargets& targets;
        const std::string& why_no_returns;
    };

    // As cheap as a probe has to be for what was asked.
    [[nodiscard]] bool is_cheap(SiteKind kind) const {
        return is_quick(kind) || (kind == SiteKind::SingleStepped && options_.allow_single_step);
    }

    std::string why_not_timed(const EntrySite& entry, const event::Function& described,
                              const File& file) const {
        if (!described.watched) return "it is not watched";
        if (!file.why_no_returns.empty()) return file.why_no_returns;
        if (!exe_why_not_.empty()) return exe_why_not_;
        if (is_cheap(entry.entry)) return "";
        return "its first instruction is not one that the kernel emulates";
    }

    void take(const elf::Image& image, const elf::Function& function, const File& file,
              event::Function described) {
        const EntrySite entry = entry_site(image, function, options_.ability, file.targets);
        described.id = static_cast<std::uint32_t>(selected.size() + 1);
        described.site = site_name(entry.site.kind);
        described.site_offset = entry.site.file_offset;
        described.reason = entry.site.reason;
        described.ends_in_jump = entry.ends_in_jump;
        described.watched = is_cheap(entry.site.kind);
        Selected one{.function = std::move(described),
                     .stack_bytes = entry.site.stack_bytes,
                     .code_bytes = code_behind(entry.site, function),
                     .entry_offset = function.file_offset,
                     .why_not_timed = {}};
        if (options_.returns) {
            one.why_not_timed = why_not_timed(entry, one.function, file);
            one.function.timed = one.why_not_timed.empty();
        }
        selected.push_back(std::move(one));
    }

    const SelectOptions& options_;
    std::set<std::pair<std::string, std::uint64_t>> seen_;
    std::string exe_why_not_;  // of all functions, because of the executable
};

}  // namespace

bool matches(const std::string& glob, const std::string& symbol, const std::string& name) {
    if (glob == "*") return true;
    if (::fnmatch(glob.c_str(), symbol.c_str(), 0) == 0 || ::fnmatch(glob.c_str(), name.c_str(), 0) == 0)
        return true;
    const std::size_t arguments = name.find('(');
    return arguments != std::string::npos &&
           ::fnmatch(glob.c_str(), name.substr(0, arguments).c_str(), 0) == 0;
}

base::Result<std::vector<Selected>> select(const std::vector<std::string>& patterns,
                                           const SelectOptions& options) {
    Selection selection(options);
    for (const std::string& pattern : patterns) {
        if (auto added = selection.add(pattern); !added) return std::unexpected(std::move(added).error());
    }
    return std::move(selection.selected);
}

}  // namespace catena::functions
