// An instruction can stand for the entry if whoever enters the function comes past it exactly once: nothing
// before it branches, calls or returns, and no branch from anywhere in the file leads between the entry and
// it.
#include "functions/entry_site.h"

#include <Zydis/Zydis.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace catena::functions {
namespace {

constexpr std::size_t kMostBytes = 1U << 20U;  // of a function that are looked at
constexpr std::size_t kUnknownBytes = 256;     // where its size is not known
// Bytes that the stack pointer may have moved before a probe: well within CAT_FUNCTION_STACK_MAX of
// wire/functions.h.
constexpr std::int32_t kMostStack = 1 << 20;
// A probe further in is no longer at the entry.
constexpr std::size_t kMostInto = BranchTargets::kMostBehindEntry;

struct Instruction {
    ZydisDecodedInstruction decoded{};
    std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands{};

    [[nodiscard]] bool is_branch() const {
        switch (decoded.meta.category) {
            case ZYDIS_CATEGORY_CALL:
            case ZYDIS_CATEGORY_RET:
            case ZYDIS_CATEGORY_COND_BR:
            case ZYDIS_CATEGORY_UNCOND_BR:
            case ZYDIS_CATEGORY_SYSCALL:
            case ZYDIS_CATEGORY_INTERRUPT:
                return true;
            default:
                return false;
        }
    }

    // Where a direct jump leads.
    [[nodiscard]] std::optional<std::uint64_t> target(std::uint64_t address) const {
        std::uint64_t to = 0;
        if (decoded.operand_count == 0 || operands[0].type != ZYDIS_OPERAND_TYPE_IMMEDIATE ||
            !ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&decoded, operands.data(), address, &to)))
            return std::nullopt;
        return to;
    }

    // What it takes off the stack pointer; nothing where that cannot be told.
    [[nodiscard]] std::optional<std::int32_t> stack_taken() const {
        if (decoded.mnemonic == ZYDIS_MNEMONIC_PUSH)
            return decoded.operand_width == 16 ? std::nullopt : std::optional(8);
        const bool writes = std::ranges::any_of(
            std::span(operands).first(decoded.operand_count), [](const ZydisDecodedOperand& operand) {
                return operand.type == ZYDIS_OPERAND_TYPE_REGISTER &&
                       (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0 &&
                       ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, operand.reg.value) ==
                           ZYDIS_REGISTER_RSP;
            });
        if (!writes) return 0;
        const bool by_constant = operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
                                 operands[0].reg.value == ZYDIS_REGISTER_RSP &&
                                 operands[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
        const std::int64_t value = by_constant ? operands[1].imm.value.s : 0;
        if (!by_constant || value > kMostStack || value < -kMostStack) return std::nullopt;
        if (decoded.mnemonic == ZYDIS_MNEMONIC_SUB) return static_cast<std::int32_t>(value);
        if (decoded.mnemonic == ZYDIS_MNEMONIC_ADD) return static_cast<std::int32_t>(-value);
        return std::nullopt;
    }
};

// Which of the instructions that need no step this is.
std::optional<SiteInstruction> instruction_of(std::span<const std::byte> code) {
    const auto at = [&](std::size_t i) { return i < code.size() ? std::to_integer<unsigned>(code[i]) : 0U; };
    constexpr std::array<std::byte, 5> kNop5 = {std::byte{0x0f}, std::byte{0x1f}, std::byte{0x44},
                                                std::byte{0}, std::byte{0}};
    if (std::ranges::equal(code, kNop5)) return SiteInstruction::Nop5;
    if (at(0) == 0x90 && code.size() == 1) return SiteInstruction::Nop;
    if ((at(0) & 0xf8U) == 0x50) return SiteInstruction::Push;
    if (at(0) == 0x41 && (at(1) & 0xf8U) == 0x50) return SiteInstruction::PushRex;
    if (at(0) == 0xe8) return SiteInstruction::Call;
    if (at(0) == 0xe9 || at(0) == 0xeb) return SiteInstruction::Jump;
    if ((at(0) & 0xf0U) == 0x70 || (at(0) == 0x0f && (at(1) & 0xf0U) == 0x80))
        return SiteInstruction::ConditionalJump;
    return std::nullopt;
}

SiteKind kind_of(std::span<const std::byte> code, const Ability& ability) {
    const auto instruction = instruction_of(code);
    return instruction ? ability.of(*instruction) : SiteKind::SingleStepped;
}

