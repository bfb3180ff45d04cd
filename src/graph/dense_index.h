// DenseIndex: numbers 64-bit keys 0, 1, 2, … in the order in which they come. One look-up touches one place
// in memory, where std::unordered_map touches three; building a graph is little else than such look-ups. Not
// thread-safe while it grows.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace catena::graph {

class DenseIndex {
  public:
    // The key's number, and whether it is new.
    std::pair<std::uint32_t, bool> intern(std::uint64_t key) {
        if ((size_ + 1) * 2 > slots_.size()) grow();
        Slot& slot = slots_[place_of(key)];
        if (slot.number != kFree) return {slot.number, false};
        slot = {key, static_cast<std::uint32_t>(size_++)};
        return {slot.number, true};
    }

    [[nodiscard]] std::optional<std::uint32_t> find(std::uint64_t key) const {
        if (slots_.empty()) return std::nullopt;
        const Slot& slot = slots_[place_of(key)];
        if (slot.number == kFree) return std::nullopt;
        return slot.number;
    }

    [[nodiscard]] std::size_t size() const { return size_; }

  private:
    static constexpr std::uint32_t kFree = UINT32_MAX;
    struct Slot {
        std::uint64_t key = 0;
        std::uint32_t number = kFree;
    };

    // Where the key is, or else the free slot where it belongs: linear probing in a table that is at most
    // half full.
    [[nodiscard]] std::size_t place_of(std::uint64_t key) const {
        const std::size_t mask = slots_.size() - 1;
        const int bits = std::countr_zero(slots_.size());
        std::size_t place = (key * 0x9e3779b97f4a7c15ULL) >> (64 - bits);
        while (slots_[place].number != kFree && slots_[place].key != key) place = (place + 1) & mask;
        return place;
    }

    void grow() {
        std::vector<Slot> old =
            std::exchange(slots_, std::vector<Slot>(slots_.empty() ? 64 : slots_.size() * 2));
        for (const Slot& slot : old) {
            if (slot.number != kFree) slots_[place_of(slot.key)] = slot;
        }
    }

    std::vector<Slot> slots_;  // a power of two of them
    std::size_t size_ = 0;
};

}  // namespace catena::graph
