#include "sys/flag_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>

#include "sys/flag_names_table.h"

namespace catena::sys {
namespace {

// Appends the names of the bits that are set, then what is left in hexadecimal.
void append_bits(std::string& text, std::uint64_t bits, std::span<const FlagRow> rows) {
    const auto append = [&](std::string_view name) {
        if (!text.empty()) text += '|';
        text += name;
    };
    for (const FlagRow& row : rows) {
        if ((bits & row.bits) != row.bits) continue;
        append(row.name);
        bits &= ~row.bits;
    }
    if (bits != 0) append(fmt::format("{:#x}", bits));
}

std::string number_name(std::uint32_t number, std::span<const NumberRow> rows) {
    const auto row = std::ranges::find(rows, number, &NumberRow::number);
    return row != rows.end() ? std::string(row->name) : std::to_string(number);
}

}  // namespace

std::string open_flags(std::uint32_t flags) {
    std::string text(kAccessModes[flags & 3]);
    append_bits(text, flags & ~3U, kOpenFlags);
    return text;
}

std::string mmap_prot(std::uint32_t prot) {
    if (prot == 0) return "PROT_NONE";
    std::string text;
    append_bits(text, prot, kMmapProt);
    return text;
}

std::string mmap_flags(std::uint32_t flags) {
    std::string text;
    append_bits(text, flags, kMmapFlags);
    return text.empty() ? "0" : text;
}

std::string clone_flags(std::uint64_t flags) {
    std::string text;
    append_bits(text, flags & ~0xffULL, kCloneFlags);
    if (const int signal = static_cast<int>(flags & 0xff); signal != 0) {
        if (!text.empty()) text += '|';
        text += signal_name(signal);
    }
    return text.empty() ? "0" : text;
}

std::string signal_name(int number) {
    if (number >= 32 && number <= 64) return fmt::format("SIGRT_{}", number - 32);
    if (number < 0) return std::to_string(number);
    return number_name(static_cast<std::uint32_t>(number), kSignals);
}

std::string socket_family(std::uint32_t family) { return number_name(family, kSocketFamilies); }

std::string socket_type(std::uint32_t type) {
    std::string text = number_name(type & 0xf, kSocketTypes);
    append_bits(text, type & ~0xfU, kSocketTypeFlags);
    return text;
}

std::string ptrace_request(std::uint32_t request) { return number_name(request, kPtraceRequests); }

}  // namespace catena::sys
