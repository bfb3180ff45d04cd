// GenerationMap: a map that forgets what has not been used for long, so that it stays bounded. It holds two
// generations of at most `capacity` entries each, and of at most `max_bytes` outside of the map itself (what
// insert() was told; one entry may be larger by itself); when the young one is full, the old one is dropped
// and the young one becomes old. Looking an entry up makes it young again. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <utility>

namespace catena::base {

template <class Key, class Value, class Hash = std::hash<Key>>
class GenerationMap {
  public:
    explicit GenerationMap(std::size_t capacity, std::size_t max_bytes = SIZE_MAX)
        : capacity_(capacity), max_bytes_(max_bytes) {}

    // The value, or nullptr. Valid until the next call of a member that is not const.
    Value* find(const Key& key) {
        if (auto it = young_.entries.find(key); it != young_.entries.end()) return &it->second.value;
        auto it = old_.entries.find(key);
        if (it == old_.entries.end()) return nullptr;
        Entry entry = std::move(it->second);
        old_.bytes -= entry.bytes;
        old_.entries.erase(it);
        return &insert(key, std::move(entry.value), entry.bytes);
    }

    // Replaces what is there. `bytes` is what key and value hold on the heap, about.
    Value& insert(const Key& key, Value value, std::size_t bytes = 0) {
        erase(key);
        const bool full = young_.entries.size() >= capacity_ || young_.bytes + bytes > max_bytes_;
        if (full && !young_.entries.empty()) {
            forgotten_ += old_.entries.size();
            old_ = std::exchange(young_, {});
        }
        young_.bytes += bytes;
        return young_.entries.emplace(key, Entry{std::move(value), bytes}).first->second.value;
    }

    void erase(const Key& key) {
        erase_from(young_, key);
        erase_from(old_, key);
    }

    // Calls visit(key, value) for each entry; the visitor may change the value.
    template <class Visit>
    void for_each(Visit&& visit) {
        for (auto& [key, entry] : young_.entries) visit(key, entry.value);
        for (auto& [key, entry] : old_.entries) visit(key, entry.value);
    }

    [[nodiscard]] bool empty() const { return young_.entries.empty() && old_.entries.empty(); }
    [[nodiscard]] std::size_t size() const { return young_.entries.size() + old_.entries.size(); }
    [[nodiscard]] std::size_t bytes() const { return young_.bytes + old_.bytes; }
    [[nodiscard]] std::uint64_t forgotten() const { return forgotten_; }

  private:
    struct Entry {
        Value value;
        std::size_t bytes;
    };
    struct Generation {
        std::unordered_map<Key, Entry, Hash> entries;
        std::size_t bytes = 0;
    };
    static void erase_from(Generation& generation, const Key& key) {
        const auto it = generation.entries.find(key);
        if (it == generation.entries.end()) return;
        generation.bytes -= it->second.bytes;
        generation.entries.erase(it);
    }

    std::size_t capacity_;
    std::size_t max_bytes_;
    std::uint64_t forgotten_ = 0;
    Generation young_;
    Generation old_;
};

}  // namespace catena::base
