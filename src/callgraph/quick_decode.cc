// Encodings: Intel SDM, volume 2, chapter 2 and appendix A. Known are opcodes of one byte and of two behind
// 0f, with one REX prefix at most. Any other prefix, and whatever is rare or not valid in all its forms, is
// left to Zydis; the tests compare both over all forms.
#include "callgraph/quick_decode.h"

#include <array>
#include <cstring>

namespace catena::callgraph {
namespace {

constexpr std::size_t kMaxLength = 15;

// What follows an opcode.
enum Form : std::uint8_t {
    Unknown = 0,
    Known = 1,
    Modrm = 2,
    Byte = 4,   // an immediate
    Word = 8,   // one of 32 bits
    Near = 16,  // a distance of 32 bits
    Short = 32,
};
using Forms = std::array<std::uint8_t, 256>;

constexpr void set(Forms& forms, unsigned first, unsigned last, unsigned form) {
    for (unsigned opcode = first; opcode <= last; ++opcode)
        forms[opcode] = static_cast<std::uint8_t>(Known | form);
}

constexpr Forms kShort = [] {
    Forms forms{};
    for (unsigned arithmetic = 0; arithmetic < 0x40; arithmetic += 8) {
        set(forms, arithmetic, arithmetic + 3, Modrm);
        set(forms, arithmetic + 4, arithmetic + 4, Byte);
        set(forms, arithmetic + 5, arithmetic + 5, Word);
    }
    set(forms, 0x50, 0x5f, 0);             // push, pop
    set(forms, 0x63, 0x63, Modrm);         // movsxd
    set(forms, 0x68, 0x68, Word);          // push
    set(forms, 0x69, 0x69, Modrm | Word);  // imul
    set(forms, 0x6a, 0x6a, Byte);
    set(forms, 0x6b, 0x6b, Modrm | Byte);
    set(forms, 0x70, 0x7f, Short);         // branches
    set(forms, 0x80, 0x80, Modrm | Byte);  // arithmetic
    set(forms, 0x81, 0x81, Modrm | Word);
    set(forms, 0x83, 0x83, Modrm | Byte);
    set(forms, 0x84, 0x8b, Modrm);  // test, xchg, mov
    set(forms, 0x8d, 0x8d, Modrm);  // lea
    set(forms, 0x98, 0x99, 0);      // cdqe, cdq
    set(forms, 0xa8, 0xa8, Byte);   // test
    set(forms, 0xa9, 0xa9, Word);
    set(forms, 0xb0, 0xb7, Byte);  // mov
    set(forms, 0xb8, 0xbf, Word);
    set(forms, 0xc0, 0xc1, Modrm | Byte);  // shifts
    set(forms, 0xc3, 0xc3, 0);             // ret
    set(forms, 0xc6, 0xc6, Modrm | Byte);  // mov
    set(forms, 0xc7, 0xc7, Modrm | Word);
    set(forms, 0xc9, 0xc9, 0);  // leave
    set(forms, 0xd0, 0xd3, Modrm);
    set(forms, 0xe8, 0xe9, Near);   // call, jmp
    set(forms, 0xeb, 0xeb, Short);  // jmp
    set(forms, 0xf6, 0xf7, Modrm);  // not, neg, mul, div
    set(forms, 0xff, 0xff, Modrm);  // inc, dec, call, jmp, push
    return forms;
}();

constexpr Forms kLong = [] {
    Forms forms{};
    set(forms, 0x1f, 0x1f, Modrm);  // nop
    set(forms, 0x40, 0x4f, Modrm);  // cmov
    set(forms, 0x80, 0x8f, Near);   // branches
    set(forms, 0x90, 0x9f, Modrm);  // set
    set(forms, 0xaf, 0xaf, Modrm);  // imul
    set(forms, 0xb6, 0xb7, Modrm);  // movzx
    set(forms, 0xbe, 0xbf, Modrm);  // movsx
    return forms;
}();

// Whether an opcode whose meaning hangs on three bits of its ModRM byte is known with these.
bool is_known(unsigned opcode, unsigned modrm) {
    const unsigned group = modrm >> 3U & 7U;
    switch (opcode) {
        case 0x8d:
            return modrm < 0xc0;  // in memory
        case 0xc0:
        case 0xc1:
        case 0xd0:
        case 0xd1:
        case 0xd2:
        case 0xd3:
            return group != 6;
        case 0xc6:
        case 0xc7:
            return group == 0;
        case 0xf6:
        case 0xf7:
            return group >= 2;  // without an immediate
        case 0xff:
            return group == 0 || group == 1 || group == 2 || group == 4 || group == 6;
        default:
            return true;
    }
}

Flow flow_of(unsigned opcode, unsigned modrm) {
    if (opcode == 0xe8) return Flow::Call;
    if (opcode == 0xe9 || opcode == 0xeb) return Flow::Jump;
    if (opcode >= 0x70 && opcode <= 0x7f) return Flow::Branch;
    if (opcode == 0xc3) return Flow::Return;
    if (opcode != 0xff) return Flow::Next;
    const unsigned group = modrm >> 3U & 7U;
    return group == 2 ? Flow::CallIndirect : group == 4 ? Flow::JumpIndirect : Flow::Next;
}

// Reads on; there are always enough bytes.
class Cursor {
  public:
    explicit Cursor(std::span<const std::byte> code) : code_(code) {}
    unsigned byte() { return std::to_integer<unsigned>(code_[at_++]); }
    [[nodiscard]] unsigned next() const { return std::to_integer<unsigned>(code_[at_]); }
    std::uint64_t signed_byte() { return static_cast<std::uint64_t>(static_cast<std::int8_t>(byte())); }
    std::uint64_t signed_word() {
        std::int32_t value = 0;
        std::memcpy(&value, code_.data() + at_, sizeof value);
        at_ += sizeof value;
        return static_cast<std::uint64_t>(std::int64_t{value});
    }
    void skip(std::size_t bytes) { at_ += bytes; }
    [[nodiscard]] std::size_t at() const { return at_; }

