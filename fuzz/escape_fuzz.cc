// Any bytes, written as text and read back, are the same bytes; and the text is valid UTF-8 without NUL.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "event/escape.h"

namespace {

void require_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = catena::event::utf8_length(text);
        if (length == 0 || text.front() == '\0') std::abort();
        text.remove_prefix(length);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {  // NOLINT(readability-identifier-naming)
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const std::string text = catena::event::escape(bytes);
    require_utf8(text);
    if (catena::event::unescape(text) != bytes) std::abort();
    require_utf8(catena::event::escape_for_terminal(bytes));
    static_cast<void>(catena::event::unescape(bytes));
    return 0;
}
