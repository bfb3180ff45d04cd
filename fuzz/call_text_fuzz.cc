// Any bytes as a recorded call, of any ABI and number with any registers and memory, can be written as text,
// and the text is printable: what comes from memory is quoted.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>

#include "sys/call_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {  // NOLINT(readability-identifier-naming)
    catena::sys::RawCall call;
    constexpr std::size_t kFixed = 4 + sizeof(call.args) + sizeof(call.ret);
    if (size < kFixed) return 0;
    call.abi = static_cast<catena::sys::Abi>(data[0] % 3);
    call.returned = (data[1] & 1U) != 0;
    call.nr = static_cast<std::uint32_t>(data[2] | data[3] << 8U) % 600;
    std::memcpy(call.args.data(), data + 4, sizeof(call.args));
    std::memcpy(&call.ret, data + 4 + sizeof(call.args), sizeof(call.ret));
    call.data = std::as_bytes(std::span(data + kFixed, size - kFixed));
    const std::string text = catena::sys::call_text(call);
    if (text.find(") = ") == std::string::npos) std::abort();
    if (std::ranges::any_of(text, [](char c) { return c < ' ' || c > '~'; })) std::abort();
    return 0;
}
