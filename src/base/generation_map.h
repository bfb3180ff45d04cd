// GenerationMap: a map that forgets what has not been used for long, so that it stays bounded. It holds two
// generations of at most `capacity` entries each; when the young one is full, the old one is dropped and the
// young one becomes old. Looking an entry up makes it young again. Not thread-safe.
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
    explicit GenerationMap(std::size_t capacity) : capacity_(capacity) {}

    // The value, or nullptr. Valid until the next call of a member that is not const.
    Value* find(const Key& key) {
        if (auto it = young_.find(key); it != young_.end()) return &it->second;
        auto it = old_.find(key);
        if (it == old_.end()) return nullptr;
        Value value = std::move(it->second);
        old_.erase(it);
        return &insert(key, std::move(value));
    }

    Value& insert(const Key& key, Value value) {
        if (young_.size() >= capacity_ && !young_.contains(key)) {
            forgotten_ += old_.size();
            old_ = std::move(young_);
            young_.clear();
        }
        old_.erase(key);
        return young_.insert_or_assign(key, std::move(value)).first->second;
    }

    void erase(const Key& key) {
        young_.erase(key);
        old_.erase(key);
    }

    // Calls visit(key, value) for each entry; the visitor may change the value.
    template <class Visit>
    void for_each(Visit&& visit) {
        for (auto& [key, value] : young_) visit(key, value);
        for (auto& [key, value] : old_) visit(key, value);
    }

    [[nodiscard]] bool empty() const { return young_.empty() && old_.empty(); }
    [[nodiscard]] std::uint64_t forgotten() const { return forgotten_; }

  private:
    std::size_t capacity_;
    std::uint64_t forgotten_ = 0;
    std::unordered_map<Key, Value, Hash> young_;
    std::unordered_map<Key, Value, Hash> old_;
};

}  // namespace catena::base
