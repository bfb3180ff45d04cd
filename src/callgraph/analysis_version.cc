#include "callgraph/analysis_version.h"

#include <Zydis/Zydis.h>
#include <elf.h>
#include <fmt/format.h>
#include <link.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "callgraph/stored_bytes.h"

namespace catena::callgraph {
namespace {

using Bytes = std::span<const std::byte>;

// Of an object in memory; the loader has checked its headers.
struct InMemory {
    const dl_phdr_info* info = nullptr;

    [[nodiscard]] Bytes segment(const ElfW(Phdr) & header) const {
        return {reinterpret_cast<const std::byte*>(info->dlpi_addr + header.p_vaddr), header.p_filesz};
    }
    [[nodiscard]] std::span<const ElfW(Phdr)> headers() const { return {info->dlpi_phdr, info->dlpi_phnum}; }

    [[nodiscard]] bool has(const void* address) const {
        const auto* place = static_cast<const std::byte*>(address);
        for (const ElfW(Phdr) & each : headers()) {
            const Bytes bytes = segment(each);
            if (each.p_type == PT_LOAD && place >= bytes.data() && place < bytes.data() + bytes.size())
                return true;
        }
        return false;
    }
};

constexpr std::size_t padded(std::size_t bytes) { return (bytes + 3) & ~std::size_t{3}; }

// The build id in a segment of notes; empty where there is none.
Bytes build_id(Bytes notes) {
    ElfW(Nhdr) note{};
    while (notes.size() >= sizeof note) {
        std::memcpy(&note, notes.data(), sizeof note);
        const std::size_t name = sizeof note;
        const std::size_t content = name + padded(note.n_namesz);
        const std::size_t end = content + padded(note.n_descsz);
        if (end > notes.size()) return {};
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
            std::memcmp(notes.data() + name, "GNU", 4) == 0)
            return notes.subspan(content, note.n_descsz);
        notes = notes.subspan(end);
    }
    return {};
}

std::string identity_of(const InMemory& object) {
    std::string identity;
    for (const ElfW(Phdr) & each : object.headers()) {
        if (each.p_type != PT_NOTE) continue;
        for (const std::byte byte : build_id(object.segment(each)))
            identity += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
    }
    if (!identity.empty()) return identity;
    for (const ElfW(Phdr) & each : object.headers()) {
        if (each.p_type == PT_LOAD && (each.p_flags & PF_X) != 0)
            identity += fmt::format("{:016x}", hash_of(object.segment(each)));
    }
    return identity;
}

int take_if_own(dl_phdr_info* info, std::size_t /*size*/, void* identity) {
    const InMemory object{info};
    if (!object.has(reinterpret_cast<const void*>(&take_if_own))) return 0;
    *static_cast<std::string*>(identity) = identity_of(object);
    return 1;
}

}  // namespace

const std::string& analysis_version() {
    static const std::string version = [] {
        std::string own;
        ::dl_iterate_phdr(take_if_own, &own);
        return fmt::format("{} Zydis {:x}", own, ZydisGetVersion());
    }();
    return version;
}

}  // namespace catena::callgraph
