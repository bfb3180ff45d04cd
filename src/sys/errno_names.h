// Names of error numbers.
#pragma once

#include <string>

namespace catena::sys {

// "EACCES" for 13, also those only the kernel uses ("ERESTARTSYS"); the number as text for an unknown one.
std::string errno_name(int number);

}  // namespace catena::sys
