#include "callgraph/known_calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "callgraph/analysis_version.h"

namespace catena::callgraph {
namespace {

constexpr const char* kPrefix = "calls-";

// All that the answer depends on and that is not in files. Relative paths are among the questions to the file
// system: they lead somewhere else from another working folder.
std::string question_of(const std::string& program, const ProgramOptions& options) {
    ByteWriter question;
    question.text(program);
    question.text(options.load.root);
    question.text(options.load.library_path);
    question.text(options.load.preload);
    question.number(options.load.preload_file ? 1 : 0);
    question.number(options.load.isa_level.value_or(this_isa_level()));
    question.texts(options.also);
    question.texts(options.from);
    const auto bytes = question.bytes();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string file_of(const std::string& folder, const std::string& question) {
    return fmt::format("{}/{}{:016x}", folder, kPrefix, hash_of(std::as_bytes(std::span(question))));
}

void write(ByteWriter& to, const CallEvidence& evidence) {
    to.text(evidence.binary);
    to.number(evidence.address);
    to.text(evidence.function);
    to.texts(evidence.path);
}

CallEvidence read_evidence(ByteReader& from) {
    return {.binary = from.text(), .address = from.number(), .function = from.text(), .path = from.texts()};
}

std::uint32_t read_number(ByteReader& from) {
    return static_cast<std::uint32_t>(from.number_up_to(std::numeric_limits<std::uint32_t>::max()));
}

void write(ByteWriter& to, const ArgumentValues& argument) {
    to.number(argument.index);
    to.number(argument.mask);
    to.number(argument.known ? 1 : 0);
    to.list(argument.values);
    to.text(argument.reason);
}

ArgumentValues read_argument(ByteReader& from) {
    return {.index = read_number(from),
            .mask = read_number(from),
            .known = from.number_up_to(1) == 1,
            .values = from.list<std::uint64_t>(),
            .reason = from.text()};
}

void write(ByteWriter& to, const ReachableCall& call);
void write(ByteWriter& to, const UnresolvedSite& site);

template <class T>
void write_all(ByteWriter& to, const std::vector<T>& values) {
    to.number(values.size());
    for (const T& each : values) write(to, each);
}

template <class T>
std::vector<T> read_all(ByteReader& from, T (*read)(ByteReader&)) {
    std::vector<T> values;
    for (std::size_t left = from.length(8); left > 0 && !from.failed(); --left) values.push_back(read(from));
    return values;
}

void write(ByteWriter& to, const ReachableCall& call) {
    to.number(call.number);
    to.number(call.i386 ? 1 : 0);
    write_all(to, call.evidence);
    write_all(to, call.arguments);
}

ReachableCall read_call(ByteReader& from) {
    return {.number = read_number(from),
            .i386 = from.number_up_to(1) == 1,
            .evidence = read_all(from, read_evidence),
            .arguments = read_all(from, read_argument)};
}

void write(ByteWriter& to, const UnresolvedSite& site) {
    to.text(site.binary);
    to.number(site.address);
    to.text(site.function);
    to.text(site.reason);
    to.number(site.numbers ? 1 : 0);
    if (site.numbers) to.list(*site.numbers);
}

UnresolvedSite read_site(ByteReader& from) {
    UnresolvedSite site{
        .binary = from.text(), .address = from.number(), .function = from.text(), .reason = from.text()};
    if (from.number_up_to(1) == 1) site.numbers = from.list<std::uint32_t>();
    return site;
}

}  // namespace

std::vector<std::byte> KnownAnswer::written() const {
    ByteWriter to;
    to.text(question);
    to.text(analysis);
    files.write(to);
    to.text(calls.program);
    to.texts(calls.binaries);
    write_all(to, calls.calls);
    write_all(to, calls.unresolved);
    to.texts(calls.doubts);
    return to.take();
}

std::optional<KnownAnswer> KnownAnswer::read(std::span<const std::byte> bytes) {
    ByteReader from(bytes);
    KnownAnswer answer{
        .question = from.text(), .analysis = from.text(), .files = FileAnswers::read(from), .calls = {}};
    answer.calls.program = from.text();
    answer.calls.binaries = from.texts();
    answer.calls.calls = read_all(from, read_call);
    answer.calls.unresolved = read_all(from, read_site);
    answer.calls.doubts = from.texts();
    if (!from.at_end()) return std::nullopt;
    return answer;
}

std::string KnownCalls::path_of(const std::string& program, const ProgramOptions& options) const {
    return file_of(folder_, question_of(program, options));
}

std::optional<ReachableCalls> KnownCalls::find(const std::string& program,
                                               const ProgramOptions& options) const {
    if (folder_.empty()) return std::nullopt;
    const std::string question = question_of(program, options);
    const auto stored = read_stored(file_of(folder_, question), kKind);
    if (!stored) return std::nullopt;
    auto known = KnownAnswer::read(*stored);
    if (!known || known->question != question || known->analysis != analysis_version() ||
        !known->files.hold(options.load.root))
        return std::nullopt;
    return std::move(known->calls);
}

base::Result<ReachableCalls> KnownCalls::analyze(const std::string& program,
                                                 const ProgramOptions& options) const {
    KnownAnswer answer{.question = question_of(program, options), .analysis = analysis_version()};
    ProgramOptions noted = options;
    noted.load.noted = &answer.files;
    const auto analyzed = Program::analyze(program, noted);
    if (!analyzed) return std::unexpected(analyzed.error());
    answer.calls = (*analyzed)->calls();
    if (!folder_.empty() && answer.files.settled(margin_)) keep(answer, file_of(folder_, answer.question));
    return std::move(answer.calls);
}

void KnownCalls::keep(const KnownAnswer& answer, const std::string& path) const {
    namespace fs = std::filesystem;
    write_stored(path, kKind, answer.written());
    std::error_code ignored;
    std::vector<std::pair<fs::file_time_type, fs::path>> kept;
    for (fs::directory_iterator each(folder_, ignored), end; !ignored && each != end;
         each.increment(ignored)) {
        std::error_code gone;
        const auto time = each->last_write_time(gone);
        if (!gone && each->path().filename().string().starts_with(kPrefix))
            kept.emplace_back(time, each->path());
    }
    if (kept.size() <= kMaxAnswers) return;
    std::ranges::sort(kept);
    for (std::size_t i = 0; i < kept.size() - kMaxAnswers; ++i) fs::remove(kept[i].second, ignored);
}

base::Result<ReachableCalls> reachable_calls(const std::string& program, const ProgramOptions& options) {
    const KnownCalls known(options.cache_folder);
    if (auto calls = known.find(program, options)) return std::move(*calls);
    return known.analyze(program, options);
}

}  // namespace catena::callgraph
