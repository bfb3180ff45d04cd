// The order of ld.so(8) for a name without a slash: DT_RPATH of the one who asks, of those that loaded it,
// and of the program (all of it only where the one who asks has no DT_RUNPATH); LD_LIBRARY_PATH; DT_RUNPATH
// of the one who asks; /etc/ld.so.cache; the default folders. In each folder, its glibc-hwcaps subfolders
// come first. A file of another machine is passed over; one that is no ELF file ends the search, as it ends
// the program.
//
// musl: LD_LIBRARY_PATH; DT_RUNPATH or DT_RPATH of the one who asks and of all that loaded it; the folders of
// /etc/ld-musl-x86_64.path, or /lib, /usr/local/lib and /usr/lib.
#include "callgraph/library_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace catena::callgraph {
namespace {

// Distributions with folders per architecture, and those with lib64.
const std::vector<std::string> kDefaultFolders = {
    "/lib/x86_64-linux-gnu/", "/usr/lib/x86_64-linux-gnu/", "/lib64/", "/usr/lib64/", "/lib/", "/usr/lib/"};
constexpr std::array<std::string_view, 5> kLegacySubfolders = {"tls/x86_64/x86_64/", "tls/x86_64/", "tls/",
                                                               "x86_64/x86_64/", "x86_64/"};
constexpr std::size_t kMaxFolders = 1024;  // of one list
constexpr std::size_t kMaxExpandedBytes = 65536;

// The folders that a loader has built in: strings one behind the other that begin and end with a slash.
std::vector<std::string> built_in_folders(const elf::Image& interpreter) {
    constexpr std::size_t kMaxFolderBytes = 64;
    const auto bytes = interpreter.bytes();
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    std::vector<std::string> folders;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\0', at), text.size());
        const std::string_view each = text.substr(at, end - at);
        const bool folder = each.size() > 1 && each.size() <= kMaxFolderBytes && each.starts_with('/') &&
                            each.ends_with('/') && each.find("lib") != std::string_view::npos;
        if (folder) {
            folders.emplace_back(each);
        } else {
            if (folders.size() >= 2) return folders;
            folders.clear();
        }
        at = end + 1;
    }
    return kDefaultFolders;
}

std::vector<std::string_view> split(std::string_view list, std::string_view separators) {
    std::vector<std::string_view> parts;
    for (std::size_t at = 0; at <= list.size() && parts.size() < kMaxFolders;) {
        const std::size_t end = std::min(list.find_first_of(separators, at), list.size());
        parts.push_back(list.substr(at, end - at));
        at = end + 1;
    }
    return parts;
}

// The name of a replaceable token at the beginning ("ORIGIN" for "$ORIGIN" and "${ORIGIN}"), and its length;
// an empty name where there is none.
std::pair<std::string_view, std::size_t> token_at(std::string_view text) {
    for (const std::string_view name : {"ORIGIN", "PLATFORM", "LIB"}) {
        if (text.starts_with(fmt::format("${{{}}}", name))) return {name, name.size() + 3};
        if (text.substr(1).starts_with(name)) {
            const std::size_t end = 1 + name.size();
            const bool goes_on =
                end < text.size() &&
                (std::isalnum(static_cast<unsigned char>(text[end])) != 0 || text[end] == '_');
            if (!goes_on) return {name, end};
        }
    }
    return {{}, 0};
}

std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

// One search: what is asked for, and what was found that the loader does not take.
struct LibrarySearch::Attempt {
    std::string name;
    std::string passed_over;  // a sentence; empty
    bool broken = false;      // a file that ends the program: the search is over
};

unsigned this_isa_level() {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("x86-64-v4") != 0) return 4;
    if (__builtin_cpu_supports("x86-64-v3") != 0) return 3;
    return __builtin_cpu_supports("x86-64-v2") != 0 ? 2 : 1;
}

LibrarySearch::LibrarySearch(Root root, SearchOptions options)
    : root_(std::move(root)), options_(std::move(options)), default_folders_(kDefaultFolders) {
    for (unsigned level = options_.isa_level; level >= 2; --level)
        subfolders_.push_back(fmt::format("glibc-hwcaps/x86-64-v{}/", level));
    const auto text = root_.read("/etc/ld.so.cache");
    if (!text) return;
    auto cache = LdCache::parse(std::as_bytes(std::span(*text)));
    if (cache)
        cache_ = std::move(*cache);
    else
        cache_problem_ = "/etc/ld.so.cache: " + cache.error().message;
}

