// Trace: where a value that a function was given comes from: backwards through calls, as far as this file
// shows it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "callgraph/abstract_value.h"
#include "callgraph/code_scan.h"
#include "callgraph/function_flows.h"
#include "callgraph/private_pointers.h"
#include "elf/image.h"

namespace catena::callgraph {

// What the value is where `owner` can run, or where its address is known to something that can run.
struct TracedValue {
    std::uint32_t owner = 0;
    When when = When::Reached;
    bool known = false;
    std::vector<std::uint64_t> values;
    std::string reason;  // where it is not known
    // Counts only where the loader binds this pointer to another file.
    std::uint32_t elsewhere = kNone;
    std::vector<AbstractValue> companions;  // where it is known: as `owner` knows them
};

// A value, and others that are passed on together with it: the number of a call, and its arguments.
struct TracedWith {
    AbstractValue value;
    std::vector<AbstractValue> companions;
    // Whether what a caller left in a structure counts as what is read there. What was written to it
    // meanwhile is not seen, so that this is for what is never changed: numbers of calls.
    bool through_structures = true;
};

// The register in which a function was given the value; kNoRegister where it was not.
[[nodiscard]] std::uint8_t register_of(const AbstractValue& value);

// Borrows all that it is given. One thread.
class ValueTracer {
  public:
    ValueTracer(const elf::Image& image, const Scan& scan, FunctionFlows& flows);

    using Found = std::function<void(TracedValue)>;
    // A function that other files can call gives what it was given in this register (kNoRegister: on the
    // stack, or behind an address).
    using Exported = std::function<void(std::uint32_t function, std::uint8_t parameter,
                                        const std::vector<AbstractValue>& companions)>;
    void trace(std::uint32_t function, const TracedWith& value, const Found& found, const Exported& exported);

  private:
    void resolve(std::uint32_t owner, const TracedWith& traced, unsigned depth);
    void resolve_parameter(std::uint32_t function, const TracedWith& traced, unsigned depth);
    void resolve_at_calls(std::uint32_t caller, std::uint32_t function, const TracedWith& traced,
                          unsigned depth);
    void resolve_at_pointers(std::uint32_t function, const TracedWith& traced, unsigned depth);
    void resolve_global(std::uint32_t owner, const TracedWith& traced, unsigned depth);
    void unknown(std::uint32_t owner, std::string reason, When when = When::Reached);
    [[nodiscard]] std::string name_of(std::uint32_t function) const;

    const elf::Image& image_;
    const Scan& scan_;
    FunctionFlows& flows_;
    std::unordered_map<std::uint32_t, std::vector<const Edge*>> callers_;
    std::map<std::uint32_t, PointerUses> pointer_uses_;
    std::set<std::tuple<std::uint32_t, AbstractValue, std::vector<AbstractValue>>> seen_;
    const Found* found_ = nullptr;
    const Exported* exported_ = nullptr;
};

}  // namespace catena::callgraph
