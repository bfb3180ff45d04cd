// Format: a header, then each list of ObjectCode as its length and its elements as they are in memory. The
// header has the version, to be raised with every change of what the analysis finds or of these structures,
// and a hash of all that follows.
#include "callgraph/code_cache.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace catena::callgraph {
namespace {

constexpr std::uint32_t kVersion = 129;
constexpr std::uint64_t kMaxCacheBytes = std::uint64_t{1} << 30U;

struct Header {
    std::array<char, 8> magic{'C', 'A', 'T', 'E', 'N', 'A', 'C', 'G'};
    std::uint32_t version = kVersion;
    std::uint32_t element_bytes =
        sizeof(Edge) + sizeof(Pointer) + sizeof(Use) + sizeof(Variable) + sizeof(Wrapper);
    std::uint64_t payload_bytes = 0;
    std::uint64_t payload_hash = 0;
};

// Not against those who would make two files of one hash: whoever may write to the cache may write anything.
std::uint64_t hash_of(std::span<const std::byte> bytes) {
    constexpr std::uint64_t kPrime = 0x9e3779b97f4a7c15;
    std::array<std::uint64_t, 4> lanes{1, 2, 3, 4};
    const auto mix = [](std::uint64_t lane, std::uint64_t word) {
        lane = (lane ^ word) * kPrime;
        return lane ^ (lane >> 29U);
    };
    std::size_t at = 0;
    for (; at + 32 <= bytes.size(); at += 32) {
        for (std::size_t i = 0; i < 4; ++i) {
            std::uint64_t word = 0;
            std::memcpy(&word, bytes.data() + at + i * 8, 8);
            lanes[i] = mix(lanes[i], word);
        }
    }
    std::uint64_t hash = bytes.size();
    for (; at < bytes.size(); ++at) hash = mix(hash, std::to_integer<std::uint64_t>(bytes[at]));
    for (const std::uint64_t lane : lanes) hash = mix(hash, lane);
    return hash;
}

class Writer {
  public:
    void number(std::uint64_t value) { append(&value, sizeof value); }
    void text(const std::string& value) {
        number(value.size());
        append(value.data(), value.size());
    }
    template <class T>
        requires std::is_trivially_copyable_v<T>
    void list(const std::vector<T>& values) {
        number(values.size());
        append(values.data(), values.size() * sizeof(T));
    }
    std::vector<std::byte> bytes;

  private:
    void append(const void* data, std::size_t size) {
        const auto* from = static_cast<const std::byte*>(data);
        bytes.insert(bytes.end(), from, from + size);
    }
};

// Reads what Writer wrote; once it has failed, it gives nothing but zeros.
class Reader {
  public:
    explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}
    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] bool at_end() const { return !failed_ && bytes_.empty(); }

    std::uint64_t number() {
        std::uint64_t value = 0;
        take(&value, sizeof value);
        return value;
    }
    // A length of a list whose elements take at least so many bytes.
    std::size_t length(std::size_t element_bytes) {
        const std::uint64_t value = number();
        failed_ = failed_ || value > bytes_.size() / element_bytes;
        return failed_ ? 0 : value;
    }
    std::string text() {
        std::string value(length(1), '\0');
        take(value.data(), value.size());
        return value;
    }
    template <class T>
        requires std::is_trivially_copyable_v<T>
    std::vector<T> list() {
        std::vector<T> values(length(sizeof(T)));
        take(values.data(), values.size() * sizeof(T));
        return values;
    }

  private:
    void take(void* to, std::size_t size) {
        failed_ = failed_ || size > bytes_.size();
        if (failed_ || size == 0) return;
        std::memcpy(to, bytes_.data(), size);
        bytes_ = bytes_.subspan(size);
    }

    std::span<const std::byte> bytes_;
    bool failed_ = false;
};

void write(Writer& to, const CodeFunction& function) {
    to.number(function.address);
    to.number(function.end);
    to.text(function.name);
    to.number((function.part ? 1U : 0U) | (function.exported ? 2U : 0U) | (function.indirect_call ? 4U : 0U) |
              (function.indirect_jump ? 8U : 0U) | (function.returns ? 16U : 0U));
}

CodeFunction read_function(Reader& from) {
    CodeFunction function{.address = from.number(), .end = from.number(), .name = from.text()};
    const std::uint64_t flags = from.number();
    function.part = (flags & 1U) != 0;
    function.exported = (flags & 2U) != 0;
    function.indirect_call = (flags & 4U) != 0;
    function.indirect_jump = (flags & 8U) != 0;
    function.returns = (flags & 16U) != 0;
    return function;
}

