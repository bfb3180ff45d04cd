#include "functions/return_safety.h"

#include <algorithm>
#include <array>
#include <functional>
#include <span>
#include <string_view>

namespace catena::functions {
namespace {

// What raises exceptions in C++ (of GCC and of LLVM), D, Ada, Objective-C and Rust.
constexpr std::array<std::string_view, 8> kThrowers = {
    "__cxa_throw",  "libstdc++.so",         "libc++.so",  "_d_throw",
    "__gnat_raise", "objc_exception_throw", "rust_panic", "rust_begin_unwind"};

bool mentions(std::string_view text, std::string_view name) {
    return std::search(text.begin(), text.end(),
                       std::boyer_moore_horspool_searcher(name.begin(), name.end())) != text.end();
}

std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

std::string why_no_return_probes(const elf::Image& image) {
    constexpr const char* kGo = "Go's runtime does not survive a probe there";
    for (const char* section : {".gopclntab", ".go.buildinfo", ".note.go.buildid"}) {
        if (image.section(section) != nullptr) return kGo;
    }
    constexpr const char* kThrows = "an exception would not get past a probe there";
    const std::string_view file = text_of(image.bytes());
    if (mentions(file, std::string_view("\xff Go buildinf:"))) return kGo;
    for (const std::string_view thrower : kThrowers) {
        if (mentions(file, thrower)) return kThrows;
    }
    // libgcc's own is in every static program; one that takes it from the shared library uses it.
    const elf::Section* names = image.section(".dynstr");
    if (names != nullptr && mentions(text_of(names->content), "_Unwind_RaiseException")) return kThrows;
    return "";
}

}  // namespace catena::functions
