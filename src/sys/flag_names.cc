#include "sys/flag_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
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

namespace {

std::optional<std::uint64_t> number_from(std::string_view text) {
    const int base = text.starts_with("0x") ? 16 : 10;
    if (base == 16) text.remove_prefix(2);
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::optional<std::uint64_t> bits_named(std::string_view name, std::span<const FlagRow> rows) {
    const auto row = std::ranges::find(rows, name, &FlagRow::name);
    if (row == rows.end()) return std::nullopt;
    return row->bits;
}

std::optional<std::uint64_t> number_named(std::string_view name, std::span<const NumberRow> rows) {
    const auto row = std::ranges::find(rows, name, &NumberRow::name);
    if (row == rows.end()) return std::nullopt;
    return row->number;
}

std::optional<std::uint64_t> signal_from(std::string_view name) {
    constexpr std::string_view kRealTime = "SIGRT_";
    if (!name.starts_with(kRealTime)) return number_named(name, kSignals);
    const auto number = number_from(name.substr(kRealTime.size()));
    return number && *number <= 32 ? std::optional(*number + 32) : std::nullopt;
}

// One name between the bars.
std::optional<std::uint64_t> flag_from(FlagSet set, std::string_view name) {
    switch (set) {
        case FlagSet::Open: {
            const auto mode = std::ranges::find(kAccessModes, name);
            if (mode != std::end(kAccessModes))
                return static_cast<std::uint64_t>(mode - std::begin(kAccessModes));
            return bits_named(name, kOpenFlags);
        }
        case FlagSet::MmapProt:
            return name == "PROT_NONE" ? std::optional<std::uint64_t>(0) : bits_named(name, kMmapProt);
        case FlagSet::MmapFlags:
            return bits_named(name, kMmapFlags);
        case FlagSet::Clone: {
            const auto bits = bits_named(name, kCloneFlags);
            return bits ? bits : signal_from(name);
        }
        case FlagSet::Signal:
            return signal_from(name);
        case FlagSet::Family:
            return number_named(name, kSocketFamilies);
        case FlagSet::SocketType: {
            const auto bits = bits_named(name, kSocketTypeFlags);
            return bits ? bits : number_named(name, kSocketTypes);
        }
        case FlagSet::Ptrace:
            return number_named(name, kPtraceRequests);
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> flags_from(FlagSet set, std::string_view text) {
    std::uint64_t sum = 0;
    while (true) {
        const std::size_t bar = std::min(text.find('|'), text.size());
        const std::string_view name = text.substr(0, bar);
        auto bits = flag_from(set, name);
        if (!bits) bits = number_from(name);
        if (!bits) return std::nullopt;
        sum |= *bits;
        if (bar == text.size()) return sum;
        text.remove_prefix(bar + 1);
    }
}

}  // namespace catena::sys
