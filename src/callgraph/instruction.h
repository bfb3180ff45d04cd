// Instruction: what the call graph wants to know of one instruction, which is far less than what it does.
#pragma once

#include <Zydis/Zydis.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace catena::callgraph {

// Where control can go after an instruction.
enum class Flow : std::uint8_t {
    Next,
    Call,          // direct, and on to the next
    CallIndirect,  // through a register or memory, and on to the next
    Jump,
    JumpIndirect,
    Branch,  // to the target, or on to the next
    Return,
    Stop,  // a trap: ud2, hlt, int3
};

// By which door it enters the kernel.
enum class Door : std::uint8_t { None, Syscall, Sysenter, Int80 };

// How it refers to memory that it names by a fixed address.
enum class Reference : std::uint8_t {
    None,
    Address,  // takes the address itself (lea)
    Word,     // reads or writes at most 8 bytes there
    Wide,     // reads or writes at most 64 bytes there
};

struct Instruction {
    std::uint64_t address = 0;
    std::uint8_t length = 0;
    Flow flow = Flow::Next;
    Door door = Door::None;
    Reference reference = Reference::None;
    bool padding = false;                       // a nop in one of its many lengths
    bool locked = false;                        // begins with a lock prefix
    std::uint64_t target = 0;                   // of direct calls, jumps and branches
    std::uint64_t memory = 0;                   // where `reference` refers to
    std::optional<std::uint64_t> immediate;     // 32 or 64 bits, not of a jump
    std::optional<std::uint64_t> displacement;  // 32 bits, not relative to the instruction

    friend bool operator==(const Instruction&, const Instruction&) = default;
};

// Owns no memory; any number of threads may use one.
class Decoder {
  public:
    Decoder();
    // The instruction at the beginning of `code`; nothing where the bytes are none.
    [[nodiscard]] std::optional<Instruction> at(std::uint64_t address, std::span<const std::byte> code) const;
    // The same, always by Zydis.
    [[nodiscard]] std::optional<Instruction> in_full(std::uint64_t address,
                                                     std::span<const std::byte> code) const;

  private:
    ZydisDecoder decoder_{};
};

}  // namespace catena::callgraph
