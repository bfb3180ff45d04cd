#include "event/numbering.h"

#include <utility>

namespace catena::event {
namespace {

constexpr std::size_t kFirstSlots = 1024;
constexpr std::uint64_t kNoNumber = std::uint64_t{1} << 62U;  // set in ids that are hashes

}  // namespace

std::size_t Numbering::slot_of(std::uint64_t hash) const {
    const std::size_t mask = hashes_.size() - 1;
    // Hashes they may be, but whoever makes ids by hand counts: spread those too.
    std::size_t slot = (hash * 0x9e3779b97f4a7c15ULL >> 20U) & mask;
    while (hashes_[slot] != 0 && hashes_[slot] != hash) slot = (slot + 1) & mask;
    return slot;
}

void Numbering::grow() {
    const std::vector<std::uint64_t> hashes = std::exchange(hashes_, {});
    const std::vector<std::uint32_t> numbers = std::exchange(numbers_, {});
    const std::size_t slots = hashes.empty() ? kFirstSlots : 2 * hashes.size();
    hashes_.resize(slots);
    numbers_.resize(slots);
    for (std::size_t i = 0; i < hashes.size(); ++i) {
        if (hashes[i] == 0) continue;
        const std::size_t slot = slot_of(hashes[i]);
        hashes_[slot] = hashes[i];
        numbers_[slot] = numbers[i];
    }
}

EntityId Numbering::number(EntityId hash) {
    if (!hash) return hash;
    if (4 * (size_ + 1) > 3 * hashes_.size() && size_ < max_entities_) grow();
    if (hashes_.empty()) return {hash.value | kNoNumber};
    const std::size_t slot = slot_of(hash.value);
    if (hashes_[slot] == 0) {
        if (size_ >= max_entities_) return {hash.value | kNoNumber};
        hashes_[slot] = hash.value;
        numbers_[slot] = static_cast<std::uint32_t>(++size_);
    }
    return {numbers_[slot]};
}

void Numbering::apply(Batch& batch) {
    // Tables of entities first: their ids then count up, which takes no space at all.
    for (FileName& file : batch.files) file.id = number(file.id);
    for (Object& object : batch.objects) object.id = number(object.id);
    for (Socket& socket : batch.sockets) {
        socket.id = number(socket.id);
        socket.peer = number(socket.peer);
    }
    for (ProcessImage& process : batch.processes) {
        process.id = number(process.id);
        process.parent = number(process.parent);
    }
    for (Call& call : batch.calls) call.process = number(call.process);
    for (FunctionCall& call : batch.function_calls) call.process = number(call.process);
    for (FunctionReturn& end : batch.function_returns) end.process = number(end.process);
    for (Event& event : batch.events) {
        event.process = number(event.process);
        event.object = number(event.object);
    }
}

}  // namespace catena::event
