// How many files this process can have open.
#pragma once

#include <cstddef>

#include "base/result.h"

namespace catena::sys {

// Raises the limit, where need be and as far as may be, so that so many more can be opened. The error says
// what the limit is, and how it is raised.
base::Status allow_open_files(std::size_t more);

}  // namespace catena::sys
