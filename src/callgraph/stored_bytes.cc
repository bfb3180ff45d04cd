#include "callgraph/stored_bytes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/fd.h"

namespace catena::callgraph {
namespace {

constexpr std::uint64_t kMaxStoredBytes = std::uint64_t{1} << 30U;

struct Header {
    StoredKind kind;
    std::uint64_t content_bytes = 0;
    std::uint64_t content_hash = 0;
};

// Whether all of it was read or written.
template <class Bytes, class Call>
bool whole(Bytes bytes, Call call) {
    while (!bytes.empty()) {
        const ssize_t done = call(bytes.data(), bytes.size());
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return false;
        bytes = bytes.subspan(static_cast<std::size_t>(done));
    }
    return true;
}

}  // namespace

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

std::uint64_t ByteReader::number_up_to(std::uint64_t most) {
    const std::uint64_t value = number();
    failed_ = failed_ || value > most;
    return failed_ ? 0 : value;
}

std::size_t ByteReader::length(std::size_t element_bytes) {
    return number_up_to(bytes_.size() < 8 ? 0 : (bytes_.size() - 8) / element_bytes);
}

std::vector<std::string> ByteReader::texts() {
    std::vector<std::string> values(length(8));
    for (std::string& each : values) each = text();
    return values;
}

void ByteReader::take(void* to, std::size_t size) {
    failed_ = failed_ || size > bytes_.size();
    if (failed_ || size == 0) return;
    std::memcpy(to, bytes_.data(), size);
    bytes_ = bytes_.subspan(size);
}

std::optional<std::vector<std::byte>> read_stored(const std::string& path, StoredKind kind) {
    const base::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct ::stat about = {};
    if (!fd || ::fstat(fd.get(), &about) != 0 || !S_ISREG(about.st_mode) || about.st_uid != ::geteuid() ||
        about.st_size < static_cast<off_t>(sizeof(Header)))
        return std::nullopt;
    const auto content_bytes = static_cast<std::uint64_t>(about.st_size) - sizeof(Header);
    const auto from_file = [&](std::byte* to, std::size_t size) { return ::read(fd.get(), to, size); };
    Header header;
    if (!whole(std::as_writable_bytes(std::span(&header, 1)), from_file)) return std::nullopt;
    if (header.kind.name != kind.name || header.kind.version != kind.version ||
        header.kind.layout != kind.layout || header.content_bytes != content_bytes ||
        content_bytes > kMaxStoredBytes)
        return std::nullopt;
    std::vector<std::byte> content(content_bytes);
    if (!whole(std::span(content), from_file) || header.content_hash != hash_of(content)) return std::nullopt;
    return content;
}

void write_stored(const std::string& path, StoredKind kind, std::span<const std::byte> content) {
    std::error_code ignored;
    std::filesystem::create_directories(path.substr(0, path.rfind('/')), ignored);
    const Header header{.kind = kind, .content_bytes = content.size(), .content_hash = hash_of(content)};
    std::string draft = path + ".XXXXXX";
    bool written = false;
    {
        const base::Fd fd(::mkostemp(draft.data(), O_CLOEXEC));
        if (!fd) return;
        const auto to_file = [&](const std::byte* from, std::size_t size) {
            return ::write(fd.get(), from, size);
        };
        written = whole(std::as_bytes(std::span(&header, 1)), to_file) && whole(content, to_file);
    }
    if (!written || ::rename(draft.c_str(), path.c_str()) != 0) ::unlink(draft.c_str());
}

}  // namespace catena::callgraph
