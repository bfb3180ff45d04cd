// Mapping: the only owner of memory that the kernel mapped. Move-only; unmaps on destruction. Not thread-safe
// while it is being filled; once read-only, any number of threads may read.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <span>
#include <utility>

#include "base/result.h"

namespace catena::base {

class Mapping {
  public:
    Mapping() = default;
    Mapping(Mapping&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    Mapping& operator=(Mapping&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping() {
        if (data_ != nullptr) ::munmap(data_, bytes_);
    }

    // Zeroed memory of this process alone, to be written. No bytes make an empty mapping.
    [[nodiscard]] static Result<Mapping> anonymous(std::size_t bytes) {
        Mapping mapping;
        if (bytes == 0) return mapping;
        void* data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (data == MAP_FAILED) return fail_errno("no memory for a copy of the file");
        ::madvise(data, bytes,
                  MADV_HUGEPAGE);  // fewer faults for large files; where it is refused, nothing is lost
        mapping.data_ = data;
        mapping.bytes_ = bytes;
        return mapping;
    }

    [[nodiscard]] Status make_read_only() {
        if (data_ != nullptr && ::mprotect(data_, bytes_, PROT_READ) != 0)
            return fail_errno("the copy of the file cannot be made read-only");
        return {};
    }

    [[nodiscard]] std::span<std::byte> writable() const { return {static_cast<std::byte*>(data_), bytes_}; }
    [[nodiscard]] std::span<const std::byte> bytes() const {
        return {static_cast<const std::byte*>(data_), bytes_};
    }

  private:
    void* data_ = nullptr;
    std::size_t bytes_ = 0;
};

}  // namespace catena::base
