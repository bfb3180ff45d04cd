// Zydis in its minimal mode finds lengths and raw parts; the few opcodes that matter are told by those parts.
// It takes a third of the time of decoding operands, and most instructions need no more. The commonest ones
// are decoded by a table (quick_decode.cc).
#include "callgraph/instruction.h"

#include <algorithm>

#include "callgraph/quick_decode.h"

namespace catena::callgraph {
namespace {

bool is_relative(const ZydisDecodedInstruction& raw) { return raw.raw.imm[0].is_relative == ZYAN_TRUE; }

std::uint64_t relative_target(const ZydisDecodedInstruction& raw, std::uint64_t address) {
    return address + raw.length + static_cast<std::uint64_t>(raw.raw.imm[0].value.s);
}

// Opcodes of one byte.
void classify_short(const ZydisDecodedInstruction& raw, Instruction& result) {
    const unsigned opcode = raw.opcode;
    if (opcode == 0xe8) {
        result.flow = Flow::Call;
    } else if (opcode == 0xe9 || opcode == 0xeb) {
        result.flow = Flow::Jump;
    } else if ((opcode >= 0x70 && opcode <= 0x7f) || (opcode >= 0xe0 && opcode <= 0xe3)) {
        result.flow = Flow::Branch;
    } else if (opcode == 0xc2 || opcode == 0xc3 || opcode == 0xca || opcode == 0xcb || opcode == 0xcf) {
        result.flow = Flow::Return;
    } else if (opcode == 0xcc || opcode == 0xf4) {
        result.flow = Flow::Stop;
        result.padding = opcode == 0xcc;
    } else if (opcode == 0xff) {
        if (raw.raw.modrm.reg == 2 || raw.raw.modrm.reg == 3) result.flow = Flow::CallIndirect;
        if (raw.raw.modrm.reg == 4 || raw.raw.modrm.reg == 5) result.flow = Flow::JumpIndirect;
    } else if (opcode == 0xcd && raw.raw.imm[0].value.u == 0x80) {
        result.door = Door::Int80;
    } else if (opcode == 0x90) {
        result.padding = true;
    }
}

// Opcodes behind 0f.
void classify_long(const ZydisDecodedInstruction& raw, Instruction& result) {
    const unsigned opcode = raw.opcode;
    if (opcode == 0x05) result.door = Door::Syscall;
    if (opcode == 0x34) result.door = Door::Sysenter;
    if (opcode == 0x0b) result.flow = Flow::Stop;
    if (opcode == 0x1f) result.padding = true;
    if (opcode >= 0x80 && opcode <= 0x8f) result.flow = Flow::Branch;
}

Reference reference_of(const ZydisDecodedInstruction& raw) {
    if (raw.encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY || raw.opcode_map != ZYDIS_OPCODE_MAP_DEFAULT)
        return Reference::Wide;
    if (raw.opcode == 0x8d) return Reference::Address;
    const bool integer = raw.opcode <= 0x8b || raw.opcode == 0xc7 || raw.opcode == 0xc6 || raw.opcode == 0xff;
    return integer ? Reference::Word : Reference::Wide;
}

void find_constants(const ZydisDecodedInstruction& raw, Instruction& result) {
    const auto& modrm = raw.raw.modrm;
    if ((raw.attributes & ZYDIS_ATTRIB_HAS_MODRM) != 0 && modrm.mod != 3 && raw.raw.disp.size == 32) {
        if (modrm.mod == 0 && modrm.rm == 5) {
            result.reference = reference_of(raw);
            result.memory = result.address + raw.length + static_cast<std::uint64_t>(raw.raw.disp.value);
        } else {
            result.displacement = static_cast<std::uint64_t>(raw.raw.disp.value);
        }
    }
    if (raw.raw.imm[0].size >= 32 && !is_relative(raw)) result.immediate = raw.raw.imm[0].value.u;
}

}  // namespace

Decoder::Decoder() {
    ZydisDecoderInit(&decoder_, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    ZydisDecoderEnableMode(&decoder_, ZYDIS_DECODER_MODE_MINIMAL, ZYAN_TRUE);
}

std::optional<Instruction> Decoder::at(std::uint64_t address, std::span<const std::byte> code) const {
    if (auto quick = decode_quickly(address, code)) return quick;
    return in_full(address, code);
}

std::optional<Instruction> Decoder::in_full(std::uint64_t address, std::span<const std::byte> code) const {
    ZydisDecodedInstruction raw;
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder_, nullptr, code.data(), code.size(), &raw)))
        return std::nullopt;
    Instruction result{.address = address, .length = raw.length};
    if (raw.encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY) {
        if (raw.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT) classify_short(raw, result);
        if (raw.opcode_map == ZYDIS_OPCODE_MAP_0F) classify_long(raw, result);
        if (result.flow == Flow::Call || result.flow == Flow::Jump || result.flow == Flow::Branch)
            result.target = relative_target(raw, address);
    }
    result.locked = !code.empty() && code[0] == std::byte{0xf0};
    find_constants(raw, result);
    return result;
}

}  // namespace catena::callgraph
