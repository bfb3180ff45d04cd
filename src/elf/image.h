// Image: one ELF file as the kernel and the loader see it: its kind, its loaded segments, its sections, its
// build id.
//
// The file is copied into private read-only memory when it is opened, and never looked at again: a file that
// is truncated or replaced meanwhile can give a wrong answer, or an error, but no SIGBUS, and what was
// checked once stays as it was. A file of 200 MB is copied in a tenth of a second.
//
// Nothing in the file is believed: what points outside of the file is cut to it or left out, and every
// function that takes an address or an offset checks it. An Image does not change after it was made; any
// number of threads may read it. Views (spans, string_views) live as long as the Image.
#pragma once

#include <elf.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/mapping.h"
#include "base/result.h"

namespace catena::elf {

enum class Machine : std::uint8_t {
    X86_64,
    X32,  // x86-64 code with pointers of 32 bits
    I386,
    Aarch64,
    Other,
};

enum class FileType : std::uint8_t {
    Executable,    // linked to a fixed address
    SharedObject,  // a library, or an executable that can be anywhere
    Relocatable,   // an object file or a kernel module: not linked, so without addresses
    Other,         // a core file, for example
};

// What of the file is in memory when it runs (PT_LOAD). Lies inside the file.
struct Segment {
    std::uint64_t address = 0;
    std::uint64_t file_offset = 0;
    std::uint64_t file_bytes = 0;
    bool executable = false;
};

struct Section {
    std::string_view name;
    std::uint32_t type = SHT_NULL;
    std::uint64_t flags = 0;
    std::uint64_t address = 0;
    std::uint64_t size_bytes = 0;  // as the file says; of SHT_NOBITS, more than the file has
    std::uint32_t link = 0;
    std::span<const std::byte> content;  // cut to the file; empty for SHT_NOBITS
};

class Image {
  public:
    // Files beyond this are refused: a bound for what a copy may take.
    static constexpr std::uint64_t kMaxBytes = std::uint64_t{2} << 30U;

    // BadInput: no ELF file, one that is broken off in its header, no regular file, or too large. NotFound:
    // there is no such file. NotPermitted: it may not be read.
    [[nodiscard]] static base::Result<Image> open(const std::string& path);
    // `name` is what errors call it. The bytes are copied.
    [[nodiscard]] static base::Result<Image> from_bytes(std::span<const std::byte> bytes, std::string name);
    // Takes memory that has the file already.
    [[nodiscard]] static base::Result<Image> from_mapping(base::Mapping mapping, std::string name);

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] Machine machine() const { return machine_; }
    [[nodiscard]] FileType type() const { return type_; }
    [[nodiscard]] std::uint64_t entry() const { return entry_; }
    // In words, for messages: "a 32-bit x86 program".
    [[nodiscard]] std::string description() const;
    // Only for these does the Image have segments and sections: x86-64, little-endian, 64 bits. Others are
    // recognised, and no more. The error (NotSupported) says what the file is instead.
    [[nodiscard]] base::Status check_supported() const;

    [[nodiscard]] std::span<const std::byte> bytes() const { return mapping_.bytes(); }
    [[nodiscard]] std::span<const Segment> segments() const { return segments_; }
    // Whether the file ends before its segments do.
    [[nodiscard]] bool is_cut() const { return cut_; }
    [[nodiscard]] std::span<const Section> sections() const { return sections_; }
    [[nodiscard]] const Section* section(std::string_view name) const;
    // The first program header of this type (PT_DYNAMIC, PT_GNU_EH_FRAME, PT_NOTE).
    [[nodiscard]] std::optional<Elf64_Phdr> program_header(std::uint32_t type) const;
    // As the linker wrote it; empty where there is none.
    [[nodiscard]] std::span<const std::byte> build_id() const { return build_id_; }
    [[nodiscard]] std::string build_id_text() const;

    // Where in the file the byte at an address is, and the other way round. Nothing for what is only in
    // memory
    // (.bss), or in no segment. Where segments overlap, the first in the file that has it counts.
    [[nodiscard]] std::optional<std::uint64_t> file_offset(std::uint64_t address) const;
    [[nodiscard]] std::optional<std::uint64_t> address_at(std::uint64_t file_offset) const;
    [[nodiscard]] bool is_executable(std::uint64_t address) const;

    // The bytes from an address on: `size_bytes` of them, or none at all where they are not all in one
    // segment.
    [[nodiscard]] std::span<const std::byte> bytes_at(std::uint64_t address, std::uint64_t size_bytes) const;
    // All bytes from an address to the end of its segment in the file.
    [[nodiscard]] std::span<const std::byte> bytes_from(std::uint64_t address) const;
    // `size_bytes` of the file, or none at all.
    [[nodiscard]] std::span<const std::byte> file_bytes(std::uint64_t offset, std::uint64_t size_bytes) const;

  private:
    Image() = default;
    base::Status read_header();
    void read_segments(const Elf64_Ehdr& header);
    void read_sections(const Elf64_Ehdr& header);
    void read_build_id();
    [[nodiscard]] const Segment* segment_of(std::uint64_t address) const;

    base::Mapping mapping_;
    std::string name_;
    Machine machine_ = Machine::Other;
    FileType type_ = FileType::Other;
    std::uint64_t entry_ = 0;
    bool bits64_ = false;
    bool little_endian_ = false;
    std::vector<Elf64_Phdr> program_headers_;
    std::vector<Segment> segments_;
    bool cut_ = false;
    std::vector<Section> sections_;
    std::span<const std::byte> build_id_;
};

// A structure out of bytes that can lie at any alignment; nothing where they are too few.
template <class T>
    requires std::is_trivially_copyable_v<T>
[[nodiscard]] std::optional<T> read_at(std::span<const std::byte> bytes, std::uint64_t offset) {
    if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

// The text that begins at an offset of a string table: up to its zero byte, to the table's end where it has
// none, or to `max_bytes`.
[[nodiscard]] std::string_view string_at(std::span<const std::byte> table, std::uint64_t offset,
                                         std::size_t max_bytes);

}  // namespace catena::elf
