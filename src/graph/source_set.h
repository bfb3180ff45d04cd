// SourceSet: an immutable set of small numbers that many nodes can share. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace catena::graph {

class SourceSet {
  public:
    // Sets that count their memory in the same place.
    using Memory = std::shared_ptr<std::size_t>;

    SourceSet() = default;
    static SourceSet of(std::uint32_t number, const Memory& memory);

    [[nodiscard]] bool empty() const { return words_ == nullptr; }
    [[nodiscard]] bool holds_all_of(const SourceSet& other) const;
    // Shares what it can: one of the two where that holds the other.
    [[nodiscard]] SourceSet joined_with(const SourceSet& other, const Memory& memory) const;

  private:
    struct Word {
        std::uint32_t place = 0;  // number / 64
        std::uint64_t bits = 0;
    };
    // By rising place; none of the words is 0.
    struct Words {
        Words(std::vector<Word> content, Memory of);
        ~Words();
        Words(const Words&) = delete;
        Words& operator=(const Words&) = delete;
        std::vector<Word> list;
        Memory memory;
    };
    explicit SourceSet(std::shared_ptr<const Words> words) : words_(std::move(words)) {}

    std::shared_ptr<const Words> words_;
};

}  // namespace catena::graph
