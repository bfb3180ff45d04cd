// Any name comes back within the bound, and without taking long.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "elf/demangle.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {  // NOLINT(readability-identifier-naming)
    const std::string rest(reinterpret_cast<const char*>(data), size);
    for (const char* prefix : {"_Z", "_ZN", "_R"}) {
        const std::string name = prefix + rest;
        if (catena::elf::demangle(name).size() > catena::elf::kMaxDemangledBytes + name.size()) std::abort();
    }
    return 0;
}
