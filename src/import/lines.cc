#include "import/lines.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "event/escape.h"

namespace catena::import {
namespace {

using base::ErrorCode;
using base::Result;

constexpr std::size_t kBlock = std::size_t{256} << 10;
constexpr int kAskEveryMs = 100;

std::string shown(const std::string& path) {
    return path == "-" ? "standard input" : event::escape_for_terminal(path);
}

// Filters and the "format" of a file that is nothing but data. Nothing else, so that no other decoder ever
// sees the input.
bool set_up(archive* opened) {
    return archive_read_support_filter_gzip(opened) == ARCHIVE_OK &&
           archive_read_support_filter_xz(opened) == ARCHIVE_OK &&
           archive_read_support_filter_zstd(opened) == ARCHIVE_OK &&
           archive_read_support_filter_bzip2(opened) == ARCHIVE_OK &&
           archive_read_support_format_raw(opened) == ARCHIVE_OK &&
           archive_read_support_format_empty(opened) == ARCHIVE_OK;
}

}  // namespace

void LineReader::Close::operator()(archive* opened) const { archive_read_free(opened); }

base::Error LineReader::broken() const {
    const char* why = archive_error_string(archive_.get());
    return {ErrorCode::BadInput, 0,
            fmt::format("{} cannot be read to its end after line {} ({})", shown(path_), number_,
                        why != nullptr ? why : "no reason given")};
}

// archive_read_open's read callback.
ssize_t LineReader::read_block(archive* opened, void* data, const void** block) {
    Source& source = *static_cast<Source*>(data);
    *block = source.block.data();
    while (source.go_on()) {
        pollfd ready{.fd = source.fd, .events = POLLIN, .revents = 0};
        if (::poll(&ready, 1, kAskEveryMs) <= 0) continue;
        const ssize_t got = ::read(source.fd, source.block.data(), source.block.size());
        if (got >= 0) return got;
        if (errno == EINTR || errno == EAGAIN) continue;
        archive_set_error(opened, errno, "%s", std::strerror(errno));
        return -1;
    }
    source.stopped = true;
    return 0;
}

Result<LineReader> LineReader::open(const std::string& path, std::function<bool()> go_on) {
    LineReader reader;
    reader.path_ = path;
    int fd = STDIN_FILENO;
    if (path != "-") {
        fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        const int error = fd < 0 ? errno : 0;
        reader.fd_ = base::Fd(fd);
        if (error == ENOENT) return base::fail(ErrorCode::BadInput, "there is no file " + shown(path));
        if (error != 0) return base::fail_errno("cannot open " + shown(path), error);
    }
    struct stat found{};
    if (::fstat(fd, &found) == 0) {
        if (S_ISDIR(found.st_mode)) return base::fail(ErrorCode::BadInput, shown(path) + " is a folder");
        if (S_ISREG(found.st_mode)) reader.size_ = static_cast<std::uint64_t>(found.st_size);
    }
    reader.archive_.reset(archive_read_new());
    reader.source_ = std::make_unique<Source>(fd, std::move(go_on), std::vector<char>(kBlock));
    archive_entry* entry = nullptr;
    if (!reader.archive_ || !set_up(reader.archive_.get()) ||
        archive_read_open(reader.archive_.get(), reader.source_.get(), nullptr, read_block, nullptr) !=
            ARCHIVE_OK) {
        return std::unexpected(reader.broken());
    }
    const int status = archive_read_next_header(reader.archive_.get(), &entry);
    if (status == ARCHIVE_EOF) {
        reader.at_end_ = true;
    } else if (status != ARCHIVE_OK) {
        return std::unexpected(reader.broken());
    }
    reader.buffer_.resize(2 * kBlock + kPadding);
    return reader;
}

// Reads more behind what is there. False at the end of the input.
Result<bool> LineReader::fill() {
    if (failure_) return std::unexpected(*failure_);
    if (at_end_) return false;
    if (begin_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        scanned_ -= begin_;
        begin_ = 0;
    }
    const void* block = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    // Not archive_read_data: that waits until all of its buffer is filled.
    const int status = archive_read_data_block(archive_.get(), &block, &size, &offset);
    if (source_->stopped) {
        at_end_ = true;
        end_ = begin_ = scanned_ = 0;
        return false;
    }
    if (status != ARCHIVE_OK && status != ARCHIVE_EOF) {
        failure_ = broken();
        return std::unexpected(*failure_);
    }
    at_end_ = status == ARCHIVE_EOF;
    if (at_end_) return false;
    while (buffer_.size() - end_ < size + kPadding) buffer_.resize(2 * buffer_.size());
    std::copy_n(static_cast<const char*>(block), size, buffer_.data() + end_);
    end_ += size;
    return true;
}

Result<std::string_view> LineReader::head() {
    while (end_ < kBlock && std::memchr(buffer_.data(), '\n', end_) == nullptr) {
        const auto more = fill();
        if (!more && end_ == 0) return std::unexpected(more.error());
        if (!more || !*more) break;
    }
    return std::string_view(buffer_.data(), end_);
}

Result<std::optional<Line>> LineReader::next() {
    while (true) {
        const void* found = std::memchr(buffer_.data() + scanned_, '\n', end_ - scanned_);
        if (found != nullptr) {
            const auto stop = static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data());
            const Line line = make_line(stop);
            begin_ = scanned_ = stop + 1;
            return line;
        }
        scanned_ = end_;
        if (end_ - begin_ > kMaxLine) return skip_long_line();
        const auto more = fill();
        if (!more) return std::unexpected(more.error());
        if (*more) continue;
        if (begin_ == end_) return std::nullopt;
        const Line line = make_line(end_);
        begin_ = scanned_ = end_;
        return line;
    }
}

Line LineReader::make_line(std::size_t stop) {
    ++number_;
    if (stop - begin_ > kMaxLine) return {.number = number_, .too_long = true};
    return {.number = number_, .text = std::string_view(buffer_.data() + begin_, stop - begin_)};
}

// Passes over the rest of a line of which more than kMaxLine has been read.
Result<std::optional<Line>> LineReader::skip_long_line() {
    const Line line{.number = ++number_, .too_long = true};
    while (true) {
        const void* found = std::memchr(buffer_.data() + scanned_, '\n', end_ - scanned_);
        if (found != nullptr) {
            begin_ = scanned_ =
                static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data()) + 1;
            return line;
        }
        begin_ = scanned_ = end_;
        const auto more = fill();
        if (!more) return std::unexpected(more.error());
        if (!*more) return line;
    }
}

std::uint64_t LineReader::position() const {
    return static_cast<std::uint64_t>(std::max<la_int64_t>(archive_filter_bytes(archive_.get(), -1), 0));
}

std::string LineReader::compression() const {
    const char* name = archive_filter_name(archive_.get(), 0);
    return name != nullptr ? name : "none";
}

}  // namespace catena::import