class Code {
  public:
    Code(const elf::Image& image, const elf::Function& function) : begin_(function.address) {
        ZydisDecoderInit(&decoder_, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
        const auto rest = image.bytes_from(begin_);
        code_ = rest.first(std::min(
            {rest.size(), kMostBytes,
             function.size_bytes == 0 ? kUnknownBytes : static_cast<std::size_t>(function.size_bytes)}));
    }

    [[nodiscard]] std::optional<Instruction> decode(std::size_t at) const {
        Instruction one;
        if (at >= code_.size() ||
            !ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder_, code_.data() + at, code_.size() - at,
                                                 &one.decoded, one.operands.data())))
            return std::nullopt;
        return one;
    }

    // Whether a jump leads outside.
    [[nodiscard]] bool leaves() const {
        for (std::size_t at = 0; at < code_.size();) {
            const auto one = decode(at);
            if (!one) break;
            const auto to = one->decoded.meta.category == ZYDIS_CATEGORY_UNCOND_BR ? one->target(begin_ + at)
                                                                                   : std::nullopt;
            if (to && (*to < begin_ || *to - begin_ >= code_.size())) return true;
            at += one->decoded.length;
        }
        return false;
    }

    // Go's functions first look whether their stack is large enough, and if it is not have it replaced and
    // begin again. How far it is to what is run once a call; 0 in functions that do not begin so.
    [[nodiscard]] std::size_t behind_stack_check() const {
        constexpr int kMostInstructions = 8;
        std::size_t behind = 0;
        std::size_t at = 0;
        for (int i = 0; i < kMostInstructions; ++i) {
            const auto one = decode(at);
            if (!one || (one->is_branch() && one->decoded.meta.category != ZYDIS_CATEGORY_COND_BR)) break;
            if (const auto to = one->is_branch() ? one->target(begin_ + at) : std::nullopt) {
                if (*to <= begin_ + at || *to - begin_ >= code_.size() || !begins_again(*to - begin_)) break;
                behind = at + one->decoded.length;
            }
            at += one->decoded.length;
        }
        return behind;
    }

    [[nodiscard]] std::span<const std::byte> bytes(std::size_t at, std::size_t size) const {
        return code_.subspan(at, size);
    }

  private:
    // Whether what is there calls something and then jumps to the entry.
    [[nodiscard]] bool begins_again(std::size_t at) const {
        bool calls = false;
        for (auto one = decode(at); one; one = decode(at)) {
            if (one->decoded.meta.category == ZYDIS_CATEGORY_UNCOND_BR)
                return calls && one->target(begin_ + at) == begin_;
            if (one->decoded.meta.category == ZYDIS_CATEGORY_CALL)
                calls = true;
            else if (one->is_branch())
                return false;
            at += one->decoded.length;
        }
        return false;
    }

    std::uint64_t begin_;
    std::span<const std::byte> code_;
    ZydisDecoder decoder_{};
};

}  // namespace

EntrySite entry_site(const elf::Image& image, const elf::Function& function, const Ability& ability,
                     const BranchTargets& targets) {
    const Code code(image, function);
    EntrySite result;
    Site& site = result.site;
    site.file_offset = function.file_offset;
    site.reason = "its bytes are no instruction";
    const auto first = code.decode(0);
    if (!first) return result;
    result.entry = kind_of(code.bytes(0, first->decoded.length), ability);
    result.ends_in_jump = function.size_bytes != 0 && code.leaves();
    const std::size_t behind_check = code.behind_stack_check();
    site.kind = SiteKind::SingleStepped;
    site.file_offset = function.file_offset + behind_check;
    site.into_function = static_cast<std::uint32_t>(behind_check);
    site.reason = "no instruction before its first branch is one that the kernel emulates";
    std::int32_t taken = 0;
    for (std::size_t at = 0; at < kMostInto;) {
        const auto one = code.decode(at);
        if (!one) break;
        if (at != 0 && targets.contains(function.address + at)) {
            site.reason = "a branch leads behind its entry before any instruction that the kernel emulates";
            break;
        }
        const SiteKind kind = kind_of(code.bytes(at, one->decoded.length), ability);
        if (at >= behind_check && is_quick(kind)) {
            site.kind = kind;
            site.file_offset = function.file_offset + at;
            site.into_function = static_cast<std::uint32_t>(at);
            site.stack_bytes = taken;
            site.reason = at == 0 ? "at the entry"
                          : behind_check != 0
                              ? "behind the check of its stack"
                              : "behind " + std::to_string(at) + " bytes that cannot be emulated";
            break;
        }
        const auto more = one->stack_taken();
        if ((one->is_branch() && at >= behind_check) || !more) break;
        taken += *more;
        if (taken > kMostStack || taken < -kMostStack) break;
        at += one->decoded.length;
    }
    return result;
}

}  // namespace catena::functions
