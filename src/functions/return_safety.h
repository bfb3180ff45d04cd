// Whether probes on the returns of functions would harm a program. Such a probe puts another return address
// on the stack, and whoever looks there for the way back gets lost: Go's runtime, which moves stacks and
// walks them, and what unwinds the stack for an exception.
#pragma once

#include <string>

#include "elf/image.h"

namespace catena::functions {

// Why not, in words that follow "its return: "; empty where they do no harm as far as the file tells. A file
// that only mentions what throws exceptions counts as one that does.
[[nodiscard]] std::string why_no_return_probes(const elf::Image& image);

}  // namespace catena::functions