  private:
    std::span<const std::byte> code_;
    std::size_t at_ = 0;
};

// Where a ModRM byte says that an operand is.
struct Operand {
    unsigned modrm = 0;
    std::optional<std::uint64_t> distance;  // of 32 bits
    bool relative = false;                  // from the end of the instruction
};

Operand read_operand(Cursor& code) {
    Operand operand{.modrm = code.byte()};
    const unsigned mod = operand.modrm >> 6U;
    if (mod == 3) return operand;
    bool wide = mod == 2;
    if ((operand.modrm & 7U) == 4) {
        const unsigned base = code.byte() & 7U;
        wide = wide || (mod == 0 && base == 5);
    } else if (mod == 0 && (operand.modrm & 7U) == 5) {
        operand.relative = wide = true;
    }
    if (wide) operand.distance = code.signed_word();
    if (mod == 1) code.skip(1);
    return operand;
}

}  // namespace

std::optional<Instruction> decode_quickly(std::uint64_t address, std::span<const std::byte> bytes) {
    if (bytes.size() < kMaxLength) return std::nullopt;
    Cursor code(bytes);
    unsigned rex = 0;
    if ((code.next() & 0xf0U) == 0x40) rex = code.byte();
    unsigned opcode = code.byte();
    const bool longer = opcode == 0x0f;
    if (longer) opcode = code.byte();
    const unsigned form = (longer ? kLong : kShort)[opcode];
    if (form == Unknown) return std::nullopt;
    // A constant of 64 bits.
    if (!longer && (rex & 8U) != 0 && opcode >= 0xb8 && opcode <= 0xbf) return std::nullopt;
    Operand operand;
    if ((form & Modrm) != 0) {
        operand = read_operand(code);
        if (!longer && !is_known(opcode, operand.modrm)) return std::nullopt;
    }
    Instruction result{.address = address};
    if ((form & Byte) != 0) code.skip(1);
    if ((form & Word) != 0) result.immediate = code.signed_word();
    if ((form & Near) != 0) result.target = code.signed_word();
    if ((form & Short) != 0) result.target = code.signed_byte();
    result.length = static_cast<std::uint8_t>(code.at());
    if ((form & (Near | Short)) != 0) result.target += address + result.length;
    result.flow = !longer ? flow_of(opcode, operand.modrm) : (form & Near) != 0 ? Flow::Branch : Flow::Next;
    result.padding = longer && opcode == 0x1f;
    if (operand.relative) {
        const bool word = !longer && (opcode <= 0x8b || opcode == 0xc6 || opcode == 0xc7 || opcode == 0xff);
        result.reference = !longer && opcode == 0x8d ? Reference::Address
                           : word                    ? Reference::Word
                                                     : Reference::Wide;
        result.memory = address + result.length + *operand.distance;
    } else {
        result.displacement = operand.distance;
    }
    return result;
}

}  // namespace catena::callgraph
