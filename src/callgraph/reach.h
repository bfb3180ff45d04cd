// Reach: which functions of a program can run, and through what.
//
// Starts with the entries and adds what they call, what the pointers that they use lead to, and what they
// take the address of, until nothing is added. A call through a register or through memory can lead to any
// function whose address something that can run takes or reads, and to no other. Owns its state; borrows the
// Linked. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "callgraph/linked.h"

namespace catena::callgraph {

struct FunctionRef {
    std::uint32_t object = kNone;
    std::uint32_t function = kNone;

    friend bool operator==(const FunctionRef&, const FunctionRef&) = default;
};

// How a function came to be reached: the first way, which is a shortest one.
enum class Via : std::uint8_t {
    Entry,
    Call,
    Jump,
    Taken,     // its address is taken
    Data,      // its address is in data that is used
    Slot,      // called through a slot that the loader binds
    Name,      // found by its name (dlsym)
    Resolver,  // called by the loader to bind a pointer
};

struct Origin {
    FunctionRef from;  // nothing for entries
    Via via = Via::Entry;
    std::uint32_t entry = kNone;  // index in Linked::entries
};

// What a call through a pointer passes to a wrapper: the number of a call, or an argument of one.
struct PassedNumber {
    FunctionRef caller;
    FunctionRef wrapper;
    Wrapper what;
    FunctionRef owner;  // counts where this one can run, or where its address is known
    When when = When::Reached;
    bool known = false;
    std::vector<std::uint64_t> values;
    std::string reason;               // where they are not known
    std::uint32_t elsewhere = kNone;  // as in CallFact
};

struct OpenedName {
    FunctionRef by;
    TextKind kind = TextKind::File;
    std::string name;
};

class Reach {
  public:
    explicit Reach(const Linked& linked);

    void run();

    [[nodiscard]] bool reached(FunctionRef ref) const;
    // Its address is known to something that can run: its arguments can be anything.
    [[nodiscard]] bool taken(FunctionRef ref) const;
    [[nodiscard]] const Origin& origin(FunctionRef ref) const;
    [[nodiscard]] const std::vector<PassedNumber>& passed() const { return passed_; }
    // What is opened by name by what can run (other than functions), and the functions that give an unknown
    // name.
    [[nodiscard]] const std::vector<OpenedName>& opened() const { return opened_; }
    [[nodiscard]] const std::vector<OpenedName>& opens_unknown() const { return opens_unknown_; }
    // The gate that keeps a function back that is known to what can run; kNone where none does.
    [[nodiscard]] std::uint32_t kept_back_by(FunctionRef ref) const;
    [[nodiscard]] bool is_open(std::uint32_t gate) const { return open_gates_[gate]; }

  private:
    enum class Level : std::uint8_t { No, Executed, Reached };
    struct State {
        Level level = Level::No;
        bool taken = false;
        bool queued = false;
        Origin origin;
    };
    // A function that waits for its gate to be opened.
    struct Waiting {
        FunctionRef to;
        Origin origin;
        Level level = Level::Reached;
        bool taken = false;
    };

    [[nodiscard]] const ObjectCode& code(std::uint32_t object) const { return *linked_.objects[object].code; }
    void reach(FunctionRef to, const Origin& origin, Level level = Level::Reached);
    void take(FunctionRef to, const Origin& origin);
    bool wait(const Waiting& function);
    void open_gate(std::uint32_t gate);
    void turn_keys(FunctionRef ref);
    void turn_flag_keys(FunctionRef to, const Origin& origin);
    void turn_flag_keys(FunctionRef from, std::uint32_t pointer, FunctionRef to);
    void turn_own_flag_keys(FunctionRef owner, When when);
    void take_place(const Place& place, const Origin& origin);
    void use_piece(const Place& place, const Origin& origin);
    void use_pointer(std::uint32_t object, std::uint32_t pointer, const Origin& origin);
    void call_pointer(FunctionRef from, std::uint32_t pointer);
    void resolve(FunctionRef resolver, const Origin& origin);
    void go_through(FunctionRef ref);
    void follow_edges(FunctionRef ref, Level level);
    bool wait_to_call(FunctionRef from, std::uint32_t pointer);
    void turn_outer_keys(FunctionRef to, const Origin& origin);
    void follow_uses(FunctionRef ref);
    void follow_texts(FunctionRef ref);
    void note_unknown_texts();
    template <class Look>
    bool look_at_passed(FunctionRef from, std::uint32_t pointer, std::uint8_t parameter, std::uint32_t number,
                        Look look) const;
    void note_passed(FunctionRef from, std::uint32_t pointer, FunctionRef to);
    void note_passed(FunctionRef from, std::uint32_t pointer, FunctionRef to, const Wrapper& wrapper,
                     std::uint32_t number);

    const Linked& linked_;
    std::vector<std::vector<State>> states_;        // by object and function
    std::vector<std::vector<bool>> used_pointers_;  // by object and pointer
    std::deque<FunctionRef> open_;
    std::vector<PassedNumber> passed_;
    std::vector<OpenedName> opened_;
    std::vector<OpenedName> opens_unknown_;
    std::vector<bool> open_gates_;
    std::vector<std::vector<Waiting>> waiting_;  // by gate
    std::vector<std::vector<std::pair<FunctionRef, std::uint32_t>>>
        waiting_calls_;  // through pointers, by gate
};

}  // namespace catena::callgraph
