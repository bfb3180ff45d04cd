// libiberty's demanglers hand their output over in pieces. That is why they are used and not
// abi::__cxa_demangle, which makes the whole string first: substitutions double in each step, so that a short
// name can fill the memory (docs/decisions/0030). A piece too many ends it by an exception, which passes
// through libiberty's frames: they own nothing.
#include "elf/demangle.h"

#include <libiberty/demangle.h>

#include <cstddef>

namespace catena::elf {
namespace {

// libiberty's own limit of recursion holds names up to 1,024 bytes, shorter than some of real programs.
// Beyond that, their length limits the recursion.
constexpr std::size_t kMaxLimitedBytes = 1024;
constexpr std::size_t kMaxMangledBytes = 4096;

struct TooLong {};

void append(const char* text, std::size_t length, void* to) {
    auto& result = *static_cast<std::string*>(to);
    if (result.size() + length > kMaxDemangledBytes) throw TooLong();
    result.append(text, length);
}

bool is_mangled(std::string_view name) { return name.starts_with("_Z") || name.starts_with("_R"); }

}  // namespace

std::string demangle(const std::string& name) {
    if (!is_mangled(name) || name.size() > kMaxMangledBytes) return name;
    const int options =
        DMGL_PARAMS | DMGL_ANSI | (name.size() > kMaxLimitedBytes ? DMGL_NO_RECURSE_LIMIT : 0);
    std::string result;
    try {
        // Rust first: its old names are valid ones of C++, too.
        if (rust_demangle_callback(name.c_str(), options, append, &result) != 0) return result;
        result.clear();
        if (cplus_demangle_v3_callback(name.c_str(), options, append, &result) != 0) return result;
    } catch (const TooLong&) {
        return name;
    }
    return name;
}

}  // namespace catena::elf
