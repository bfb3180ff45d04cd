// Whatever a file of the cache holds behind its hash, an answer is read from it or not; what was read is
// written as the same bytes, so nothing was made up and nothing left out.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "callgraph/known_calls.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {  // NOLINT(readability-identifier-naming)
    const auto bytes = std::as_bytes(std::span(data, size));
    const auto answer = catena::callgraph::KnownAnswer::read(bytes);
    if (answer && !std::ranges::equal(answer->written(), bytes)) std::abort();
    return 0;
}
