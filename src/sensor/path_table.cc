#include "sensor/path_table.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "wire/records.h"

namespace catena::sensor {
namespace {

// What these tables may hold in all: two generations of each, some 13 MB.
constexpr std::size_t kPaths = 28672;
constexpr std::size_t kPathsBytes = std::size_t{2} << 20U;
constexpr std::size_t kDirectories = 4096;
constexpr std::size_t kAliases = 4096;
constexpr std::size_t kRealDirectories = 1024;
constexpr std::size_t kDirectoriesBytes = std::size_t{256} << 10U;
constexpr std::uint64_t kPathIdSeed = std::uint64_t{5} << 56;  // apart from the seeds in wire/records.h

event::EntityId id_of_path(const std::string& path) {
    return {cat_hash(std::hash<std::string>{}(path), kPathIdSeed)};
}

// "/a//./b/../c" → "/a/c". Only for what real_directory() could not follow.
std::string normalise(std::string_view path) {
    std::vector<std::string_view> parts;
    for (std::size_t begin = 0; begin < path.size();) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        const std::string_view part = path.substr(begin, end - begin);
        if (part == "..") {
            if (!parts.empty()) parts.pop_back();
        } else if (!part.empty() && part != ".") {
            parts.push_back(part);
        }
        begin = end + 1;
    }
    std::string result;
    for (const std::string_view part : parts) result.append("/").append(part);
    return result.empty() ? "/" : result;
}

bool is_below(std::string_view path, std::string_view directory) {
    return path.size() > directory.size() && path.starts_with(directory) && path[directory.size()] == '/';
}

}  // namespace

PathTable::PathTable()
    : by_path_(kPaths, kPathsBytes),
      facts_(kPaths / 4),
      directories_(kDirectories, 2 * kDirectoriesBytes),
      aliases_(kAliases),
      real_directories_(kRealDirectories, kDirectoriesBytes) {}

void PathTable::put(const std::string& path, Entry entry) { by_path_.insert(path, entry, path.size()); }

event::EntityId PathTable::describe(const event::FileName& file) {
    if (const Entry* entry = by_path_.find(file.path); entry && !entry->described && entry->id != file.id) {
        aliases_.insert(file.id, entry->id);
    }
    Entry entry = entry_of(file, true);
    entry.id = resolve(file.id);
    put(file.path, entry);
    facts_.insert(entry.id, entry);
    if (file.kind == event::FileKind::Directory) directories_.insert(file.id, file.path, file.path.size());
    return entry.id;
}

event::EntityId PathTable::resolve(event::EntityId id) {
    if (aliases_.empty()) return id;
    const event::EntityId* alias = aliases_.find(id);
    return alias ? *alias : id;
}

std::string PathTable::absolute(event::EntityId directory, std::string_view text) {
    const std::string* start = directories_.find(directory);
    if (!start) return std::string(text);
    const std::string joined = (*start == "/" ? "" : *start) + "/" + std::string(text);
    const auto slash = joined.find_last_not_of('/');  // "dir/" names dir itself
    const std::string trimmed = slash == std::string::npos ? "/" : joined.substr(0, slash + 1);
    const auto leaf = trimmed.rfind('/');
    const std::string_view name = std::string_view(trimmed).substr(leaf + 1);
    if (name == "." || name == ".." || name.empty()) return normalise(trimmed);
    const std::string parent = real_directory(leaf == 0 ? "/" : trimmed.substr(0, leaf));
    return (parent == "/" ? "" : parent) + "/" + std::string(name);
}

std::string PathTable::real_directory(const std::string& directory) {
    if (const std::string* known = real_directories_.find(directory)) return *known;
    const std::unique_ptr<char, decltype(&std::free)> real(::realpath(directory.c_str(), nullptr),
                                                           &std::free);
    if (!real) return normalise(directory);
    // What is below /proc leads elsewhere with every process.
    if (directory.starts_with("/proc/")) return real.get();
    return real_directories_.insert(directory, real.get(), directory.size() + ::strlen(real.get()));
}

