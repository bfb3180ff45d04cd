// A record of function calls that lies about its length or its count is refused, and of one that does not
// each call comes out as it is in the record; a profile then has each of them once.
//
// The input is the record behind its header, whose size is that of the input.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "event/batch.h"
#include "functions/call_profile.h"
#include "sensor/decoder.h"
#include "wire/functions.h"

namespace {

// What the record has, by its layout alone: -1 where it has less than it says.
std::int64_t calls_in(std::span<const std::uint8_t> record) {
    constexpr std::size_t kHead = offsetof(cat_function_calls, call);
    if (record.size() < kHead) return -1;
    std::uint32_t count = 0;
    std::memcpy(&count, record.data() + offsetof(cat_function_calls, count), sizeof count);
    const bool fits =
        count <= CAT_FUNCTION_BLOCK && kHead + count * sizeof(cat_function_call) <= record.size();
    return fits ? std::int64_t{count} : -1;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {  // NOLINT(readability-identifier-naming)
    // As the ring buffer hands it over: of the size it has and not a byte more, so that a read beyond is
    // seen.
    std::vector<std::uint8_t> record(sizeof(cat_header) + size);
    cat_header header{};
    header.type = CAT_FUNCTION_CALLS;
    header.size = static_cast<std::uint32_t>(record.size());
    header.ts_ns = 1;
    std::memcpy(record.data(), &header, sizeof header);
    if (size != 0) std::memcpy(record.data() + sizeof header, data, size);

    catena::sensor::Decoder decoder(0);
    catena::event::Batch batch;
    const bool decoded = decoder.decode(std::as_bytes(std::span(record)), batch);
    const std::int64_t count = calls_in(record);
    if (decoded != (count >= 0)) std::abort();
    const std::size_t told = batch.function_calls.size() + batch.function_returns.size();
    if (told != static_cast<std::size_t>(decoded ? count : 0)) std::abort();

    catena::functions::CallProfile profile;
    for (const auto& call : batch.function_calls) profile.add(call);
    for (const auto& end : batch.function_returns) profile.leave(end);
    std::uint64_t calls = profile.overflowed();
    for (const auto& node : profile.nodes()) calls += node.calls;
    if (calls != batch.function_calls.size()) std::abort();
    return 0;
}