void LibrarySearch::use_glibc(const elf::Image* interpreter) {
    if (interpreter == nullptr) return;
    default_folders_ = built_in_folders(*interpreter);
    const auto bytes = interpreter->bytes();
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    // Up to 2.36 the loader also has the older subfolders, and says so in its help.
    if (text.find("Legacy HWCAP subdirectories") != std::string_view::npos)
        subfolders_.insert(subfolders_.end(), kLegacySubfolders.begin(), kLegacySubfolders.end());
}

void LibrarySearch::use_musl(const std::string& interpreter_path) {
    musl_ = true;
    subfolders_.clear();
    // Two folders up from the interpreter begins the tree that it was installed for.
    const std::string prefix = folder_of(folder_of(interpreter_path));
    const auto text = root_.read((prefix == "/" ? "" : prefix) + "/etc/ld-musl-x86_64.path");
    default_folders_.clear();
    for (const std::string_view each : split(text.value_or("/lib:/usr/local/lib:/usr/lib"), ":\n"))
        if (!each.empty()) default_folders_.push_back(std::string(each) + "/");
}

std::string LibrarySearch::expand(std::string_view text, const std::string& origin) const {
    std::string expanded;
    while (!text.empty() && expanded.size() < kMaxExpandedBytes) {
        const std::size_t dollar = std::min(text.find('$'), text.size());
        expanded += text.substr(0, dollar);
        text.remove_prefix(dollar);
        if (text.empty()) break;
        const auto [token, length] = token_at(text);
        if (token.empty() || (musl_ && token != "ORIGIN")) {
            expanded += '$';
            text.remove_prefix(1);
            continue;
        }
        if (token == "ORIGIN") expanded += origin;
        if (token == "PLATFORM") expanded += "x86_64";
        if (token == "LIB") expanded += default_folders_[0].substr(1, default_folders_[0].size() - 2);
        text.remove_prefix(length);
    }
    return expanded;
}

std::optional<FoundFile> LibrarySearch::try_file(const std::string& path, FoundBy rule,
                                                 Attempt& attempt) const {
    if (attempt.broken) return std::nullopt;
    if (!path.starts_with('/') && !root_.folder().empty()) return std::nullopt;  // no working folder in there
    const auto host = root_.host_path(path);
    if (!host) return std::nullopt;
    auto image = root_.open(*host);
    if (!image) {
        attempt.passed_over = image.error().message;
        // A folder of this name is no reason to stop, nor is one that may not be read.
        attempt.broken = image.error().code == base::ErrorCode::BadInput;
        return std::nullopt;
    }
    if (image->machine() != elf::Machine::X86_64) {
        attempt.passed_over = fmt::format("{} is {}", path, image->description());
        return std::nullopt;
    }
    if (image->type() != elf::FileType::SharedObject) {
        attempt.passed_over = fmt::format("{} is {}, no shared library", path, image->description());
        attempt.broken = true;
        return std::nullopt;
    }
    return FoundFile{.path = path, .file = *host, .image = std::move(*image), .found_by = rule, .hwcaps = {}};
}

std::optional<FoundFile> LibrarySearch::try_folder(const std::string& folder, FoundBy rule,
                                                   Attempt& attempt) const {
    const std::string base = folder.ends_with('/') ? folder : folder + "/";
    for (const std::string& each : subfolders_) {
        auto found = try_file(base + each + attempt.name, rule, attempt);
        if (!found) continue;
        constexpr std::string_view kHwcaps = "glibc-hwcaps/";
        if (each.starts_with(kHwcaps))
            found->hwcaps = each.substr(kHwcaps.size(), each.size() - kHwcaps.size() - 1);
        return found;
    }
    return try_file(base + attempt.name, rule, attempt);
}

std::optional<FoundFile> LibrarySearch::try_folders(std::string_view list, const std::string& origin,
                                                    FoundBy rule, Attempt& attempt) const {
    const std::string_view separators = rule == FoundBy::LibraryPath && !musl_ ? ":;" : musl_ ? ":\n" : ":";
    for (const std::string_view each : split(list, separators)) {
        if (musl_ && each.empty()) continue;
        const std::string folder = each.empty() ? "./" : expand(each, origin);
        if (folder.empty()) continue;
        if (auto found = try_folder(folder, rule, attempt)) return found;
    }
    return std::nullopt;
}

