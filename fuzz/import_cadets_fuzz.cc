// Whatever bytes a log holds, its import ends, keeps its accounts, and describes no more than it read.
#include "import_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    catena::import::import_bytes("cadets", std::string_view(reinterpret_cast<const char*>(data), size));
    return 0;
}
