// What an instruction is, apart from what it does to values.
#include "callgraph/value_step.h"

namespace catena::callgraph {

bool Step::decode(const ZydisDecoder& decoder, std::uint64_t at, std::span<const std::byte> bytes) {
    address = at;
    if (!ZYAN_SUCCESS(
            ZydisDecoderDecodeFull(&decoder, bytes.data(), bytes.size(), &instruction, operands.data())))
        return false;
    const ZydisDecodedOperand& first = operands[0];
    const bool relative = first.type == ZYDIS_OPERAND_TYPE_IMMEDIATE && first.imm.is_relative == ZYAN_TRUE;
    switch (instruction.meta.category) {
        case ZYDIS_CATEGORY_CALL:
            flow = relative ? Flow::Call : Flow::CallIndirect;
            break;
        case ZYDIS_CATEGORY_UNCOND_BR:
            flow = relative ? Flow::Jump : Flow::JumpIndirect;
            break;
        case ZYDIS_CATEGORY_COND_BR:
            flow = Flow::Branch;
            break;
        case ZYDIS_CATEGORY_RET:
            flow = Flow::Return;
            break;
        default:
            break;
    }
    const ZydisMnemonic mnemonic = instruction.mnemonic;
    if (mnemonic == ZYDIS_MNEMONIC_HLT || mnemonic == ZYDIS_MNEMONIC_UD2 || mnemonic == ZYDIS_MNEMONIC_INT3)
        flow = Flow::Stop;
    if (mnemonic == ZYDIS_MNEMONIC_SYSCALL) door = Door::Syscall;
    if (mnemonic == ZYDIS_MNEMONIC_SYSENTER) door = Door::Sysenter;
    if (mnemonic == ZYDIS_MNEMONIC_INT && first.imm.value.u == 0x80) door = Door::Int80;
    return true;
}

bool Step::falls_through() const {
    return flow != Flow::Jump && flow != Flow::JumpIndirect && flow != Flow::Return && flow != Flow::Stop;
}

std::optional<std::uint64_t> Step::target() const {
    if (flow != Flow::Call && flow != Flow::Jump && flow != Flow::Branch) return std::nullopt;
    return next() + static_cast<std::uint64_t>(operands[0].imm.value.s);
}

Step::Limit Step::limit_after(const Step& comparison) const {
    const ZydisMnemonic compares = comparison.instruction.mnemonic;
    const ZydisMnemonic branch = instruction.mnemonic;
    const ZydisDecodedOperand& first = comparison.operands[0];
    const ZydisDecodedOperand& second = comparison.operands[1];
    if (comparison.next() != address || first.type != ZYDIS_OPERAND_TYPE_REGISTER) return {};
    const bool whole = first.reg.value >= ZYDIS_REGISTER_RAX && first.reg.value <= ZYDIS_REGISTER_R15;
    const bool half = first.reg.value >= ZYDIS_REGISTER_EAX && first.reg.value <= ZYDIS_REGISTER_R15D;
    if (!whole && !half) return {};
    Limit limit{.known = true,
                .register_index = static_cast<unsigned>(first.reg.value -
                                                        (whole ? ZYDIS_REGISTER_RAX : ZYDIS_REGISTER_EAX))};
    // Of a comparison of 32 bits, the upper half would not be known.
    if (branch == ZYDIS_MNEMONIC_JZ || branch == ZYDIS_MNEMONIC_JNZ) {
        limit.equal = true;
        limit.where_taken = branch == ZYDIS_MNEMONIC_JZ;
        const bool zero = compares == ZYDIS_MNEMONIC_TEST && second.type == ZYDIS_OPERAND_TYPE_REGISTER &&
                          second.reg.value == first.reg.value;
        if (whole && zero) return limit;
        if (!whole || compares != ZYDIS_MNEMONIC_CMP || second.type != ZYDIS_OPERAND_TYPE_IMMEDIATE)
            return {};
        limit.value = static_cast<std::uint64_t>(second.imm.value.s);
        return limit;
    }
    if (compares != ZYDIS_MNEMONIC_CMP || second.type != ZYDIS_OPERAND_TYPE_IMMEDIATE) return {};
    const bool below = branch == ZYDIS_MNEMONIC_JB || branch == ZYDIS_MNEMONIC_JNB;
    const bool at_most = branch == ZYDIS_MNEMONIC_JBE || branch == ZYDIS_MNEMONIC_JNBE;
    limit.where_taken = branch == ZYDIS_MNEMONIC_JB || branch == ZYDIS_MNEMONIC_JBE;
    limit.value = static_cast<std::uint64_t>(second.imm.value.s) - (below ? 1 : 0);
    if ((!below && !at_most) || limit.value >= kMaxValues) return {};
    return limit;
}

std::optional<std::uint64_t> Step::stored_word() const {
    const ZydisDecodedOperand& first = operands[0];
    const bool writes = instruction.operand_count_visible > 0 && first.type == ZYDIS_OPERAND_TYPE_MEMORY &&
                        first.mem.base == ZYDIS_REGISTER_RIP &&
                        (first.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
    if (!writes) return std::nullopt;
    return next() + static_cast<std::uint64_t>(first.mem.disp.value);
}

std::optional<std::uint64_t> Step::slot() const {
    const ZydisDecodedOperand& first = operands[0];
    if (first.type != ZYDIS_OPERAND_TYPE_MEMORY || first.mem.base != ZYDIS_REGISTER_RIP) return std::nullopt;
    return next() + static_cast<std::uint64_t>(first.mem.disp.value);
}

bool Step::sets_flags() const {
    const ZydisAccessedFlags* flags = instruction.cpu_flags;
    return flow == Flow::Call || flow == Flow::CallIndirect || door != Door::None || flags == nullptr ||
           (flags->modified | flags->set_0 | flags->set_1 | flags->undefined) != 0;
}

}  // namespace catena::callgraph
