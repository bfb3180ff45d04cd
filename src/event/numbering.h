// Numbering: gives the entities of one recording small numbers in the order in which they appear, in place of
// the hashes by which the kernel programs know them. Hashes cannot be compressed, and every event holds two.
//
// An entity has one id throughout: what appears once the table is full keeps its hash, marked so that it is
// no number. Memory is bounded (16 bytes an entity, kMaxEntities of them). One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "event/batch.h"
#include "event/entity.h"

namespace catena::event {

class Numbering {
  public:
    static constexpr std::size_t kMaxEntities = std::size_t{3} << 17U;

    explicit Numbering(std::size_t max_entities = kMaxEntities) : max_entities_(max_entities) {}

    // Replaces all ids in the batch.
    void apply(Batch& batch);

    [[nodiscard]] EntityId number(EntityId hash);

    // Of how many entities it knows the number.
    [[nodiscard]] std::size_t size() const { return size_; }

  private:
    [[nodiscard]] std::size_t slot_of(std::uint64_t hash) const;
    void grow();

    std::size_t max_entities_;
    std::size_t size_ = 0;
    // Open addressing, at most three quarters full; 0 is a free slot.
    std::vector<std::uint64_t> hashes_;
    std::vector<std::uint32_t> numbers_;
};

}  // namespace catena::event
