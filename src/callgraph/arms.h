// Arms: calls of a function that no way leads to, given what is known of values that it branches on.
//
// Kinds of event sources: systemd's event loop, which libnss_systemd.so has in it, keeps in each source the
// kind that it was made with, and does for children, signals and files what it does only for sources of
// these kinds. In a file whose one function that makes sources is only ever asked for others, those arms
// cannot run.
//
// Arguments: where all direct calls of a function pass constants in a register, what it does only for others
// cannot run unless something else calls it.
#pragma once

#include <cstdint>
#include <vector>

#include "callgraph/code_scan.h"
#include "callgraph/function_flows.h"
#include "callgraph/object_code.h"
#include "callgraph/trace_values.h"
#include "elf/image.h"

namespace catena::callgraph {

// Direct calls and jumps out of `function`, and calls through pointers, that no way leads to.
[[nodiscard]] std::vector<Arm> arms_without_way(const Scan& scan, FunctionFlows& flows,
                                                std::uint32_t function, const Assumed& assumed);

// Of functions that others can call (in programs without a library: of all), that enter the kernel or call
// one of the file that does, and that the few direct calls there are pass constants to. They have a way where
// the function is called otherwise.
[[nodiscard]] std::vector<Arm> arms_of_arguments(const elf::Image& image, const Scan& scan,
                                                 FunctionFlows& flows);

// Those that wait for event sources of kinds that the file never makes; none in other files.
[[nodiscard]] std::vector<Arm> arms_of_event_sources(const elf::Image& image, const Scan& scan,
                                                     FunctionFlows& flows, ValueTracer& tracer);

}  // namespace catena::callgraph