void write(Writer& to, const CallFact& fact) {
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

CallFact read_call(Reader& from) {
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

void write(Writer& to, const ArgumentFact& fact) {
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

ArgumentFact read_argument(Reader& from) {
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

void write(Writer& to, const PassedValues& passed) {
    to.number(passed.from);
    to.number(passed.pointer);
    to.number(passed.parameter);
    to.number(passed.number);
    to.number(passed.owner);
    to.number(static_cast<std::uint64_t>(passed.when));
    to.number(passed.known ? 1 : 0);
    to.list(passed.values);
    to.text(passed.reason);
    to.number(passed.elsewhere);
}

PassedValues read_passed(Reader& from) {
    PassedValues passed{.from = static_cast<std::uint32_t>(from.number()),
                        .pointer = static_cast<std::uint32_t>(from.number()),
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

void write(Writer& to, const NamedText& named) {
    to.number(named.owner);
    to.number(static_cast<std::uint64_t>(named.when));
    to.number(static_cast<std::uint64_t>(named.kind));
    to.number(named.known ? 1 : 0);
    to.number(named.texts.size());
    for (const std::string& each : named.texts) to.text(each);
}

NamedText read_text(Reader& from) {
    NamedText named{.owner = static_cast<std::uint32_t>(from.number()),
                    .when = static_cast<When>(from.number()),
                    .kind = static_cast<TextKind>(from.number()),
                    .known = from.number() != 0};
    named.texts.resize(from.length(8));
    for (std::string& each : named.texts) each = from.text();
    return named;
}

template <class T>
void write_all(Writer& to, const std::vector<T>& values) {
    to.number(values.size());
    for (const T& each : values) write(to, each);
}

template <class T, class Read>
void read_all(Reader& from, std::vector<T>& values, Read read) {
    values.reserve(from.length(8));
    for (std::size_t left = values.capacity(); left > 0 && !from.failed(); --left)
        values.push_back(read(from));
}

std::vector<std::byte> written(const ObjectCode& code) {
    Writer to;
    write_all(to, code.functions);
    to.list(code.edges);
    to.list(code.pointers);
    to.list(code.uses);
    write_all(to, code.calls);
    write_all(to, code.arguments);
    to.list(code.wrappers);
    write_all(to, code.passed);
    write_all(to, code.texts);
    to.list(code.pieces);
    to.list(code.variables);
    to.number(code.entry);
    to.number(code.go ? 1 : 0);
    to.number(code.doubts.size());
    for (const std::string& each : code.doubts) to.text(each);
    return std::move(to.bytes);
}

// Every index has to lead into its list.
bool is_consistent(const ObjectCode& code) {
    const auto function = [&](std::uint32_t index) { return index < code.functions.size(); };
    const auto pointers = [&](std::uint32_t first, std::uint32_t last) {
        return first <= last && last <= code.pointers.size();
    };
    const auto pointer = [&](std::uint32_t index) { return index == kNone || index < code.pointers.size(); };
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
           std::ranges::all_of(code.texts, [&](const NamedText& each) { return function(each.owner); });
}

std::optional<ObjectCode> read_code(std::span<const std::byte> bytes) {
    Reader from(bytes);
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
    code.pieces = from.list<std::uint64_t>();
    code.variables = from.list<Variable>();
    code.entry = static_cast<std::uint32_t>(from.number());
    code.go = from.number() != 0;
    code.doubts.resize(from.length(8));
    for (std::string& each : code.doubts) each = from.text();
    if (!from.at_end() || !is_consistent(code)) return std::nullopt;
    return code;
}

}  // namespace

std::string CodeCache::default_folder() {
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
    std::ifstream file(path_of(image), std::ios::binary | std::ios::ate);
    const auto size = static_cast<std::int64_t>(file ? std::int64_t{file.tellg()} : -1);
    if (size < static_cast<std::int64_t>(sizeof(Header)) || static_cast<std::uint64_t>(size) > kMaxCacheBytes)
        return std::nullopt;
    file.seekg(0);
    std::vector<std::byte> bytes(static_cast<std::size_t>(size));
    file.read(reinterpret_cast<char*>(bytes.data()), size);
    if (!file) return std::nullopt;
    const auto header = *elf::read_at<Header>(bytes, 0);
    const auto payload = std::span<const std::byte>(bytes).subspan(sizeof(Header));
    const Header own;
    if (header.magic != own.magic || header.version != own.version ||
        header.element_bytes != own.element_bytes || header.payload_bytes != payload.size() ||
        header.payload_hash != hash_of(payload))
        return std::nullopt;
    return read_code(payload);
}

void CodeCache::keep(const elf::Image& image, const ObjectCode& code) const {
    if (folder_.empty()) return;
    std::error_code ignored;
    std::filesystem::create_directories(folder_, ignored);
    const std::vector<std::byte> payload = written(code);
    Header header;
    header.payload_bytes = payload.size();
    header.payload_hash = hash_of(payload);
    const std::string path = path_of(image);
    std::string draft = path + ".XXXXXX";
    const int fd = ::mkstemp(draft.data());
    if (fd < 0) return;
    ::close(fd);
    std::ofstream file(draft, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(&header), sizeof header);
    file.write(reinterpret_cast<const char*>(payload.data()), static_cast<std::streamsize>(payload.size()));
    file.close();
    if (!file || ::rename(draft.c_str(), path.c_str()) != 0) ::unlink(draft.c_str());
}

}  // namespace catena::callgraph
