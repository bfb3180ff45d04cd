// Backlog: records that were taken out of the ring to make room there, until there is time to decode them. In
// order, in a file without a name, of which only two blocks are in memory. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "sensor/ring.h"

namespace catena::sensor {

class Backlog {
  public:
    // Keeps up to `most_bytes` in `folder`; no file is made before it is needed.
    Backlog(std::string folder, std::uint64_t most_bytes)
        : folder_(std::move(folder)), most_bytes_(most_bytes) {}

    // Whether it takes another record: it is not full, and the disk has not refused what came before.
    [[nodiscard]] bool has_room() const { return !refused_ && bytes() < most_bytes_; }

    // Keeps a copy. Only where has_room().
    void put(std::span<const std::byte> record);

    // Takes out records, the oldest first, until `visit` is false; whether it was. What cannot be read back
    // from the disk is left out, and status() says so from then on.
    bool consume(const Ring::Visitor& visit);

    [[nodiscard]] bool empty() const { return bytes() == 0; }
    [[nodiscard]] std::uint64_t bytes() const { return in_file_ + (head_.size() - taken_) + tail_.size(); }
    [[nodiscard]] const base::Status& status() const { return status_; }

  private:
    bool write_tail();
    bool next_block();

    std::string folder_;
    std::uint64_t most_bytes_;
    base::Fd file_;
    bool refused_ = false;
    std::deque<std::size_t> blocks_;  // sizes of those in the file that have not been read
    std::uint64_t read_at_ = 0;
    std::uint64_t in_file_ = 0;    // bytes that have not been read
    std::vector<std::byte> head_;  // the block that is being taken out …
    std::size_t taken_ = 0;        // … up to here
    std::vector<std::byte> tail_;  // the newest, which the file does not have
    base::Status status_;
};

}  // namespace catena::sensor
