// Compressed input, whole or broken, ends in lines or in an error, and never in more lines than bytes came
// out.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "import/lines.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const int fd = ::memfd_create("fuzz", MFD_CLOEXEC);
    if (::write(fd, data, size) != static_cast<ssize_t>(size)) std::abort();
    ::lseek(fd, 0, SEEK_SET);
    auto lines = catena::import::LineReader::open("/proc/self/fd/" + std::to_string(fd));
    if (lines) {
        static_cast<void>(lines->head());
        std::uint64_t number = 0;
        // A few bytes can stand for gigabytes: enough has been seen.
        for (auto line = lines->next(); line && *line && number < 10'000; line = lines->next()) {
            if ((*line)->number != ++number) std::abort();
        }
    }
    ::close(fd);
    return 0;
}
