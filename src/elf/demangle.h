// Names as people wrote them: of C++ (Itanium ABI) and of Rust, both its old and its new mangling.
#pragma once

#include <string>
#include <string_view>

namespace catena::elf {

// A result that would be longer than this stays mangled: a name of 200 bytes can stand for gigabytes.
inline constexpr std::size_t kMaxDemangledBytes = std::size_t{1} << 16U;

// "ns::f(int)" for "_ZN2ns1fEi", "mycrate::example" for "_RNvCs1234_7mycrate7example" and for
// "_ZN7mycrate7example17h0123456789abcdefE" (without its hash). What the compiler added stays behind it: "f()
// [clone .cold]". What is not mangled, or cannot be read, comes back as it is.
//
// Needs about 2 MiB of stack for the longest names.
[[nodiscard]] std::string demangle(const std::string& name);

}  // namespace catena::elf
