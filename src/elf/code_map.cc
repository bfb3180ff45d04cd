#include "elf/code_map.h"

#include <algorithm>
#include <iterator>

namespace catena::elf {
namespace {

bool begins_with(std::span<const std::byte> code, std::initializer_list<unsigned> bytes) {
    return code.size() >= bytes.size() &&
           std::equal(bytes.begin(), bytes.end(), code.begin(),
                      [](unsigned want, std::byte is) { return want == std::to_integer<unsigned>(is); });
}

// jmp *x(%rip), with or without endbr64 and bnd before it; or the table's head: push x(%rip), jmp *y(%rip).
bool looks_like_stub(std::span<const std::byte> code) {
    if (begins_with(code, {0xf3, 0x0f, 0x1e, 0xfa})) code = code.subspan(4);
    if (begins_with(code, {0xff, 0x35}) && code.size() > 6) code = code.subspan(6);
    if (begins_with(code, {0x68}) && code.size() > 5)
        return begins_with(code.subspan(5), {0xe9}) || begins_with(code.subspan(5), {0xf2, 0xe9});
    return begins_with(code, {0xff, 0x25}) || begins_with(code, {0xf2, 0xff, 0x25});
}

}  // namespace

CodeMap::CodeMap(const Image& image) : image_(image) {
    for (const Section& each : image.sections()) {
        constexpr std::uint64_t kCode = SHF_ALLOC | SHF_EXECINSTR;
        if ((each.flags & kCode) != kCode || each.size_bytes == 0) continue;
        if (each.size_bytes > ~each.address) continue;
        ranges_.push_back({.begin = each.address,
                           .end = each.address + each.size_bytes,
                           .plt = each.name.starts_with(".plt") || each.name == ".iplt"});
    }
    std::ranges::sort(ranges_, {}, &Range::begin);
}

const CodeMap::Range* CodeMap::range_of(std::uint64_t address) const {
    const auto after = std::ranges::upper_bound(ranges_, address, {}, &Range::begin);
    if (after == ranges_.begin() || address >= std::prev(after)->end) return nullptr;
    return &*std::prev(after);
}

bool CodeMap::is_plt(std::uint64_t address) const {
    if (ranges_.empty()) return looks_like_stub(image_.bytes_from(address));
    const Range* range = range_of(address);
    return range != nullptr && range->plt;
}

std::vector<std::uint64_t> CodeMap::begins() const {
    std::vector<std::uint64_t> addresses;
    for (const Range& each : ranges_) {
        if (!each.plt) addresses.push_back(each.begin);
    }
    for (const Segment& each : image_.segments()) {
        if (ranges_.empty() && each.executable) addresses.push_back(each.address);
    }
    return addresses;
}

std::span<const std::byte> CodeMap::code_from(std::uint64_t address) const {
    if (!image_.is_executable(address)) return {};
    const auto rest = image_.bytes_from(address);
    if (ranges_.empty()) return rest;
    const Range* range = range_of(address);
    if (range == nullptr) return {};
    return rest.first(std::min<std::uint64_t>(rest.size(), range->end - address));
}

}  // namespace catena::elf
