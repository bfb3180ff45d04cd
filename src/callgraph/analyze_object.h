// The analysis of one file: its code and data, and what its instructions that enter the kernel ask for.
#pragma once

#include "base/result.h"
#include "callgraph/object_code.h"
#include "elf/image.h"

namespace catena::callgraph {

// Depends on nothing but the bytes of the file. Errors as of scan_code().
[[nodiscard]] base::Result<ObjectCode> analyze_object(const elf::Image& image);

}  // namespace catena::callgraph
