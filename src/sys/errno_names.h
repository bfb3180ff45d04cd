// Names of error numbers.
#pragma once

#include <cstdint>
#include <string>

namespace catena::sys {

// The kernel's MAX_ERRNO (include/linux/err.h): a result below its negative is no error number.
inline constexpr std::int64_t kMaxErrno = 4095;

// "EACCES" for 13, also those only the kernel uses ("ERESTARTSYS"); the number as text for an unknown one.
std::string errno_name(int number);

}  // namespace catena::sys
