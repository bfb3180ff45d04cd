// Whatever bytes a file holds, its functions are found in bounded time and memory, lie in the file, are in
// order, and their names can be shown.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "elf/demangle.h"
#include "elf/functions.h"
#include "elf/image.h"

namespace {

void check(const catena::elf::Image& image, const std::vector<catena::elf::Function>& functions) {
    const std::size_t size = image.bytes().size();
    const catena::elf::Function* before = nullptr;
    for (const catena::elf::Function& each : functions) {
        if (before != nullptr && before->address >= each.address) std::abort();
        if (each.file_offset >= size || each.size_bytes > size - each.file_offset) std::abort();
        if (image.file_offset(each.address) != each.file_offset) std::abort();
        if (catena::elf::demangle(each.name).size() > catena::elf::kMaxDemangledBytes + each.name.size())
            std::abort();
        before = &each;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {  // NOLINT(readability-identifier-naming)
    const auto image = catena::elf::Image::from_bytes(std::as_bytes(std::span(data, size)), "fuzz");
    if (!image) return 0;
    const auto functions = catena::elf::functions(*image, {.debug_roots = {}});
    if (functions) check(*image, *functions);
    return 0;
}
