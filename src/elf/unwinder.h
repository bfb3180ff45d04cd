// Unwinder: from the registers of a stopped thread to those of its callers, by .eh_frame.
//
// Borrows nothing: it keeps the image's call frame information. Only what is sure is told: a frame whose
// rules need a register that is not known ends the walk. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "elf/image.h"

namespace catena::elf {

// By DWARF's numbers: 6 is rbp, 7 rsp, 16 the address of the instruction. Nothing where it is not known.
struct FrameRegisters {
    static constexpr std::size_t kStackPointer = 7;
    static constexpr std::size_t kInstruction = 16;
    std::array<std::optional<std::uint64_t>, 17> values;
};

// Eight bytes of the thread's memory; nothing where there are none.
using ReadWord = std::function<std::optional<std::uint64_t>(std::uint64_t)>;

class Unwinder {
  public:
    // Borrows the image, which has to outlive it.
    explicit Unwinder(const Image& image);
    ~Unwinder();
    Unwinder(const Unwinder&) = delete;
    Unwinder& operator=(const Unwinder&) = delete;

    // The registers of the caller. `look_at` is the instruction that is asked for, as linked: of a return
    // address, one byte before it.
    [[nodiscard]] std::optional<FrameRegisters> caller(const FrameRegisters& frame, std::uint64_t look_at,
                                                       const ReadWord& read) const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace catena::elf
