#include "elf/image.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/fd.h"

namespace catena::elf {
namespace {

constexpr std::size_t kMaxSectionName = 256;
// Linkers make a dozen program headers, and compilers one section a function at most.
constexpr std::size_t kMaxProgramHeaders = 4096;
constexpr std::size_t kMaxNoteBytes = std::size_t{64} << 10U;
constexpr std::size_t kMaxSegments = 64;  // each look-up goes through them
constexpr std::size_t kMaxSections = 1U << 20U;

base::Result<base::Fd> open_file(const std::string& path) {
    // A FIFO in place of the file must not block us.
    base::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (fd) return fd;
    if (errno == ENOENT || errno == ENOTDIR)
        return base::fail(base::ErrorCode::NotFound, path + ": there is no such file; check its path");
    return base::fail_errno(path + " cannot be opened");
}

// As many bytes as there are; fewer than the mapping where the file has become shorter meanwhile.
base::Result<std::size_t> read_all(int fd, std::span<std::byte> to) {
    std::size_t done = 0;
    while (done < to.size()) {
        const ssize_t got = ::pread(fd, to.data() + done, to.size() - done, static_cast<off_t>(done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return base::fail_errno("it cannot be read");
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    return done;
}

Machine machine_of(std::uint16_t machine, bool bits64) {
    switch (machine) {
        case EM_X86_64:
            return bits64 ? Machine::X86_64 : Machine::X32;
        case EM_386:
        case EM_IAMCU:
            return Machine::I386;
        case EM_AARCH64:
            return Machine::Aarch64;
        default:
            return Machine::Other;
    }
}

FileType type_of(std::uint16_t type) {
    switch (type) {
        case ET_EXEC:
            return FileType::Executable;
        case ET_DYN:
            return FileType::SharedObject;
        case ET_REL:
            return FileType::Relocatable;
        default:
            return FileType::Other;
    }
}

}  // namespace

std::string_view string_at(std::span<const std::byte> table, std::uint64_t offset, std::size_t max_bytes) {
    if (offset >= table.size()) return {};
    const std::size_t length = std::min<std::size_t>(table.size() - offset, max_bytes);
    const auto* begin = reinterpret_cast<const char*>(table.data()) + offset;
    const void* end = std::memchr(begin, 0, length);
    return {begin, end == nullptr ? length : static_cast<std::size_t>(static_cast<const char*>(end) - begin)};
}

base::Result<Image> Image::open(const std::string& path) {
    auto fd = open_file(path);
    if (!fd) return std::unexpected(std::move(fd).error());
    struct stat about{};
    if (::fstat(fd->get(), &about) != 0) return base::fail_errno(path + " cannot be examined");
    if (!S_ISREG(about.st_mode))
        return base::fail(base::ErrorCode::BadInput,
                          path + " is no regular file; name a program or a library");
    const auto size = static_cast<std::uint64_t>(about.st_size);
    if (size > kMaxBytes)
        return base::fail(
            base::ErrorCode::BadInput,
            fmt::format("{} has {} bytes; files beyond {} are not read", path, size, kMaxBytes));
    auto mapping = base::Mapping::anonymous(size);
    if (!mapping) return std::unexpected(std::move(mapping).error().with_context(path));
    const auto got = read_all(fd->get(), mapping->writable());
    if (!got) return std::unexpected(base::Error(got.error()).with_context(path));
    if (*got < size)
        return base::fail(
            base::ErrorCode::BadInput,
            path + " has become shorter while it was read; try again when nothing writes to it");
    return from_mapping(std::move(*mapping), path);
}

base::Result<Image> Image::from_bytes(std::span<const std::byte> bytes, std::string name) {
    auto mapping = base::Mapping::anonymous(bytes.size());
    if (!mapping) return std::unexpected(std::move(mapping).error().with_context(name));
    std::ranges::copy(bytes, mapping->writable().begin());
    return from_mapping(std::move(*mapping), std::move(name));
}

base::Result<Image> Image::from_mapping(base::Mapping mapping, std::string name) {
    Image image;
    image.mapping_ = std::move(mapping);
    image.name_ = std::move(name);
    if (auto status = image.mapping_.make_read_only(); !status)
        return std::unexpected(std::move(status).error());
    if (auto status = image.read_header(); !status) return std::unexpected(std::move(status).error());
    return image;
}

base::Status Image::read_header() {
    const auto file = bytes();
    if (file.size() < SELFMAG || std::memcmp(file.data(), ELFMAG, SELFMAG) != 0)
        return base::fail(base::ErrorCode::BadInput,
                          name_ + " is no ELF file; name a program or a library, not a script");
    const auto header = read_at<Elf64_Ehdr>(file, 0);
    // The header of 32 bits is shorter, and the same up to e_version.
    if (file.size() < sizeof(Elf32_Ehdr))
        return base::fail(base::ErrorCode::BadInput, name_ + " is broken off within its ELF header");
    const auto* ident = reinterpret_cast<const unsigned char*>(file.data());
    bits64_ = ident[EI_CLASS] == ELFCLASS64;
    little_endian_ = ident[EI_DATA] == ELFDATA2LSB;
    if (!little_endian_) return {};
    const auto early = *read_at<Elf32_Ehdr>(file, 0);
    machine_ = machine_of(early.e_machine, bits64_);
    type_ = type_of(early.e_type);
    if (!bits64_) return {};
    if (!header) return base::fail(base::ErrorCode::BadInput, name_ + " is broken off within its ELF header");
    entry_ = header->e_entry;
    read_segments(*header);
    read_sections(*header);
    read_build_id();
    return {};
}

void Image::read_segments(const Elf64_Ehdr& header) {
    std::size_t count = header.e_phnum;
    if (count == PN_XNUM) {
        const auto first = read_at<Elf64_Shdr>(bytes(), header.e_shoff);
        count = first ? first->sh_info : 0;
    }
    count = std::min(count, kMaxProgramHeaders);
    if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phoff > bytes().size()) return;
    for (std::size_t i = 0; i < count; ++i) {
        const auto each = read_at<Elf64_Phdr>(bytes(), header.e_phoff + i * sizeof(Elf64_Phdr));
        cut_ = cut_ || !each;
        if (!each) break;
        program_headers_.push_back(*each);
        if (each->p_type != PT_LOAD) continue;
        const std::uint64_t behind = bytes().size() - std::min<std::uint64_t>(bytes().size(), each->p_offset);
        cut_ = cut_ || each->p_filesz > behind;
        if (behind == 0) continue;
        if (segments_.size() == kMaxSegments) continue;
        // What lies beyond the end of the file, or of the address space, is in no process.
        std::uint64_t size = std::min({each->p_filesz, each->p_memsz, behind});
        size = std::min(size, ~each->p_vaddr);
        if (size == 0) continue;
        segments_.push_back({.address = each->p_vaddr,
                             .file_offset = each->p_offset,
                             .file_bytes = size,
                             .executable = (each->p_flags & PF_X) != 0});
    }
}

void Image::read_sections(const Elf64_Ehdr& header) {
    if (header.e_shentsize != sizeof(Elf64_Shdr) || header.e_shoff == 0 || header.e_shoff >= bytes().size())
        return;
    const auto first = read_at<Elf64_Shdr>(bytes(), header.e_shoff);
    if (!first) return;
    const std::uint64_t named = header.e_shnum != 0 ? header.e_shnum : first->sh_size;
    const std::uint64_t fitting = (bytes().size() - header.e_shoff) / sizeof(Elf64_Shdr);
    const std::size_t count = std::min<std::uint64_t>({named, fitting, kMaxSections});
    const std::size_t names_index = header.e_shstrndx == SHN_XINDEX ? first->sh_link : header.e_shstrndx;

    const auto content_of = [this](const Elf64_Shdr& each) -> std::span<const std::byte> {
        if (each.sh_type == SHT_NOBITS || each.sh_offset >= bytes().size()) return {};
        return bytes().subspan(each.sh_offset,
                               std::min<std::uint64_t>(each.sh_size, bytes().size() - each.sh_offset));
    };
    const auto header_at = [&](std::size_t i) {
        return *read_at<Elf64_Shdr>(bytes(), header.e_shoff + i * sizeof(Elf64_Shdr));
    };
    std::span<const std::byte> names;
    if (names_index < count) names = content_of(header_at(names_index));
    sections_.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        const Elf64_Shdr each = header_at(i);
        sections_.push_back({.name = string_at(names, each.sh_name, kMaxSectionName),
                             .type = each.sh_type,
                             .flags = each.sh_flags,
                             .address = each.sh_addr,
                             .size_bytes = each.sh_size,
                             .link = each.sh_link,
                             .content = content_of(each)});
    }
}

void Image::read_build_id() {
    const auto find_in = [this](std::span<const std::byte> notes) {
        while (const auto note = read_at<Elf64_Nhdr>(notes, 0)) {
            const std::uint64_t name_bytes = (std::uint64_t{note->n_namesz} + 3) & ~std::uint64_t{3};
            const std::uint64_t content_at = sizeof(Elf64_Nhdr) + name_bytes;
            const std::uint64_t next = content_at + ((std::uint64_t{note->n_descsz} + 3) & ~std::uint64_t{3});
            if (content_at > notes.size() || note->n_descsz > notes.size() - content_at) return;
            const bool gnu = string_at(notes.subspan(sizeof(Elf64_Nhdr)), 0, note->n_namesz) == "GNU";
            if (gnu && note->n_type == NT_GNU_BUILD_ID && build_id_.empty())
                build_id_ = notes.subspan(content_at, note->n_descsz);
            if (next >= notes.size()) return;
            notes = notes.subspan(next);
        }
    };
    for (const Elf64_Phdr& each : program_headers_) {
        const auto notes =
            each.p_type == PT_NOTE ? file_bytes(each.p_offset, each.p_filesz) : std::span<const std::byte>{};
        find_in(notes.first(std::min(notes.size(), kMaxNoteBytes)));
    }
    // A separate debug file keeps the program headers of its program, and their offsets lead nowhere in it.
    if (const Section* note = section(".note.gnu.build-id"); note != nullptr && !note->content.empty()) {
        build_id_ = {};
        find_in(note->content.first(std::min(note->content.size(), kMaxNoteBytes)));
    }
}

std::string Image::description() const {
    const char* kind = type_ == FileType::Relocatable ? "an object file"
                       : type_ == FileType::Other     ? "a core file or the like"
                                                      : "a program";
    if (!little_endian_) return "a big-endian program";
    switch (machine_) {
        case Machine::X86_64:
            return std::string(kind) + " for x86-64";
        case Machine::X32:
            return "an x32 program (x86-64 with 32-bit pointers)";
        case Machine::I386:
            return "a 32-bit x86 program";
        case Machine::Aarch64:
            return std::string(kind) + " for aarch64";
        case Machine::Other:
            break;
    }
    return std::string(kind) + " for another machine";
}

base::Status Image::check_supported() const {
    if (machine_ != Machine::X86_64)
        return base::fail(
            base::ErrorCode::NotSupported,
            fmt::format("{} is {}; only functions of x86-64 are looked at", name_, description()));
    if (type_ == FileType::Relocatable || type_ == FileType::Other)
        return base::fail(
            base::ErrorCode::BadInput,
            fmt::format("{} is {}: it is not linked, so its functions have no addresses; name a program "
                        "or a shared library",
                        name_, description()));
    return {};
}

const Section* Image::section(std::string_view name) const {
    const auto found = std::ranges::find(sections_, name, &Section::name);
    return found == sections_.end() ? nullptr : &*found;
}

std::optional<Elf64_Phdr> Image::program_header(std::uint32_t type) const {
    const auto found = std::ranges::find(program_headers_, type, &Elf64_Phdr::p_type);
    return found == program_headers_.end() ? std::nullopt : std::optional(*found);
}

std::string Image::build_id_text() const {
    std::string text;
    for (const std::byte each : build_id_) text += fmt::format("{:02x}", std::to_integer<unsigned>(each));
    return text;
}

const Segment* Image::segment_of(std::uint64_t address) const {
    const auto found = std::ranges::find_if(segments_, [&](const Segment& each) {
        return address >= each.address && address - each.address < each.file_bytes;
    });
    return found == segments_.end() ? nullptr : &*found;
}

std::optional<std::uint64_t> Image::file_offset(std::uint64_t address) const {
    const Segment* segment = segment_of(address);
    if (segment == nullptr) return std::nullopt;
    return segment->file_offset + (address - segment->address);
}

std::optional<std::uint64_t> Image::address_at(std::uint64_t file_offset) const {
    for (const Segment& each : segments_) {
        if (file_offset >= each.file_offset && file_offset - each.file_offset < each.file_bytes)
            return each.address + (file_offset - each.file_offset);
    }
    return std::nullopt;
}

bool Image::is_executable(std::uint64_t address) const {
    const Segment* segment = segment_of(address);
    return segment != nullptr && segment->executable;
}

std::span<const std::byte> Image::bytes_from(std::uint64_t address) const {
    const Segment* segment = segment_of(address);
    if (segment == nullptr) return {};
    const std::uint64_t into = address - segment->address;
    return bytes().subspan(segment->file_offset + into, segment->file_bytes - into);
}

std::span<const std::byte> Image::bytes_at(std::uint64_t address, std::uint64_t size_bytes) const {
    const auto rest = bytes_from(address);
    return size_bytes <= rest.size() ? rest.first(size_bytes) : std::span<const std::byte>{};
}

std::span<const std::byte> Image::file_bytes(std::uint64_t offset, std::uint64_t size_bytes) const {
    if (offset > bytes().size() || size_bytes > bytes().size() - offset) return {};
    return bytes().subspan(offset, size_bytes);
}

}  // namespace catena::elf
