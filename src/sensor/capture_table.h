// The kernel's table of what to capture of each call, from the calls' signatures.
#pragma once

#include <span>

#include "wire/capture.h"

namespace catena::sensor {

// `rows` are those of all ABIs, CAT_ABIS times CAT_CALL_NUMBERS.
void fill_captures(std::span<cat_captures> rows);

}  // namespace catena::sensor
