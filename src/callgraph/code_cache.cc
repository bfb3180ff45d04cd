// Format: each list of ObjectCode as its length and its elements as they are in memory. The version is to be
// raised with every change of what the analysis finds in a file, or of these structures.
#include "callgraph/code_cache.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <span>
#include <vector>

#include "callgraph/stored_bytes.h"

namespace catena::callgraph {
namespace {

constexpr std::uint32_t kVersion = 130;
constexpr StoredKind kKind{.name = {'C', 'A', 'T', 'E', 'N', 'A', 'C', 'G'},
                           .version = kVersion,
                           .layout = sizeof(Edge) + sizeof(Pointer) + sizeof(Use) + sizeof(Variable) +
                                     sizeof(Wrapper) + sizeof(Arm)};

void write(ByteWriter& to, const CodeFunction& function) {
    to.number(function.address);
    to.number(function.end);
    to.text(function.name);
    to.number((function.part ? 1U : 0U) | (function.exported ? 2U : 0U) | (function.indirect_call ? 4U : 0U) |
              (function.indirect_jump ? 8U : 0U) | (function.returns ? 16U : 0U));
}

CodeFunction read_function(ByteReader& from) {
    CodeFunction function{.address = from.number(), .end = from.number(), .name = from.text()};
    const std::uint64_t flags = from.number();
    function.part = (flags & 1U) != 0;
    function.exported = (flags & 2U) != 0;
    function.indirect_call = (flags & 4U) != 0;
    function.indirect_jump = (flags & 8U) != 0;
    function.returns = (flags & 16U) != 0;
    return function;
}

void write(ByteWriter& to, const CallFact& fact) {
    to.number(fact.owner);
    to.number(fact.function);
    to.number(fact.address);
    to.number(static_cast<std::uint64_t>(fact.door));
    to.number(static_cast<std::uint64_t>(fact.when));
    to.number(fact.resolved ? 1 : 0);
    to.list(fact.numbers);
    to.text(fact.reason);
    to.number(fact.elsewhere);
}

CallFact read_call(ByteReader& from) {
    CallFact fact{.owner = static_cast<std::uint32_t>(from.number()),
                  .function = static_cast<std::uint32_t>(from.number()),
                  .address = from.number(),
                  .door = static_cast<Door>(from.number()),
                  .when = static_cast<When>(from.number())};
    fact.resolved = from.number() != 0;
    fact.numbers = from.list<std::uint32_t>();
    fact.reason = from.text();
    fact.elsewhere = static_cast<std::uint32_t>(from.number());
    return fact;
}

void write(ByteWriter& to, const ArgumentFact& fact) {
    to.number(fact.owner);
    to.number(fact.function);
    to.number(static_cast<std::uint64_t>(fact.when));
    to.number(fact.number);
    to.number(fact.argument);
    to.number(fact.known ? 1 : 0);
    to.list(fact.values);
    to.text(fact.reason);
    to.number(fact.elsewhere);
}

ArgumentFact read_argument(ByteReader& from) {
    ArgumentFact fact{.owner = static_cast<std::uint32_t>(from.number()),
                      .function = static_cast<std::uint32_t>(from.number()),
                      .when = static_cast<When>(from.number()),
                      .number = static_cast<std::uint32_t>(from.number()),
                      .argument = static_cast<std::uint8_t>(from.number())};
    fact.known = from.number() != 0;
    fact.values = from.list<std::uint64_t>();
    fact.reason = from.text();
    fact.elsewhere = static_cast<std::uint32_t>(from.number());
    return fact;
}

void write(ByteWriter& to, const PassedValues& passed) {
    to.number(passed.from);
    to.number(passed.pointer);
    to.number(passed.own);
    to.number(passed.parameter);
    to.number(passed.number);
    to.number(passed.owner);
    to.number(static_cast<std::uint64_t>(passed.when));
    to.number(passed.known ? 1 : 0);
    to.list(passed.values);
    to.text(passed.reason);
    to.number(passed.elsewhere);
}

PassedValues read_passed(ByteReader& from) {
    PassedValues passed{.from = static_cast<std::uint32_t>(from.number()),
                        .pointer = static_cast<std::uint32_t>(from.number()),
                        .own = static_cast<std::uint32_t>(from.number()),
                        .parameter = static_cast<std::uint8_t>(from.number()),
                        .number = static_cast<std::uint32_t>(from.number()),
                        .owner = static_cast<std::uint32_t>(from.number()),
                        .when = static_cast<When>(from.number())};
    passed.known = from.number() != 0;
    passed.values = from.list<std::uint64_t>();
    passed.reason = from.text();
    passed.elsewhere = static_cast<std::uint32_t>(from.number());
    return passed;
}

void write(ByteWriter& to, const NamedText& named) {
    to.number(named.owner);
    to.number(static_cast<std::uint64_t>(named.when));
    to.number(static_cast<std::uint64_t>(named.kind));
    to.number(named.known ? 1 : 0);
    to.texts(named.texts);
}

NamedText read_text(ByteReader& from) {
    NamedText named{.owner = static_cast<std::uint32_t>(from.number()),
                    .when = static_cast<When>(from.number()),
                    .kind = static_cast<TextKind>(from.number()),
                    .known = from.number() != 0};
    named.texts = from.texts();
    return named;
}

template <class T>
void write_all(ByteWriter& to, const std::vector<T>& values) {
    to.number(values.size());
    for (const T& each : values) write(to, each);
}

template <class T, class Read>
void read_all(ByteReader& from, std::vector<T>& values, Read read) {
    values.reserve(from.length(8));
    for (std::size_t left = values.capacity(); left > 0 && !from.failed(); --left)
        values.push_back(read(from));
}

std::vector<std::byte> written(const ObjectCode& code) {
    ByteWriter to;
    write_all(to, code.functions);
    to.list(code.edges);
    to.list(code.pointers);
    to.list(code.uses);
    write_all(to, code.calls);
    write_all(to, code.arguments);
    to.list(code.wrappers);
    write_all(to, code.passed);
    write_all(to, code.texts);
    to.list(code.event_arms);
    to.list(code.argument_arms);
    to.list(code.pieces);
    to.list(code.variables);
    to.number(code.entry);
    to.number(code.go ? 1 : 0);
    to.texts(code.doubts);
    return to.take();
}

// Every index has to lead into its list.
bool is_consistent(const ObjectCode& code) {
    const auto function = [&](std::uint32_t index) { return index < code.functions.size(); };
    const auto pointers = [&](std::uint32_t first, std::uint32_t last) {
        return first <= last && last <= code.pointers.size();
    };
    const auto pointer = [&](std::uint32_t index) { return index == kNone || index < code.pointers.size(); };
    const auto arm = [&](const Arm& each) {
        return function(each.from) && (each.to == kNone || function(each.to)) && pointer(each.pointer);
    };
    return std::ranges::all_of(code.edges,
                               [&](const Edge& each) { return function(each.from) && function(each.to); }) &&
           std::ranges::all_of(code.pointers,
                               [&](const Pointer& each) {
                                   return (each.to == kNone || function(each.to)) &&
                                          pointers(each.first, each.last) &&
                                          (each.kind != PointerKind::Code || each.to != kNone);
                               }) &&
           std::ranges::all_of(
               code.uses,
               [&](const Use& each) { return function(each.from) && pointers(each.first, each.last); }) &&
           std::ranges::all_of(code.calls,
                               [&](const CallFact& each) {
                                   return function(each.owner) && function(each.function) &&
                                          pointer(each.elsewhere);
                               }) &&
           std::ranges::all_of(code.arguments,
                               [&](const ArgumentFact& each) {
                                   return function(each.owner) && function(each.function) &&
                                          pointer(each.elsewhere);
                               }) &&
           std::ranges::all_of(
               code.wrappers,
               [&](const Wrapper& each) { return function(each.function) && function(each.holder); }) &&
           std::ranges::all_of(
               code.passed,
               [&](const PassedValues& each) { return function(each.owner) && pointer(each.elsewhere); }) &&
           std::ranges::all_of(code.event_arms, arm) && std::ranges::all_of(code.argument_arms, arm) &&
           std::ranges::all_of(code.texts, [&](const NamedText& each) { return function(each.owner); });
}

std::optional<ObjectCode> read_code(std::span<const std::byte> bytes) {
    ByteReader from(bytes);
    ObjectCode code;
    read_all(from, code.functions, read_function);
    code.edges = from.list<Edge>();
    code.pointers = from.list<Pointer>();
    code.uses = from.list<Use>();
    read_all(from, code.calls, read_call);
    read_all(from, code.arguments, read_argument);
    code.wrappers = from.list<Wrapper>();
    read_all(from, code.passed, read_passed);
    read_all(from, code.texts, read_text);
    code.event_arms = from.list<Arm>();
    code.argument_arms = from.list<Arm>();
    code.pieces = from.list<std::uint64_t>();
    code.variables = from.list<Variable>();
    code.entry = static_cast<std::uint32_t>(from.number());
    code.go = from.number() != 0;
    code.doubts = from.texts();
    if (!from.at_end() || !is_consistent(code)) return std::nullopt;
    return code;
}

}  // namespace

std::string CodeCache::default_folder() {
    if (const char* folder = std::getenv("CATENA_ANALYSIS_CACHE")) return folder;
    if (::geteuid() == 0) return "/var/cache/catena";
    const char* cache = std::getenv("XDG_CACHE_HOME");
    if (cache != nullptr && *cache == '/') return std::string(cache) + "/catena";
    const char* home = std::getenv("HOME");
    return home != nullptr && *home == '/' ? std::string(home) + "/.cache/catena" : std::string();
}

std::string CodeCache::path_of(const elf::Image& image) const {
    return fmt::format("{}/code-{}-{:016x}", folder_, image.build_id_text().substr(0, 64),
                       hash_of(image.bytes()));
}

std::optional<ObjectCode> CodeCache::find(const elf::Image& image) const {
    if (folder_.empty()) return std::nullopt;
    const auto stored = read_stored(path_of(image), kKind);
    return stored ? read_code(*stored) : std::nullopt;
}

void CodeCache::keep(const elf::Image& image, const ObjectCode& code) const {
    if (!folder_.empty()) write_stored(path_of(image), kKind, written(code));
}

}  // namespace catena::callgraph
