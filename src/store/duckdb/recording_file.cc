// DuckDB locks a whole database file with POSIX record locks: shared for readers, exclusive for the writer.
// The same locks, asked for through open file descriptions (so that they conflict with DuckDB's within this
// process too), say who holds it.
#include "store/duckdb/recording_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <optional>
#include <string_view>

namespace catena::store::duckdb {

using base::ErrorCode;
using base::fail;
using base::fail_errno;
using base::Fd;
using base::Result;
using base::Status;

namespace {

// DuckDB's file: a main header and two database headers of 4096 bytes each, the one with the higher iteration
// holds; then blocks. Every header begins with a checksum of 8 bytes.
constexpr std::size_t kHeaderBytes = 4096;
constexpr std::size_t kHeadersBytes = 3 * kHeaderBytes;
constexpr std::size_t kMagicOffset = 8;
constexpr std::string_view kMagic = "DUCK";
constexpr std::size_t kIterationOffset = 8;
constexpr std::size_t kBlockCountOffset = 32;
constexpr std::size_t kBlockBytesOffset = 40;

using Headers = std::array<char, kHeadersBytes>;

std::uint64_t number_at(const Headers& headers, std::size_t offset) {
    std::uint64_t value = 0;
    std::memcpy(&value, headers.data() + offset, sizeof(value));
    return value;
}

// How long the file must be at least; nothing where the headers' numbers are beyond all reason.
std::optional<std::uint64_t> expected_bytes(const Headers& headers) {
    const std::size_t first = kHeaderBytes;
    const std::size_t second = 2 * kHeaderBytes;
    const bool second_holds =
        number_at(headers, second + kIterationOffset) > number_at(headers, first + kIterationOffset);
    const std::size_t header = second_holds ? second : first;
    std::uint64_t blocks_bytes = 0;
    if (__builtin_mul_overflow(number_at(headers, header + kBlockCountOffset),
                               number_at(headers, header + kBlockBytesOffset), &blocks_bytes)) {
        return std::nullopt;
    }
    return kHeadersBytes + blocks_bytes;
}

// As much as there is of the headers; errno where reading fails.
Result<std::size_t> read_headers(int fd, const std::string& path, Headers& headers) {
    std::size_t have = 0;
    while (have < headers.size()) {
        const ssize_t n = ::pread(fd, headers.data() + have, headers.size() - have, static_cast<off_t>(have));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_errno("cannot read " + path);
        if (n == 0) break;
        have += static_cast<std::size_t>(n);
    }
    return have;
}

struct flock whole_file(short type) {
    struct flock lock = {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    return lock;
}

std::string describe_process(pid_t pid) {
    std::string name;
    std::ifstream comm("/proc/" + std::to_string(pid) + "/comm");
    std::getline(comm, name);
    const std::string process = "process " + std::to_string(pid);
    return name.empty() ? process : process + ", " + name;
}

}  // namespace

std::vector<std::string> log_paths(const std::string& path) {
    return {path + ".wal", path + ".wal.checkpoint", path + ".wal.recovery"};
}

Result<Fd> open_regular(const std::string& path, Access access) {
    const int mode = access == Access::Write ? O_RDWR : O_RDONLY;
    // Without O_NONBLOCK a named pipe would hold us up for ever.
    Fd fd(::open(path.c_str(), mode | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd && errno == ENOENT) {
        return fail(ErrorCode::BadInput, path + ": there is no such recording (catena record -o makes one)");
    }
    if (!fd && errno == EISDIR) return fail(ErrorCode::BadInput, path + " is a directory, not a recording");
    if (!fd) {
        auto error = fail_errno("cannot open " + path);
        if (error.error().code == ErrorCode::System) error.error().code = ErrorCode::BadInput;
        return error;
    }
    struct stat status = {};
    if (::fstat(fd.get(), &status) != 0) return fail_errno("cannot stat " + path);
    if (S_ISDIR(status.st_mode)) return fail(ErrorCode::BadInput, path + " is a directory, not a recording");
    if (!S_ISREG(status.st_mode))
        return fail(ErrorCode::BadInput, path + " is not a regular file, so not a recording");
    return fd;
}

Result<FileContent> inspect(int fd, const std::string& path) {
    Headers headers = {};
    const auto have = read_headers(fd, path, headers);
    if (!have) return std::unexpected(have.error());
    if (*have == 0) return FileContent::Empty;
    const std::string_view magic(headers.data() + kMagicOffset, kMagic.size());
    if (*have < kMagicOffset + kMagic.size() || magic != kMagic) return FileContent::Other;
    if (*have < headers.size()) return FileContent::Short;
    struct stat status = {};
    if (::fstat(fd, &status) != 0) return fail_errno("cannot stat " + path);
    const auto expected = expected_bytes(headers);
    const bool whole = expected && static_cast<std::uint64_t>(status.st_size) >= *expected;
    return whole ? FileContent::Database : FileContent::Cut;
}

Status check_unlocked(int fd, const std::string& path, Access access) {
    struct flock lock = whole_file(access == Access::Write ? F_WRLCK : F_RDLCK);
    // Not every file system has locks; DuckDB decides in the end.
    if (::fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return {};
    const std::string holder = lock.l_pid > 0 ? describe_process(lock.l_pid) : "another process";
    return std::unexpected(held_error(path, holder, lock.l_type == F_WRLCK ? Access::Write : Access::Read));
}

Status lock_for_writing(int fd, const std::string& path) {
    struct flock lock = whole_file(F_WRLCK);
    if (::fcntl(fd, F_OFD_SETLK, &lock) == 0) return {};
    if (errno != EAGAIN && errno != EACCES) return fail_errno("cannot lock " + path);
    if (auto free = check_unlocked(fd, path, Access::Write); !free) return free;
    return std::unexpected(held_error(path, "another process", Access::Write));
}

base::Error held_error(const std::string& path, const std::string& holder, Access held_for) {
    const char* what =
        held_for == Access::Write ? " is being written by another recorder (" : " is being read (";
    return {ErrorCode::BadInput, 0, path + what + holder + "): wait for it to end, or stop it"};
}

}  // namespace catena::store::duckdb
