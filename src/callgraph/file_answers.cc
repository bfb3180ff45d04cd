#include "callgraph/file_answers.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "callgraph/root.h"

namespace catena::callgraph {
namespace {

std::int64_t nanoseconds(const ::timespec& time) {
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

// Whether it is a new question, or its answer the one that is known.
template <class Value>
bool note(std::map<std::string, Value>& answers, const std::string& asked, const Value& answer) {
    const auto [at, fresh] = answers.try_emplace(asked, answer);
    return fresh || at->second == answer;
}

void write_answer(ByteWriter& to, const std::string& real) { to.text(real); }
void write_answer(ByteWriter& to, const std::vector<std::string>& names) { to.texts(names); }
void write_answer(ByteWriter& to, const FileState& state) {
    to.number(state.readable ? 1 : 0);
    for (const std::uint64_t each :
         {state.device, state.inode, state.mode, state.size_bytes,
          static_cast<std::uint64_t>(state.modified_ns), static_cast<std::uint64_t>(state.changed_ns)})
        to.number(each);
}
template <class Value>
void write_answer(ByteWriter& to, const std::optional<Value>& answer) {
    to.number(answer ? 1 : 0);
    if (answer) write_answer(to, *answer);
}

void read_answer(ByteReader& from, std::string& real) { real = from.text(); }
void read_answer(ByteReader& from, std::vector<std::string>& names) { names = from.texts(); }
void read_answer(ByteReader& from, FileState& state) {
    state.readable = from.number_up_to(1) == 1;
    for (std::uint64_t* each : {&state.device, &state.inode, &state.mode, &state.size_bytes})
        *each = from.number();
    state.modified_ns = static_cast<std::int64_t>(from.number());
    state.changed_ns = static_cast<std::int64_t>(from.number());
}
template <class Value>
void read_answer(ByteReader& from, std::optional<Value>& answer) {
    if (from.number_up_to(1) == 1) read_answer(from, answer.emplace());
}

template <class Value>
void write_all(ByteWriter& to, const std::map<std::string, Value>& answers) {
    to.number(answers.size());
    for (const auto& [asked, answer] : answers) {
        to.text(asked);
        write_answer(to, answer);
    }
}

template <class Value>
void read_all(ByteReader& from, std::map<std::string, Value>& answers) {
    for (std::size_t left = from.length(16); left > 0 && !from.failed(); --left) {
        std::string asked = from.text();
        if (!answers.empty() && answers.rbegin()->first >= asked) from.fail();
        read_answer(from, answers.emplace_hint(answers.end(), std::move(asked), Value{})->second);
    }
}

}  // namespace

std::optional<FileState> FileState::of(const std::string& host_path) {
    struct ::stat status = {};
    if (::stat(host_path.c_str(), &status) != 0) return std::nullopt;
    return FileState{.readable = ::faccessat(AT_FDCWD, host_path.c_str(), R_OK, AT_EACCESS) == 0,
                     .device = status.st_dev,
                     .inode = status.st_ino,
                     .mode = status.st_mode,
                     .size_bytes = static_cast<std::uint64_t>(status.st_size),
                     .modified_ns = nanoseconds(status.st_mtim),
                     .changed_ns = nanoseconds(status.st_ctim)};
}

FileAnswers::FileAnswers()
    : began_ns_(std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count()) {}

void FileAnswers::host_path(const std::string& asked, const std::optional<std::string>& real) {
    contradictory_ |= !note(host_paths_, asked, real);
}

void FileAnswers::path(const std::string& asked, const std::optional<std::string>& real) {
    contradictory_ |= !note(paths_, asked, real);
}

void FileAnswers::file(const std::string& host_path, const std::optional<FileState>& state) {
    contradictory_ |= !note(files_, host_path, state);
}

void FileAnswers::folder(const std::string& path, const std::vector<std::string>& names) {
    contradictory_ |= !note(folders_, path, names);
}

bool FileAnswers::hold(const std::string& root) const {
    const Root host;
    const Root inside(root);
    const auto leads = [](const Root& to) {
        return [&to](const auto& each) { return to.real_path(each.first) == each.second; };
    };
    return std::ranges::all_of(files_,
                               [](const auto& each) { return FileState::of(each.first) == each.second; }) &&
           std::ranges::all_of(host_paths_, leads(host)) && std::ranges::all_of(paths_, leads(inside)) &&
           std::ranges::all_of(folders_,
                               [&](const auto& each) { return inside.list(each.first) == each.second; });
}

bool FileAnswers::settled(std::chrono::nanoseconds margin) const {
    return !contradictory_ && std::ranges::all_of(files_, [&](const auto& each) {
        return !each.second ||
               std::max(each.second->changed_ns, each.second->modified_ns) < began_ns_ - margin.count();
    });
}

void FileAnswers::write(ByteWriter& to) const {
    write_all(to, host_paths_);
    write_all(to, paths_);
    write_all(to, files_);
    write_all(to, folders_);
}

FileAnswers FileAnswers::read(ByteReader& from) {
    FileAnswers answers;
    read_all(from, answers.host_paths_);
    read_all(from, answers.paths_);
    read_all(from, answers.files_);
    read_all(from, answers.folders_);
    return answers;
}

}  // namespace catena::callgraph
