// Code is decoded from the beginning of each executable segment to its end, and anew at each function, so
// that what is no code in between (padding, tables) cannot shift what follows it. Data that decodes to a
// branch only adds a target: a function is watched at a worse place then, never at a wrong one.
#include "functions/branch_targets.h"

#include <Zydis/Zydis.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace catena::functions {
namespace {

class Sweep {
  public:
    explicit Sweep(std::span<const elf::Function> functions) {
        ZydisDecoderInit(&decoder_, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
        // Lengths and distances are all that is asked for.
        ZydisDecoderEnableMode(&decoder_, ZYDIS_DECODER_MODE_MINIMAL, ZYAN_TRUE);
        for (const elf::Function& function : functions) entries_.push_back(function.address);
        std::ranges::sort(entries_);
        const auto doubled = std::ranges::unique(entries_);
        entries_.erase(doubled.begin(), doubled.end());
    }

    void run(std::uint64_t address, std::span<const std::byte> code) {
        auto next = std::ranges::upper_bound(entries_, address);
        for (std::size_t at = 0; at < code.size();) {
            const std::size_t length = decode(address + at, code.subspan(at));
            while (next != entries_.end() && *next <= address + at) ++next;
            const std::size_t after = at + std::max<std::size_t>(length, 1);
            at = next == entries_.end() ? after : std::min<std::uint64_t>(after, *next - address);
        }
    }

    std::vector<std::uint64_t> take() {
        std::ranges::sort(found_);
        const auto doubled = std::ranges::unique(found_);
        found_.erase(doubled.begin(), doubled.end());
        return std::move(found_);
    }

  private:
    // Of the instruction at the beginning of `code`; 0 where there is none.
    std::size_t decode(std::uint64_t address, std::span<const std::byte> code) {
        ZydisDecodedInstruction one;
        if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder_, nullptr, code.data(), code.size(), &one)))
            return 0;
        // All instructions whose constant is a distance are branches.
        if (one.raw.imm[0].size != 0 && one.raw.imm[0].is_relative != 0)
            add(address + one.length + static_cast<std::uint64_t>(one.raw.imm[0].value.s));
        return one.length;
    }

    void add(std::uint64_t target) {
        const auto after = std::ranges::upper_bound(entries_, target);
        if (after == entries_.begin()) return;
        const std::uint64_t behind = target - *std::prev(after);
        if (behind == 0 || behind >= BranchTargets::kMostBehindEntry) return;
        found_.push_back(target);
        // What is found often, as the head of a loop, is kept once; so the room needed stays that of the
        // answer.
        if (found_.size() >= most_) {
            found_ = take();
            most_ = std::max(most_, 2 * found_.size());
        }
    }

    ZydisDecoder decoder_{};
    std::vector<std::uint64_t> entries_;
    std::vector<std::uint64_t> found_;
    std::size_t most_ = std::size_t{1} << 20U;
};

}  // namespace

BranchTargets::BranchTargets(const elf::Image& image, std::span<const elf::Function> functions) {
    Sweep sweep(functions);
    // Segments of a file that lies can all be the whole file: no more is decoded than the file has.
    std::uint64_t room = image.bytes().size();
    for (const elf::Segment& segment : image.segments()) {
        if (!segment.executable) continue;
        const std::uint64_t size = std::min(segment.file_bytes, room);
        sweep.run(segment.address, image.bytes_at(segment.address, size));
        room -= size;
    }
    targets_ = sweep.take();
}

bool BranchTargets::contains(std::uint64_t address) const {
    return std::ranges::binary_search(targets_, address);
}

}  // namespace catena::functions
