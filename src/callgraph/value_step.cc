#include "callgraph/value_step.h"

#include <algorithm>

#include "callgraph/value_arithmetic.h"

namespace catena::callgraph {
namespace {

class Change {
  public:
    Change(const Step& step, AbstractState& state, std::span<const DataRange> followed = {},
           const Assumed* assumed = nullptr)
        : step_(step), state_(state), followed_(followed), assumed_(assumed) {}

    void run() {
        reads_mark_ = !followed_.empty() && reads_mark();
        const bool frame = reads_frame();
        const bool somewhere = writes_somewhere_in_frame();
        change();
        if (somewhere) state_.forget_slots();
        if (frame && hides_frame()) state_.escaped = true;
    }

    [[nodiscard]] AbstractValue value_of(unsigned index) const { return read(index); }

    // Whether a value that it reads is marked, or lies behind a marked address.
    [[nodiscard]] bool reads_mark() const {
        // What else they read and write is the stack, at the stack pointer.
        const ZydisMnemonic mnemonic = step_.instruction.mnemonic;
        if (mnemonic == ZYDIS_MNEMONIC_PUSH) return operand_has_mark(operand(0));
        if (mnemonic == ZYDIS_MNEMONIC_POP) return has_mark(read_slot(stack_offset(), 8));
        if (mnemonic == ZYDIS_MNEMONIC_LEAVE) return false;
        for (unsigned i = 0; i < step_.instruction.operand_count; ++i) {
            const ZydisDecodedOperand& each = operand(i);
            const bool reads = (each.actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0 ||
                               (mnemonic == ZYDIS_MNEMONIC_LEA && i == 1);
            if (reads && operand_has_mark(each)) return true;
        }
        return false;
    }

    [[nodiscard]] bool writes_mark_out() const {
        if (step_.instruction.mnemonic == ZYDIS_MNEMONIC_PUSH) return !state_.registers[kRsp].is_frame();
        for (unsigned i = 0; i < step_.instruction.operand_count; ++i) {
            const ZydisDecodedOperand& each = operand(i);
            if ((each.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) == 0) continue;
            if (each.type == ZYDIS_OPERAND_TYPE_MEMORY) {
                const AbstractValue where = address_of(each);
                const bool back = where.is_set() && where.values().size() == 1 && is_followed(where);
                if (!where.is_frame() && !back) return true;
            } else if (each.type == ZYDIS_OPERAND_TYPE_REGISTER) {
                const auto kind = ZydisRegisterGetClass(each.reg.value);
                if (!part_of(each.reg.value) && kind != ZYDIS_REGCLASS_FLAGS && kind != ZYDIS_REGCLASS_IP)
                    return true;
            }
        }
        return false;
    }

    [[nodiscard]] bool is_followed(const AbstractValue& value) const {
        const auto in_any = [&](std::uint64_t each) { return is_in_any(followed_, each); };
        return value.is_set() && std::ranges::any_of(value.values(), in_any);
    }
    [[nodiscard]] bool has_mark(const AbstractValue& value) const {
        return value.is_set() ? is_followed(value) : value.marked();
    }
    [[nodiscard]] bool register_has_mark(ZydisRegister name) const {
        const auto part = part_of(name);
        return part && has_mark(state_.registers[part->index]);
    }

    [[nodiscard]] bool operand_has_mark(const ZydisDecodedOperand& each) const {
        if (each.type == ZYDIS_OPERAND_TYPE_REGISTER) return register_has_mark(each.reg.value);
        if (each.type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
            return is_followed(AbstractValue::constant(each.imm.value.u));
        if (each.type != ZYDIS_OPERAND_TYPE_MEMORY) return false;
        const AbstractValue where = address_of(each);
        if (where.is_frame()) return slots_have_mark(where.offset(), std::max(each.size / 8, 1));
        const bool stack = state_.escaped || is_frame(each.mem.base) || is_frame(each.mem.index);
        if (stack && !where.is_set() && (state_.hidden_marks || state_.has_marked_slots())) return true;
        return is_followed(where) || register_has_mark(each.mem.base) || register_has_mark(each.mem.index);
    }

    // How many bytes of what the caller left on the stack, above the return address, it can read.
    [[nodiscard]] std::uint64_t caller_bytes() const {
        constexpr std::uint64_t kAll = 4096;
        std::uint64_t bytes = 0;
        for (unsigned i = 0; i < step_.instruction.operand_count_visible; ++i) {
            const ZydisDecodedOperand& each = operand(i);
            if (each.type != ZYDIS_OPERAND_TYPE_MEMORY) continue;
            const AbstractValue where = address_of(each);
            if (!where.is_frame()) {
                if (is_frame(each.mem.base) || is_frame(each.mem.index)) bytes = kAll;
                continue;
            }
            const std::int64_t end = where.offset() + std::max(each.size / 8, 8) - 8;
            if (end <= 0) continue;
            bytes = step_.instruction.mnemonic == ZYDIS_MNEMONIC_LEA
                        ? kAll
                        : std::max(bytes, static_cast<std::uint64_t>(end));
        }
        return bytes;
    }

  private:
    void change() {
        switch (step_.instruction.mnemonic) {
            case ZYDIS_MNEMONIC_MOV:
                return write(0, read(1));
            case ZYDIS_MNEMONIC_MOVZX:
                return write(0, widen(read(1), false));
            case ZYDIS_MNEMONIC_MOVSX:
            case ZYDIS_MNEMONIC_MOVSXD:
                return write(0, widen(read(1), true));
            case ZYDIS_MNEMONIC_CDQE:
            case ZYDIS_MNEMONIC_CWDE:
                return extend_rax();
            case ZYDIS_MNEMONIC_LEA:
                return write(0, address_of(operand(1)));
            case ZYDIS_MNEMONIC_XCHG:
                return exchange();
            case ZYDIS_MNEMONIC_PUSH:
                return push(read(0));
            case ZYDIS_MNEMONIC_POP:
                return pop();
            case ZYDIS_MNEMONIC_LEAVE:
                state_.registers[kRsp] = state_.registers[kRbp];
                return pop_into(kRbp);
            default:
                break;
        }
        if (step_.flow == Flow::Call || step_.flow == Flow::CallIndirect) return call();
        if (step_.door != Door::None) return enter_kernel();
        if (arithmetic()) return;
        anything_else();
    }

    [[nodiscard]] std::int64_t stack_offset() const { return state_.registers[kRsp].offset(); }

    [[nodiscard]] bool slots_have_mark(std::int64_t offset, std::int64_t bytes) const {
        if (state_.hidden_marks) return true;
        for (auto slot = state_.slots.lower_bound(offset - 7);
             slot != state_.slots.end() && slot->first < offset + bytes; ++slot) {
            if (has_mark(slot->second)) return true;
        }
        return false;
    }

    [[nodiscard]] bool is_frame(ZydisRegister name) const {
        const auto part = part_of(name);
        return part && state_.registers[part->index].is_frame();
    }

    // It writes to the frame at a distance that is not known: an array on the stack.
    [[nodiscard]] bool writes_somewhere_in_frame() const {
        for (unsigned i = 0; i < step_.instruction.operand_count_visible; ++i) {
            const ZydisDecodedOperand& each = operand(i);
            if (each.type != ZYDIS_OPERAND_TYPE_MEMORY ||
                (each.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) == 0)
                continue;
            if ((is_frame(each.mem.base) || is_frame(each.mem.index)) && !address_of(each).is_frame())
                return true;
        }
        return false;
    }

    // After an instruction that reads an address of the frame: whether what it wrote is one, too, which is no
    // longer seen to be one. What is taken from the stack pointer itself is below all that is known there.
    [[nodiscard]] bool hides_frame() const {
        const ZydisMnemonic mnemonic = step_.instruction.mnemonic;
        for (unsigned i = 0; i < step_.instruction.operand_count_visible; ++i) {
            const ZydisDecodedOperand& each = operand(i);
            if ((each.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) == 0) continue;
            if (each.type == ZYDIS_OPERAND_TYPE_MEMORY && mnemonic != ZYDIS_MNEMONIC_MOV &&
                mnemonic != ZYDIS_MNEMONIC_PUSH)
                return true;
            if (each.type != ZYDIS_OPERAND_TYPE_REGISTER) continue;
            const auto part = part_of(each.reg.value);
            if (!part) return true;
            const AbstractValue& written = state_.registers[part->index];
            if (part->index != kRsp && !written.is_frame() && !written.is_set()) return true;
        }
        return false;
    }

    // What an instruction reads from the stack can be an address of the stack.
    [[nodiscard]] bool slots_have_frame(const ZydisDecodedOperand& memory) const {
        if (!is_frame(memory.mem.base) && !is_frame(memory.mem.index)) return false;
        const AbstractValue where = address_of(memory);
        return std::ranges::any_of(state_.slots, [&](const auto& slot) {
            const bool read =
                !where.is_frame() || (slot.first > where.offset() - 8 &&
                                      slot.first < where.offset() + std::max(memory.size / 8, 1));
            return read && slot.second.is_frame();
        });
    }

    // An address of the stack goes into what is written.
    [[nodiscard]] bool reads_frame() const {
        for (unsigned i = 0; i < step_.instruction.operand_count_visible; ++i) {
            const ZydisDecodedOperand& each = operand(i);
            const bool reads = (each.actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0;
            if (reads && each.type == ZYDIS_OPERAND_TYPE_REGISTER && is_frame(each.reg.value)) return true;
            if (reads && each.type == ZYDIS_OPERAND_TYPE_MEMORY && slots_have_frame(each)) return true;
            if (step_.instruction.mnemonic == ZYDIS_MNEMONIC_LEA && each.type == ZYDIS_OPERAND_TYPE_MEMORY &&
                (is_frame(each.mem.base) || is_frame(each.mem.index)))
                return true;
        }
        return false;
    }

    [[nodiscard]] AbstractValue mark(const AbstractValue& value) {
        if (followed_.empty() || value.is_frame()) return value;
        return value.with_mark(value.is_set() ? is_followed(value) : reads_mark_);
    }

    [[nodiscard]] const ZydisDecodedOperand& operand(unsigned index) const { return step_.operands[index]; }

    [[nodiscard]] AbstractValue address_of(const ZydisDecodedOperand& memory) const {
        if (memory.type != ZYDIS_OPERAND_TYPE_MEMORY || memory.mem.segment == ZYDIS_REGISTER_FS ||
            memory.mem.segment == ZYDIS_REGISTER_GS)
            return {};
        const auto displacement = static_cast<std::uint64_t>(memory.mem.disp.value);
        if (memory.mem.base == ZYDIS_REGISTER_RIP)
            return AbstractValue::constant(step_.next() + displacement);
        AbstractValue value = AbstractValue::constant(0);
        if (memory.mem.index != ZYDIS_REGISTER_NONE) {
            const auto part = part_of(memory.mem.index);
            if (!part) return {};
            value = state_.registers[part->index].map(
                [&](std::uint64_t each) { return each * memory.mem.scale; });
        }
        if (memory.mem.base != ZYDIS_REGISTER_NONE) {
            const auto part = part_of(memory.mem.base);
            if (!part) return {};
            value = sum(value, state_.registers[part->index]);
        }
        return sum(value, AbstractValue::constant(displacement));
    }

    [[nodiscard]] AbstractValue read_slot(std::int64_t offset, unsigned bytes) const {
        const auto found = state_.slots.find(offset);
        if (found != state_.slots.end()) {
            if (bytes == 8) return found->second;
            const bool same = found->second.kind() == AbstractValue::Kind::EntrySlot ||
                              found->second.kind() == AbstractValue::Kind::Entry;
            if (bytes == 4 && same) return found->second;
            return found->second.map([&](std::uint64_t each) { return each & mask_of(bytes); });
        }
        const bool caller = offset >= 8 && offset % 8 == 0 && offset < 256 && state_.entry_slots;
        if (caller && bytes >= 4 && !state_.escaped) return AbstractValue::entry_slot(offset);
        return AbstractValue{}.with_mark(state_.hidden_marks);
    }

    [[nodiscard]] AbstractValue read(unsigned index) const {
        const ZydisDecodedOperand& from = operand(index);
        if (from.type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
            return AbstractValue::constant(from.imm.is_signed ? static_cast<std::uint64_t>(from.imm.value.s)
                                                              : from.imm.value.u);
        if (from.type == ZYDIS_OPERAND_TYPE_MEMORY) {
            const AbstractValue where = address_of(from);
            if (where.is_frame()) return read_slot(where.offset(), from.size / 8);
            if (const auto known = read_assumed(from, where)) return *known;
            return from.size >= 32 ? read_elsewhere(from, where) : AbstractValue{};
        }
        if (from.type != ZYDIS_OPERAND_TYPE_REGISTER) return {};
        const auto part = part_of(from.reg.value);
        if (!part) return {};
        const AbstractValue& whole = state_.registers[part->index];
        if (part->high) return whole.map([](std::uint64_t each) { return each >> 8U & 0xffU; });
        return cut(whole, part->bytes);
    }

    [[nodiscard]] std::optional<AbstractValue> read_assumed(const ZydisDecodedOperand& from,
                                                            const AbstractValue& where) const {
        if (assumed_ == nullptr) return std::nullopt;
        if (assumed_->field && is_field(from, assumed_->field->displacement))
            return AbstractValue::set(assumed_->field->values);
        if (!where.is_set() || !assumed_->constant) return std::nullopt;
        std::vector<std::uint64_t> values;
        for (const std::uint64_t each : where.values()) {
            const auto value = assumed_->constant(each, from.size / 8);
            if (!value) return std::nullopt;
            values.push_back(*value);
        }
        return AbstractValue::set(std::move(values));
    }

    // A word of memory that is not on the stack: where it is, if that much is known.
    [[nodiscard]] AbstractValue read_elsewhere(const ZydisDecodedOperand& from,
                                               const AbstractValue& where) const {
        if (from.mem.base == ZYDIS_REGISTER_RIP && where.is_set())
            return AbstractValue::global(where.values()[0]);
        const auto part = part_of(from.mem.base);
        const bool plain = from.mem.index == ZYDIS_REGISTER_NONE && from.mem.segment != ZYDIS_REGISTER_FS &&
                           from.mem.segment != ZYDIS_REGISTER_GS;
        if (!part || !plain) return {};
        return AbstractValue::pointee(state_.registers[part->index], from.mem.disp.value);
    }

    [[nodiscard]] AbstractValue widen(const AbstractValue& value, bool sign) const {
        const unsigned bytes = operand(1).size / 8;
        if (value.is_set()) {
            return value.map([&](std::uint64_t each) {
                const std::uint64_t top = std::uint64_t{1} << (bytes * 8 - 1);
                each &= mask_of(bytes);
                return sign && (each & top) != 0 ? each | ~mask_of(bytes) : each;
            });
        }
        return bytes == 4 ? value : AbstractValue{};
    }

    void set_register(const RegisterPart& part, const AbstractValue& value) {
        AbstractValue& target = state_.registers[part.index];
        const bool marked = value.marked() || (part.bytes < 4 && target.marked());
        set_part(part, value, target);
        if (!target.is_set()) target = target.with_mark(marked);
    }

    void write(unsigned index, const AbstractValue& plain) {
        const AbstractValue value = mark(plain);
        const ZydisDecodedOperand& to = operand(index);
        if (to.type == ZYDIS_OPERAND_TYPE_REGISTER) {
            if (const auto part = part_of(to.reg.value)) set_register(*part, value);
        } else if (to.type == ZYDIS_OPERAND_TYPE_MEMORY) {
            store(address_of(to), to.size / 8, value);
        }
    }

    void store(const AbstractValue& where, unsigned bytes, const AbstractValue& value) {
        if (!where.is_frame()) {
            if (value.is_frame()) state_.escaped = true;
            if (state_.escaped && !where.is_set()) state_.forget_slots();
            return;
        }
        const std::int64_t offset = where.offset();
        // Of what is overwritten in part, something is left.
        for (auto slot = state_.slots.lower_bound(offset - 7);
             slot != state_.slots.end() && slot->first < offset + std::int64_t{bytes}; ++slot) {
            const bool whole = slot->first >= offset && slot->first + 8 <= offset + std::int64_t{bytes};
            if (slot->second.marked() && !whole) state_.hidden_marks = true;
        }
        state_.slots.erase(state_.slots.lower_bound(offset - 7),
                           state_.slots.lower_bound(offset + std::max<std::int64_t>(bytes, 1)));
        if (offset >= 0) state_.entry_slots = false;
        if (offset >= 0 && bytes == 0) state_.forget_slots();
        if (value.marked() && bytes != 8) state_.hidden_marks = true;
        const bool unknown =
            value.kind() == AbstractValue::Kind::Any || value.kind() == AbstractValue::Kind::LowByte;
        if (unknown && !value.marked()) return;
        if (bytes == 8 || (bytes == 4 && !value.is_frame())) state_.slots[offset] = value;
    }

    void push(const AbstractValue& value) {
        AbstractValue& stack = state_.registers[kRsp];
        stack = sum(stack, AbstractValue::constant(~std::uint64_t{7}));
        store(stack, 8, mark(value));
    }

    void pop() {
        const ZydisDecodedOperand& to = operand(0);
        const auto part = to.type == ZYDIS_OPERAND_TYPE_REGISTER ? part_of(to.reg.value) : std::nullopt;
        if (part && part->bytes == 8) return pop_into(part->index);
        anything_else();
    }

    void pop_into(unsigned index) {
        AbstractValue& stack = state_.registers[kRsp];
        const AbstractValue value = stack.is_frame() ? read_slot(stack.offset(), 8) : AbstractValue{};
        stack = sum(stack, AbstractValue::constant(8));
        if (index != kRsp) state_.registers[index] = value;
    }

    void exchange() {
        const AbstractValue first = read(0);
        const AbstractValue second = read(1);
        write(0, second);
        write(1, first);
    }

    void extend_rax() {
        const bool whole = step_.instruction.mnemonic == ZYDIS_MNEMONIC_CDQE;
        AbstractValue& rax = state_.registers[kRax];
        if (rax.kind() == AbstractValue::Kind::Entry || rax.kind() == AbstractValue::Kind::EntrySlot) {
            if (!whole) rax = {};
            return;
        }
        rax = rax.map([&](std::uint64_t each) {
            return whole ? static_cast<std::uint64_t>(std::int64_t{static_cast<std::int32_t>(each)})
                         : static_cast<std::uint32_t>(std::int32_t{static_cast<std::int16_t>(each)});
        });
    }

    void call() {
        for (unsigned i = 0; i < kRegisters; ++i) {
            if (i != kRsp && i != kRbp && state_.registers[i].is_frame()) state_.escaped = true;
        }
        for (const auto& [offset, value] : state_.slots) {
            if (value.is_frame() && offset >= outgoing())
                state_.escaped = state_.escaped || is_argument(offset);
        }
        if (state_.escaped) state_.forget_slots();
        for (const unsigned each : {kRax, kRcx, kRdx, kRsi, kRdi, 8U, 9U, 10U, 11U})
            state_.registers[each] = {};
    }

    // Addresses of the frame in what the called function can see of the stack.
    [[nodiscard]] std::int64_t outgoing() const {
        const AbstractValue& stack = state_.registers[kRsp];
        return stack.is_frame() ? stack.offset() : -(std::int64_t{1} << 40U);
    }
    [[nodiscard]] bool is_argument(std::int64_t offset) const { return offset - outgoing() < 256; }

    void enter_kernel() {
        for (const unsigned each : {kRax, kRcx, 11U}) state_.registers[each] = {};
        // The kernel writes where arguments point to, which can be the frame.
        for (const unsigned each : {kRdi, kRsi, kRdx, 10U, 8U, 9U}) {
            if (state_.registers[each].is_frame()) state_.forget_slots();
        }
        if (state_.escaped) state_.forget_slots();
    }

    bool arithmetic() {
        const ZydisMnemonic mnemonic = step_.instruction.mnemonic;
        if (mnemonic >= ZYDIS_MNEMONIC_CMOVB && mnemonic <= ZYDIS_MNEMONIC_CMOVZ) {
            write(0, read(0).join(read(1)));
            return true;
        }
        if (mnemonic >= ZYDIS_MNEMONIC_SETB && mnemonic <= ZYDIS_MNEMONIC_SETZ) {
            write(0, AbstractValue::set({0, 1}));
            return true;
        }
        if (step_.instruction.operand_count_visible == 1) return one_operand(mnemonic);
        return step_.instruction.operand_count_visible == 2 && two_operands(mnemonic);
    }

    bool one_operand(ZydisMnemonic mnemonic) {
        std::uint64_t (*change)(std::uint64_t) = nullptr;
        if (mnemonic == ZYDIS_MNEMONIC_NOT) change = [](std::uint64_t each) { return ~each; };
        if (mnemonic == ZYDIS_MNEMONIC_NEG) change = [](std::uint64_t each) { return ~each + 1; };
        if (mnemonic == ZYDIS_MNEMONIC_INC) change = [](std::uint64_t each) { return each + 1; };
        if (mnemonic == ZYDIS_MNEMONIC_DEC) change = [](std::uint64_t each) { return each - 1; };
        if (change == nullptr) return false;
        write(0, read(0).map(change));
        return true;
    }

    [[nodiscard]] bool same_register() const {
        return operand(0).type == ZYDIS_OPERAND_TYPE_REGISTER &&
               operand(1).type == ZYDIS_OPERAND_TYPE_REGISTER && operand(0).reg.value == operand(1).reg.value;
    }

    bool two_operands(ZydisMnemonic mnemonic) {
        if (mnemonic == ZYDIS_MNEMONIC_CMP || mnemonic == ZYDIS_MNEMONIC_TEST) return true;
        const bool same = same_register();
        if ((mnemonic == ZYDIS_MNEMONIC_XOR || mnemonic == ZYDIS_MNEMONIC_SUB) && same) {
            write(0, AbstractValue::constant(0));
            return true;
        }
        if (mnemonic == ZYDIS_MNEMONIC_SBB && same) {
            write(0, AbstractValue::set({0, ~std::uint64_t{0}}));
            return true;
        }
        const AbstractValue by = read(1);
        if (!by.is_set() || by.values().size() != 1) return false;
        return by_constant(mnemonic, by.values()[0]);
    }

    bool by_constant(ZydisMnemonic mnemonic, std::uint64_t by) {
        const AbstractValue value = read(0);
        switch (mnemonic) {
            case ZYDIS_MNEMONIC_ADD:
                write(0, sum(value, AbstractValue::constant(by)));
                return true;
            case ZYDIS_MNEMONIC_SUB:
                write(0, sum(value, AbstractValue::constant(~by + 1)));
                return true;
            case ZYDIS_MNEMONIC_ADC:
                write(0, sum(value, AbstractValue::set({by, by + 1})));
                return true;
            case ZYDIS_MNEMONIC_SBB:
                write(0, sum(value, AbstractValue::set({~by + 1, ~by})));
                return true;
            case ZYDIS_MNEMONIC_AND:
                write(0, masked(value, by));
                return true;
            case ZYDIS_MNEMONIC_OR:
                write(0, by == ~std::uint64_t{0} ? AbstractValue::constant(by)
                                                 : value.map([&](std::uint64_t each) { return each | by; }));
                return true;
            case ZYDIS_MNEMONIC_XOR:
                write(0, value.map([&](std::uint64_t each) { return each ^ by; }));
                return true;
            case ZYDIS_MNEMONIC_SHL:
                write(0, value.map([&](std::uint64_t each) { return by < 64 ? each << by : 0; }));
                return true;
            default:
                return false;
        }
    }

    // Forgets all that an instruction writes.
    void anything_else() {
        bool memory = false;
        for (unsigned i = 0; i < step_.instruction.operand_count; ++i) {
            const ZydisDecodedOperand& each = operand(i);
            if ((each.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) == 0) continue;
            if (each.type == ZYDIS_OPERAND_TYPE_REGISTER) {
                if (const auto part = part_of(each.reg.value)) state_.registers[part->index] = mark({});
            } else if (each.type == ZYDIS_OPERAND_TYPE_MEMORY) {
                memory = true;
                store(address_of(each), each.size / 8, mark({}));
            }
        }
        // One that is repeated writes more than its operand says.
        const bool repeated = (step_.instruction.attributes &
                               (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE)) != 0;
        if (memory && repeated) state_.forget_slots();
    }

    const Step& step_;
    AbstractState& state_;
    std::span<const DataRange> followed_;
    const Assumed* assumed_ = nullptr;
    bool reads_mark_ = false;
};

}  // namespace

void Step::apply(AbstractState& state, std::span<const DataRange> followed, const Assumed* assumed) const {
    Change(*this, state, followed, assumed).run();
}

std::optional<Compared> Step::compared(const AbstractState& state, const Assumed* assumed) const {
    const ZydisMnemonic mnemonic = instruction.mnemonic;
    const bool bits = mnemonic == ZYDIS_MNEMONIC_TEST || mnemonic == ZYDIS_MNEMONIC_AND;
    if (mnemonic != ZYDIS_MNEMONIC_CMP && !bits) return std::nullopt;
    AbstractState copy = state;
    const Change change(*this, copy, {}, assumed);
    Compared compared{change.value_of(0), change.value_of(1), operands[0].size / 8U};
    if (!bits) return compared;
    if (!compared.left.is_set() || !compared.right.is_set()) return std::nullopt;
    // With the same register twice, both are the same value of the set.
    const bool same = operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
                      operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
                      operands[0].reg.value == operands[1].reg.value;
    const AbstractValue common = same ? compared.left : common_bits(compared.left, compared.right);
    return Compared{common, AbstractValue::constant(0), compared.bytes};
}

std::vector<std::uint64_t> Step::jump_targets(const AbstractState& state) const {
    if (flow != Flow::JumpIndirect || operands[0].type != ZYDIS_OPERAND_TYPE_REGISTER) return {};
    AbstractState copy = state;
    const AbstractValue target = Change(*this, copy).value_of(0);
    return target.is_set() ? target.values() : std::vector<std::uint64_t>{};
}

std::optional<Step::StoredParameter> Step::stored_parameter(const AbstractState& state) const {
    const ZydisDecodedOperand& to = operands[0];
    if (instruction.mnemonic != ZYDIS_MNEMONIC_MOV || to.type != ZYDIS_OPERAND_TYPE_MEMORY || to.size != 32 ||
        to.mem.index != ZYDIS_REGISTER_NONE || !part_of(to.mem.base))
        return std::nullopt;
    AbstractState copy = state;
    const Change change(*this, copy);
    const AbstractValue value = change.value_of(1);
    if (value.kind() != AbstractValue::Kind::Entry || state.registers[part_of(to.mem.base)->index].is_frame())
        return std::nullopt;
    return StoredParameter{value.register_index(), to.mem.disp.value};
}

bool Step::goes_through_mark(const AbstractState& state, std::span<const DataRange> followed) const {
    if (flow != Flow::CallIndirect && flow != Flow::JumpIndirect) return false;
    AbstractState copy = state;
    return Change(*this, copy, followed).operand_has_mark(operands[0]);
}

bool Step::lets_mark_out(const AbstractState& state, std::span<const DataRange> followed) const {
    AbstractState copy = state;
    const Change change(*this, copy, followed);
    const auto marked = [&](unsigned index) { return change.has_mark(copy.registers[index]); };
    if (flow == Flow::Return) return marked(kRax) || marked(kRdx);
    if (door != Door::None) return std::ranges::any_of(kArgumentRegisters, marked);
    if (flow != Flow::Next) return false;
    return change.reads_mark() && change.writes_mark_out();
}

std::uint64_t Step::caller_bytes(const AbstractState& state) const {
    AbstractState copy = state;
    return Change(*this, copy).caller_bytes();
}

AbstractValue Step::stored_value(const AbstractState& state) const {
    if (instruction.mnemonic != ZYDIS_MNEMONIC_MOV) return {};
    AbstractState copy = state;
    return Change(*this, copy).value_of(1);
}

}  // namespace catena::callgraph