std::optional<FoundFile> LibrarySearch::try_rpaths(const LoaderChain& chain, const Object& program,
                                                   Attempt& attempt) const {
    const auto try_one = [&](const Object& object) -> std::optional<FoundFile> {
        if (!object.dynamic.rpath || object.dynamic.runpath || object.dynamic.rpath->empty())
            return std::nullopt;
        return try_folders(*object.dynamic.rpath, folder_of(object.path), FoundBy::Rpath, attempt);
    };
    bool program_done = false;
    for (const Object* each : chain) {
        if (auto found = try_one(*each)) return found;
        program_done |= each == &program;
    }
    return program_done ? std::nullopt : try_one(program);
}

std::optional<FoundFile> LibrarySearch::try_cache(bool no_default_folders, Attempt& attempt) const {
    const LdCache::Entry* entry = cache_.find(attempt.name, options_.isa_level);
    if (entry == nullptr) return std::nullopt;
    const auto is_default = [&](const std::string& folder) { return entry->path.starts_with(folder); };
    if (no_default_folders && std::ranges::any_of(default_folders_, is_default)) return std::nullopt;
    auto found = try_file(entry->path, FoundBy::Cache, attempt);
    if (found) found->hwcaps = entry->hwcaps;
    return found;
}

std::optional<FoundFile> LibrarySearch::find_glibc(const LoaderChain& chain, const Object& program,
                                                   Attempt& attempt) const {
    const Object* asking = chain.empty() ? nullptr : chain.front();
    const bool has_runpath = asking != nullptr && asking->dynamic.runpath.has_value();
    if (!has_runpath) {
        if (auto found = try_rpaths(chain, program, attempt)) return found;
    }
    if (!options_.secure && !options_.library_path.empty()) {
        if (auto found =
                try_folders(options_.library_path, folder_of(program.path), FoundBy::LibraryPath, attempt))
            return found;
    }
    if (has_runpath && !asking->dynamic.runpath->empty()) {
        if (auto found =
                try_folders(*asking->dynamic.runpath, folder_of(asking->path), FoundBy::Runpath, attempt))
            return found;
    }
    const bool no_default_folders = asking != nullptr && asking->dynamic.no_default_folders;
    if (auto found = try_cache(no_default_folders, attempt)) return found;
    if (no_default_folders) return std::nullopt;
    for (const std::string& each : default_folders_) {
        if (auto found = try_folder(each, FoundBy::Default, attempt)) return found;
    }
    return std::nullopt;
}

std::optional<FoundFile> LibrarySearch::find_musl(const LoaderChain& chain, Attempt& attempt) const {
    if (!options_.secure && !options_.library_path.empty()) {
        if (auto found = try_folders(options_.library_path, {}, FoundBy::LibraryPath, attempt)) return found;
    }
    for (const Object* each : chain) {
        const Dynamic& dynamic = each->dynamic;
        const auto list = dynamic.runpath ? dynamic.runpath : dynamic.rpath;
        if (!list || list->empty()) continue;
        const FoundBy rule = dynamic.runpath ? FoundBy::Runpath : FoundBy::Rpath;
        if (auto found = try_folders(*list, folder_of(each->path), rule, attempt)) return found;
    }
    for (const std::string& each : default_folders_) {
        if (auto found = try_folder(each, FoundBy::Default, attempt)) return found;
    }
    return std::nullopt;
}

base::Result<FoundFile> LibrarySearch::find(const std::string& name, const LoaderChain& chain,
                                            const Object& program) const {
    Attempt attempt{.name = name, .passed_over = {}};
    std::optional<FoundFile> found;
    if (name.find('/') != std::string::npos)
        found = try_file(name, FoundBy::Path, attempt);
    else if (!name.empty())
        found = musl_ ? find_musl(chain, attempt) : find_glibc(chain, program, attempt);
    if (found) return std::move(*found);
    return base::fail(base::ErrorCode::NotFound, attempt.passed_over);
}

}  // namespace catena::callgraph
