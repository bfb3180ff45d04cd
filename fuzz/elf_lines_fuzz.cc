// Whatever DWARF a file holds, to ask for its lines ends. The reader is libdw: what is tested is what we give
// it, and how we walk through what it gives back.
#include <cstddef>
#include <cstdint>
#include <span>

#include "elf/image.h"
#include "elf/lines.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {  // NOLINT(readability-identifier-naming)
    const auto image = catena::elf::Image::from_bytes(std::as_bytes(std::span(data, size)), "fuzz");
    if (!image) return 0;
    constexpr std::uint64_t kPlaces = 8;
    catena::elf::Lines lines(*image, {});
    for (const catena::elf::Segment& each : image->segments()) {
        for (std::uint64_t i = 0; each.executable && i < kPlaces; ++i) {
            const std::uint64_t address = each.address + each.file_bytes / kPlaces * i;
            (void)lines.at(address);
            (void)lines.function_line(address);
        }
    }
    return 0;
}