// What an entry says, with no path.
event::FileName PathTable::named_by(const Entry& entry) {
    event::FileName file;
    file.id = entry.id;
    file.inode = entry.inode;
    file.dev = entry.dev;
    file.generation = entry.generation;
    file.kind = entry.kind;
    return file;
}

PathTable::Named PathTable::at(const std::string& path, event::FileKind kind_if_new) {
    Named named;
    if (const Entry* entry = by_path_.find(path)) {
        named.file = named_by(*entry);
    } else {
        named.is_new = true;
        named.file.id = id_of_path(path);
        named.file.kind = kind_if_new;
        put(path, entry_of(named.file, false));
    }
    named.file.path = path;
    return named;
}

std::string PathTable::entry(event::EntityId directory, std::string_view name) {
    const std::string* parent = directories_.find(directory);
    if (!parent) return std::string(name);
    if (name == "/") return *parent;  // what the kernel calls the root of a file system
    return (*parent == "/" ? "" : *parent) + "/" + std::string(name);
}

PathTable::Named PathTable::is(const std::string& path, event::EntityId id, event::FileKind kind_if_unknown) {
    Named named;
    if (const Entry* entry = by_path_.find(path); entry && entry->id == id) {
        named.file = named_by(*entry);
    } else {
        named.is_new = true;
        const Entry* facts = facts_.find(id);
        const Entry known = facts ? *facts : Entry{.id = id, .kind = kind_if_unknown, .described = true};
        named.file = named_by(known);
        put(path, known);
    }
    named.file.path = path;
    return named;
}

std::vector<event::FileName> PathTable::rename(const std::string& from, const std::string& to) {
    const Entry* entry = by_path_.find(from);
    if (!entry) return {};
    const Entry moved = *entry;
    by_path_.erase(from);
    put(to, moved);
    forget_links_below(from);
    if (moved.kind == event::FileKind::Directory || moved.kind == event::FileKind::Unknown ||
        !moved.described) {
        return move_below(from, to);
    }
    return {};
}

void PathTable::exchange(const std::string& a, const std::string& b) {
    const Entry* found_a = by_path_.find(a);
    if (!found_a) return;
    const Entry entry_a = *found_a;
    const Entry* found_b = by_path_.find(b);
    if (!found_b) return;
    const Entry entry_b = *found_b;
    put(a, entry_b);
    put(b, entry_a);
    forget_links_below(a);
    forget_links_below(b);
}

// What was below a directory has its new path. Walks the table: directories are renamed rarely.
std::vector<event::FileName> PathTable::move_below(const std::string& from, const std::string& to) {
    std::vector<std::pair<std::string, Entry>> moved;
    by_path_.for_each([&](const std::string& path, const Entry& entry) {
        if (is_below(path, from)) moved.emplace_back(path, entry);
    });
    std::vector<event::FileName> renamed;
    for (const auto& [path, entry] : moved) {
        const std::string path_now = to + path.substr(from.size());
        by_path_.erase(path);
        put(path_now, entry);
        renamed.push_back(named_by(entry));
        renamed.back().path = path_now;
    }
    directories_.for_each([&](const event::EntityId&, std::string& path) {
        if (path == from || is_below(path, from)) path = to + path.substr(from.size());
    });
    return renamed;
}

void PathTable::forget_links_below(const std::string& path) {
    std::vector<std::string> stale;
    real_directories_.for_each([&](const std::string& directory, const std::string&) {
        if (directory == path || is_below(directory, path)) stale.push_back(directory);
    });
    for (const std::string& directory : stale) real_directories_.erase(directory);
}

void PathTable::link(const std::string& path, const event::FileName& file) {
    put(path, entry_of(file, true));
    forget_links_below(path);
}

void PathTable::remove(const std::string& path) { by_path_.erase(path); }

}  // namespace catena::sensor
