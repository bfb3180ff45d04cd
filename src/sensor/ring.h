// Ring: the reading end of a BPF ring buffer (Linux, kernel/bpf/ringbuf.c). libbpf maps the data twice, one
// copy behind the other, and each counts in a process's memory; here it is mapped once, and a record that
// goes over the end is put together. One reader; fill() from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/result.h"

namespace catena::sensor {

class Ring {
  public:
    // Gets a record; false to stop behind it.
    using Visitor = std::function<bool(std::span<const std::byte>)>;

    // `map` is the ring's map, `bytes` its max_entries, a power of two. Fails with the kernel's reason.
    base::Status map(int map, std::size_t bytes);
    Ring() = default;
    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;
    ~Ring();

    // Takes out what waits until `visit` is false; whether it was.
    bool consume(const Visitor& visit);
    // How much waits, from 0 to 1.
    [[nodiscard]] double fill() const;

  private:
    [[nodiscard]] std::span<const std::byte> record_at(std::uint64_t position, std::size_t length);

    std::size_t bytes_ = 0;
    std::size_t page_ = 0;
    void* consumer_page_ = nullptr;
    void* producer_pages_ = nullptr;  // its own page, then the data
    std::uint64_t* consumed_ = nullptr;
    const std::uint64_t* produced_ = nullptr;
    const std::byte* data_ = nullptr;
    std::vector<std::byte> joined_;  // a record that went over the end
};

}  // namespace catena::sensor
