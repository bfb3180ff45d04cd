// ObjectCode: what the code and the data of one ELF file say by themselves: its functions, who calls whom,
// who refers to which pointers, and what its instructions that enter the kernel ask for. It depends on
// nothing but the bytes of the file, so it can be kept between runs.
//
// Every address in code belongs to one function here: what no symbol and no table covers belongs to the
// function before it. So whatever refers to code refers to a function, and a function that is reached stands
// for all that lies in its range. Passive data.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "callgraph/instruction.h"

namespace catena::callgraph {

inline constexpr std::uint32_t kNone = ~std::uint32_t{0};

struct CodeFunction {
    std::uint64_t address = 0;
    std::uint64_t end = 0;  // where the next one begins, or code ends
    std::string name;       // as in the file; empty where it has none
    bool part = false;      // jumped to, not called
    bool exported = false;  // other files can bind to it
    bool indirect_call = false;
    bool indirect_jump = false;
    bool returns = true;  // false: it has no way to return to who called it
};

enum class EdgeKind : std::uint8_t {
    Call,
    Jump,   // a tail call, or to a part of the same function that lies elsewhere
    Falls,  // its last instruction leads on into the next function
    Table,  // an entry of a jump table
    Takes,  // takes the address of it
};

struct Edge {
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    EdgeKind kind = EdgeKind::Call;
    std::uint64_t at = 0;  // the instruction
};

// A place in data that holds an address when the program runs.
enum class PointerKind : std::uint8_t {
    Code,      // of this file; `to` is the function
    Data,      // of this file; it leads to pointers first…last
    Resolver,  // what the function `to` returns when the loader calls it
    Symbol,    // what the loader binds a name to
};

struct Pointer {
    std::uint64_t at = 0;
    PointerKind kind = PointerKind::Code;
    std::uint32_t to = kNone;
    std::uint32_t first = 0;  // pointers [first, last) that lie where this one leads
    std::uint32_t last = 0;
};

// Code refers to pointers [first, last): calls through one, reads one, or takes the address of what holds
// them.
struct Use {
    std::uint32_t from = 0;
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    bool call = false;
    std::uint64_t at = 0;
};

// Whose life makes a call possible.
enum class When : std::uint8_t {
    Reached,  // `owner` can run
    Taken,    // the address of `owner` is taken by something that can run: any argument is possible
};

// What an instruction that enters the kernel can ask for, by the way through `owner`.
struct CallFact {
    std::uint32_t owner = 0;
    std::uint32_t function = 0;  // that holds the instruction
    std::uint64_t address = 0;   // of it
    Door door = Door::Syscall;
    When when = When::Reached;
    bool resolved = true;
    std::vector<std::uint32_t> numbers;  // in order
    std::string reason;                  // where it is not resolved
    // Counts only where the loader binds this pointer to another file.
    std::uint32_t elsewhere = kNone;
};

// What an argument can be where an instruction makes a call that has a rule (sys/argument_rules.h), by the
// way through `owner`.
struct ArgumentFact {
    std::uint32_t owner = 0;
    std::uint32_t function = 0;  // that holds the instruction
    When when = When::Reached;
    std::uint32_t number = 0;   // of the call
    std::uint8_t argument = 0;  // 0 is the first
    bool known = false;
    std::vector<std::uint64_t> values;  // of which only the lower half counts
    std::string reason;                 // where they are not known
    std::uint32_t elsewhere = kNone;    // as in CallFact
};

inline constexpr std::uint8_t kNoRegister = 0xff;
inline constexpr std::uint8_t kTheNumber = 0xff;  // in the place of an argument

// A function that other files can call and that makes the call whose number it is given, or a call one of
// whose arguments it is given.
struct Wrapper {
    std::uint32_t function = 0;          // that is called
    std::uint8_t parameter = 0;          // register, by its number in instructions
    std::uint8_t argument = kTheNumber;  // what it becomes
    Door door = Door::Syscall;
    std::uint32_t number = 0;  // of the call that the argument is of
    std::uint32_t holder = 0;  // that holds the instruction
    // Of one that is given the number: where it is given the arguments; kNoRegister: not in a register.
    std::array<std::uint8_t, 6> given{};
    std::uint64_t address = 0;  // of the instruction that enters the kernel

    friend bool operator==(const Wrapper&, const Wrapper&) = default;
};

// What a call through a pointer, or of a function of the same file, passes in a register, by the way through
// `owner`.
struct PassedValues {
    std::uint32_t from = 0;     // that calls
    std::uint32_t pointer = 0;  // kNone: it calls `own`
    std::uint32_t own = kNone;
    std::uint8_t parameter = 0;
    // Where the function is given the number of a call and its arguments, and this is one of these: the
    // number.
    std::uint32_t number = kNone;
    std::uint32_t owner = 0;
    When when = When::Reached;
    bool known = false;
    std::vector<std::uint64_t> values;
    std::string reason;               // where they are not known
    std::uint32_t elsewhere = kNone;  // as in CallFact
};

// What a text names.
enum class TextKind : std::uint8_t {
    File,      // a library that is opened (dlopen)
    Function,  // that is looked up (dlsym)
    Nss,       // a function of modules of the name service switch
    Engine,    // of OpenSSL
    Provider,  // of OpenSSL
    Report,    // what glibc's loader prints of the kernel where it is asked for diagnostics
};

// A text by which something is opened or looked up, by the way through `owner`.
struct NamedText {
    std::uint32_t owner = 0;
    When when = When::Reached;
    TextKind kind = TextKind::File;
    bool known = false;
    std::vector<std::string> texts;
};

// Calls of `to`, or through `pointer`, in `from` that no way leads to as long as what is assumed there holds.
struct Arm {
    std::uint32_t from = 0;
    std::uint32_t to = kNone;
    std::uint32_t pointer = kNone;

    friend bool operator==(const Arm&, const Arm&) = default;
};

// A variable whose place and size a symbol tells.
struct Variable {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

struct ObjectCode {
    std::vector<CodeFunction> functions;  // in order of address
    std::vector<Edge> edges;              // in order of `from`
    std::vector<Pointer> pointers;        // in order of `at`
    std::vector<Use> uses;                // in order of `from`
    std::vector<CallFact> calls;
    std::vector<ArgumentFact> arguments;
    std::vector<Wrapper> wrappers;
    std::vector<PassedValues> passed;
    std::vector<NamedText> texts;
    std::vector<Arm> event_arms;     // of kinds of event sources that this file never makes
    std::vector<Arm> argument_arms;  // of functions that the file itself passes constants; in order of `from`
    // Where the pointers of a piece of data begin and end: pieces[i]…pieces[i + 1], as addresses.
    std::vector<std::uint64_t> pieces;
    std::vector<Variable> variables;  // in order; they do not overlap
    std::uint32_t entry = kNone;
    bool go = false;  // Go's linker made it: functions are found by tables that are not pointers
    std::vector<std::string> doubts;
};

}  // namespace catena::callgraph
