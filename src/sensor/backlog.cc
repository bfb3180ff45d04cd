#include "sensor/backlog.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace catena::sensor {
namespace {

using Length = std::uint32_t;  // in front of each record

constexpr std::size_t kBlock = std::size_t{1} << 20U;

// As with O_TMPFILE, which not every filesystem has.
base::Fd make_file(const std::string& folder) {
    base::Fd file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (file) return file;
    std::string path = folder + "/.catena-backlog-XXXXXX";
    file.reset(::mkostemp(path.data(), O_CLOEXEC));
    if (file) ::unlink(path.c_str());
    return file;
}

// All of it, or false.
template <class Call, class Byte>
bool whole(Call call, int file, Byte* data, std::size_t size, std::uint64_t at) {
    for (std::size_t done = 0; done < size;) {
        const ssize_t now = call(file, data + done, size - done, static_cast<off_t>(at + done));
        if (now < 0 && errno == EINTR) continue;
        if (now <= 0) return false;
        done += static_cast<std::size_t>(now);
    }
    return true;
}

}  // namespace

void Backlog::put(std::span<const std::byte> record) {
    const auto length = static_cast<Length>(record.size());
    const auto bytes = std::as_bytes(std::span(&length, 1));
    tail_.insert(tail_.end(), bytes.begin(), bytes.end());
    tail_.insert(tail_.end(), record.begin(), record.end());
    if (tail_.size() >= kBlock) refused_ = !write_tail();
}

bool Backlog::write_tail() {
    if (!file_) file_ = make_file(folder_);
    if (!file_ || !whole(::pwrite, file_.get(), tail_.data(), tail_.size(), read_at_ + in_file_))
        return false;
    blocks_.push_back(tail_.size());
    in_file_ += tail_.size();
    tail_.clear();
    return true;
}

// Makes the oldest block the head; false where there is none.
bool Backlog::next_block() {
    taken_ = 0;
    head_.clear();
    while (!blocks_.empty()) {
        const std::size_t size = blocks_.front();
        head_.resize(size);
        const bool got = whole(::pread, file_.get(), head_.data(), size, read_at_);
        if (!got) status_ = base::fail_errno("reading back what was put aside in " + folder_);
        // Where a filesystem cannot give back a part of a file, all of it is when it has been read.
        (void)::fallocate(file_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                          static_cast<off_t>(read_at_), static_cast<off_t>(size));
        blocks_.pop_front();
        read_at_ += size;
        in_file_ -= size;
        if (got) return true;
    }
    if (read_at_ != 0) (void)::ftruncate(file_.get(), 0);
    read_at_ = 0;
    head_.clear();
    std::swap(head_, tail_);
    refused_ = false;
    return !head_.empty();
}

bool Backlog::consume(const Ring::Visitor& visit) {
    while (taken_ < head_.size() || next_block()) {
        while (taken_ < head_.size()) {
            Length length = 0;
            std::memcpy(&length, head_.data() + taken_, sizeof(length));
            const auto record = std::span<const std::byte>(head_).subspan(taken_ + sizeof(length), length);
            const bool stop = !visit(record);
            taken_ += sizeof(length) + length;
            if (stop) return true;
        }
    }
    head_ = {};  // with its memory
    taken_ = 0;
    return false;
}

}  // namespace catena::sensor
