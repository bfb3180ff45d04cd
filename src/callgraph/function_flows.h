// Function flows: what registers hold at the calls of each function of one file, worked out when first asked
// for.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "callgraph/code_scan.h"
#include "callgraph/value_flow.h"
#include "elf/image.h"

namespace catena::callgraph {

// Borrows the image and the scan, whose functions must not change meanwhile. One thread.
class FunctionFlows {
  public:
    FunctionFlows(const elf::Image& image, const Scan& scan) : image_(image), scan_(scan) {}

    // In order of address; stays where it is.
    const std::vector<FlowPoint>& of(std::uint32_t function);
    // The point at this instruction; nullptr where nothing is noted of it.
    const FlowPoint* at(std::uint32_t function, std::uint64_t address);
    // The same as `of`, with marks on what can come from the followed addresses; not kept.
    [[nodiscard]] std::vector<FlowPoint> marked(std::uint32_t function,
                                                const std::vector<DataRange>& followed,
                                                std::uint32_t marked_entry) const;
    // The same as `of`, where something more is known; not kept.
    [[nodiscard]] std::vector<FlowPoint> assuming(std::uint32_t function, const Assumed& assumed) const;
    // With a point where a parameter is stored in an object; not kept.
    [[nodiscard]] std::vector<FlowPoint> with_stored_parameters(std::uint32_t function) const;
    // The slot behind a stub that is called directly; 0 where the target is no stub.
    [[nodiscard]] std::uint64_t slot_of_stub(std::uint64_t target) const;
    // The name that the loader looks up for a stub; empty where the target is none.
    [[nodiscard]] std::string_view symbol_of_stub(std::uint64_t target) const;

  private:
    [[nodiscard]] std::string_view symbol_of_slot(std::uint64_t slot) const;
    [[nodiscard]] bool never_returns(std::uint64_t target) const;
    [[nodiscard]] bool returns_twice(std::uint64_t target, std::uint64_t slot) const;
    // What is asked beside the function itself is in `question`.
    [[nodiscard]] std::vector<FlowPoint> follow(std::uint32_t function, FlowQuestion question) const;

    const elf::Image& image_;
    const Scan& scan_;
    std::map<std::uint32_t, std::vector<FlowPoint>> flows_;
};

// What memory holds that the loader lets nobody write, and has nothing written to itself. Borrows the image.
[[nodiscard]] std::function<std::optional<std::uint64_t>(std::uint64_t address, unsigned bytes)> constants_of(
    const elf::Image& image);

}  // namespace catena::callgraph
