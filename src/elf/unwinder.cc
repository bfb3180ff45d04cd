// libdw decodes the call frame information and gives the rules of a place as DWARF operations; of these only
// what compilers write for ordinary frames is followed: a register plus an offset, memory at an offset of the
// frame's address, and expressions of a constant or two (those of PLT stubs are not followed).
#include "elf/unwinder.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <libelf.h>

#include <cstdlib>
#include <vector>

namespace catena::elf {
namespace {

struct FreeFrame {
    void operator()(Dwarf_Frame* frame) const { std::free(frame); }
};

std::optional<std::uint64_t> frame_address(Dwarf_Frame* frame, const FrameRegisters& registers) {
    Dwarf_Op* ops = nullptr;
    std::size_t count = 0;
    if (dwarf_frame_cfa(frame, &ops, &count) != 0 || count != 1) return std::nullopt;
    std::uint64_t number = 0;
    std::uint64_t offset = 0;
    if (ops[0].atom == DW_OP_bregx) {
        number = ops[0].number;
        offset = ops[0].number2;
    } else if (ops[0].atom >= DW_OP_breg0 && ops[0].atom <= DW_OP_breg31) {
        number = ops[0].atom - std::uint64_t{DW_OP_breg0};
        offset = ops[0].number;
    } else {
        return std::nullopt;
    }
    if (number >= registers.values.size() || !registers.values.at(number)) return std::nullopt;
    return *registers.values.at(number) + offset;
}

std::optional<std::uint64_t> register_of(Dwarf_Frame* frame, int number, std::uint64_t cfa,
                                         const FrameRegisters& registers, const ReadWord& read) {
    std::array<Dwarf_Op, 3> memory{};
    Dwarf_Op* ops = nullptr;
    std::size_t count = 0;
    if (dwarf_frame_register(frame, number, memory.data(), &ops, &count) != 0) return std::nullopt;
    if (count == 0) {  // its old value, or nothing that is known
        return ops == nullptr ? registers.values.at(static_cast<std::size_t>(number)) : std::nullopt;
    }
    if (ops[0].atom != DW_OP_call_frame_cfa) return std::nullopt;
    if (count == 1) return read(cfa);
    const std::uint64_t address = cfa + ops[1].number;
    if (ops[1].atom == DW_OP_stack_value) return cfa;
    if (ops[1].atom != DW_OP_plus_uconst) return std::nullopt;
    if (count == 3) return ops[2].atom == DW_OP_stack_value ? std::optional(address) : std::nullopt;
    return read(address);
}

}  // namespace

struct Unwinder::State {
    std::vector<char> bytes;  // libelf writes into what it is given
    Elf* elf = nullptr;
    Dwarf_CFI* cfi = nullptr;
};

Unwinder::Unwinder(const Image& image) : state_(std::make_unique<State>()) {
    elf_version(EV_CURRENT);
    const auto bytes = image.bytes();
    const auto* begin = reinterpret_cast<const char*>(bytes.data());
    state_->bytes.assign(begin, begin + bytes.size());
    state_->elf = elf_memory(state_->bytes.data(), state_->bytes.size());
    if (state_->elf != nullptr) state_->cfi = dwarf_getcfi_elf(state_->elf);
}

Unwinder::~Unwinder() {
    if (state_->cfi != nullptr) dwarf_cfi_end(state_->cfi);
    if (state_->elf != nullptr) elf_end(state_->elf);
}

std::optional<FrameRegisters> Unwinder::caller(const FrameRegisters& frame, std::uint64_t look_at,
                                               const ReadWord& read) const {
    Dwarf_Frame* found = nullptr;
    if (state_->cfi == nullptr || dwarf_cfi_addrframe(state_->cfi, look_at, &found) != 0) return std::nullopt;
    const std::unique_ptr<Dwarf_Frame, FreeFrame> rules(found);
    const auto cfa = frame_address(found, frame);
    if (!cfa) return std::nullopt;
    FrameRegisters caller;
    for (std::size_t number = 0; number < caller.values.size(); ++number)
        caller.values.at(number) = register_of(found, static_cast<int>(number), *cfa, frame, read);
    caller.values.at(FrameRegisters::kStackPointer) = cfa;
    const auto& instruction = caller.values.at(FrameRegisters::kInstruction);
    if (!instruction || *instruction == 0) return std::nullopt;
    return caller;
}

}  // namespace catena::elf
