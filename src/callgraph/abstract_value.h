// AbstractValue: what is known of a 64-bit value at one place in a function, whatever the way to there.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

namespace catena::callgraph {

// Sets of more values than this are no longer sets: anything is possible.
inline constexpr std::size_t kMaxValues = 96;

class AbstractValue {
  public:
    enum class Kind : std::uint8_t {
        Any,
        Set,            // one of values()
        Entry,          // what register `index` held when the function was entered
        EntrySlot,      // what lay at `offset` from the stack pointer then
        Frame,          // the address `offset` from the stack pointer then
        EntryPointee,   // what lay `pointee_offset` behind the address in register `index` at entry
        Global,         // what lies at the fixed address `offset` of the file
        GlobalPointee,  // what lies `pointee_offset` behind the address that lies there
        LowByte,        // one of values() in the lowest byte, anything above
    };

    AbstractValue() = default;
    static AbstractValue any() { return {}; }
    static AbstractValue constant(std::uint64_t value);
    static AbstractValue set(std::vector<std::uint64_t> values, Kind kind = Kind::Set);
    static AbstractValue entry(unsigned register_index);
    static AbstractValue entry_slot(std::int64_t offset);
    static AbstractValue frame(std::int64_t offset);
    static AbstractValue global(std::uint64_t address);
    // What a load from an address gives, where the address is what a parameter or a global variable holds.
    static AbstractValue pointee(const AbstractValue& base, std::int64_t displacement);

    [[nodiscard]] Kind kind() const { return kind_; }
    [[nodiscard]] bool is_set() const { return kind_ == Kind::Set; }
    [[nodiscard]] bool is_frame() const { return kind_ == Kind::Frame; }
    [[nodiscard]] std::int64_t offset() const { return offset_; }
    [[nodiscard]] std::int64_t pointee_offset() const { return pointee_offset_; }
    [[nodiscard]] unsigned register_index() const { return static_cast<unsigned>(offset_); }
    [[nodiscard]] const std::vector<std::uint64_t>& values() const { return values_; }
    // The lower half is at most `bound`, which is less than kMaxValues. What is nothing else becomes a set.
    [[nodiscard]] AbstractValue bounded(std::uint64_t bound) const;
    // The set, where there is a bound; else the same.
    [[nodiscard]] AbstractValue expanded() const;
    // It may be, or may lead to, an address that is followed (FlowQuestion::followed).
    [[nodiscard]] bool marked() const { return marked_; }
    [[nodiscard]] AbstractValue with_mark(bool marked) const;

    // What is possible where either this or the other is.
    [[nodiscard]] AbstractValue join(const AbstractValue& other) const;
    // Each value of a set changed; anything else becomes unknown.
    [[nodiscard]] AbstractValue map(const std::function<std::uint64_t(std::uint64_t)>& change) const;

    friend auto operator<=>(const AbstractValue&, const AbstractValue&) = default;

  private:
    Kind kind_ = Kind::Any;
    std::int64_t offset_ = 0;
    std::int64_t pointee_offset_ = 0;
    std::vector<std::uint64_t> values_;  // in order, each once
    std::uint64_t bound_ = kMaxValues;   // of what the function was given; kMaxValues: none
    bool marked_ = false;
};

inline constexpr unsigned kRegisters = 16;
inline constexpr unsigned kRax = 0;
inline constexpr unsigned kRcx = 1;
inline constexpr unsigned kRdx = 2;
inline constexpr unsigned kRsp = 4;
inline constexpr unsigned kRbp = 5;
inline constexpr unsigned kRsi = 6;
inline constexpr unsigned kRdi = 7;
inline constexpr std::array kParameterRegisters = {kRdi, kRsi, kRdx, kRcx, 8U, 9U};  // of C functions
inline constexpr std::array kArgumentRegisters = {kRdi, kRsi, kRdx, 10U, 8U, 9U};    // of system calls

// Registers and the slots of the stack that hold something known.
struct AbstractState {
    std::vector<AbstractValue> registers = std::vector<AbstractValue>(kRegisters);
    std::map<std::int64_t, AbstractValue> slots;  // of 8 bytes, by offset from the stack pointer at entry
    bool escaped = false;                         // an address of the frame is known elsewhere
    bool entry_slots = true;                      // what the caller left on the stack is still there
    bool hidden_marks = false;                    // a marked value is on the stack, nobody knows where

    // Where a function is entered by its beginning.
    static AbstractState at_entry();
    // Takes in what is possible by another way; whether that changed anything.
    bool join(const AbstractState& other);
    // Nothing is known of what lies on the stack.
    void forget_slots();
    [[nodiscard]] bool has_marked_slots() const;

    friend bool operator==(const AbstractState&, const AbstractState&) = default;
};

}  // namespace catena::callgraph
