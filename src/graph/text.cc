#include "graph/text.h"

#include <fmt/format.h>

#include "event/escape.h"

namespace catena::graph {

std::string shown(std::string_view bytes, std::size_t width) {
    if (bytes.size() <= width) return event::escape_for_terminal(bytes);
    // Both halves end at the border of a character.
    std::size_t head = width / 2;
    std::size_t tail = bytes.size() - width / 2;
    const auto continues = [&](std::size_t i) {
        return (static_cast<unsigned char>(bytes[i]) & 0xC0) == 0x80;
    };
    for (int i = 0; i < 3 && head > 0 && continues(head); ++i) --head;
    for (int i = 0; i < 3 && tail + 1 < bytes.size() && continues(tail); ++i) ++tail;
    return event::escape_for_terminal(bytes.substr(0, head)) + "…" +
           event::escape_for_terminal(bytes.substr(tail));
}

std::string with_commas(std::uint64_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t i = digits.size(); i > 3;) {
        i -= 3;
        digits.insert(i, ",");
    }
    return digits;
}

std::string counted(std::uint64_t number, std::string_view singular, std::string_view plural) {
    if (number == 1) return fmt::format("1 {}", singular);
    if (plural.empty()) return fmt::format("{} {}s", with_commas(number), singular);
    return fmt::format("{} {}", with_commas(number), plural);
}

}  // namespace catena::graph
