// NarrowColumn: a column of 64-bit numbers of which nearly all are small. Small ones take sizeof(Narrow)
// bytes; the few others wait in a side table. It is what lets a graph of ten million edges fit into a few
// hundred megabytes. Not thread-safe while it grows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <unordered_map>
#include <vector>

namespace catena::graph {

template <class Narrow>
class NarrowColumn {
  public:
    void reserve(std::size_t count) { values_.reserve(count); }

    void push_back(std::uint64_t value) {
        values_.push_back(0);
        set(values_.size() - 1, value);
    }

    void set(std::size_t index, std::uint64_t value) {
        if (value < kWide) {
            values_[index] = static_cast<Narrow>(value);
        } else {
            values_[index] = kWide;
            wide_[index] = value;
        }
    }

    [[nodiscard]] std::uint64_t operator[](std::size_t index) const {
        const Narrow value = values_[index];
        return value == kWide ? wide_.at(index) : value;
    }

  private:
    static constexpr Narrow kWide = std::numeric_limits<Narrow>::max();

    std::vector<Narrow> values_;
    std::unordered_map<std::size_t, std::uint64_t> wide_;
};

}  // namespace catena::graph
