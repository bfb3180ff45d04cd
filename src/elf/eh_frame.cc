// .eh_frame is a sequence of records (Linux Standard Base, Core, "Exception Frames"): a CIE says how the FDEs
// that refer to it are to be read, an FDE gives a range of code and the unwinding program for it.
// .eh_frame_hdr (PT_GNU_EH_FRAME) has the address of .eh_frame and a table of all FDEs, by which programs
// without section headers are read.
//
// Records are read one after the other up to the terminator or the first that makes no sense; then those that
// the table has and that were not met. An entry costs a few dozen nanoseconds.
//
// Where a range begins with another rule than "CFA = rsp + 8", the frame of some other range goes on there:
// that is how a cold part of a function can be told (Pang et al., "Towards Optimal Use of Exception Handling
// Information for Function Detection", DSN 2021, have the converse: such ranges are no functions).
#include "elf/eh_frame.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace catena::elf {
namespace {

// Of DW_EH_PE_…: how a pointer is written, and what it is relative to.
constexpr std::uint8_t kOmit = 0xff;
constexpr std::uint8_t kIndirect = 0x80;
constexpr std::uint8_t kFormatMask = 0x0f;
constexpr std::uint8_t kBaseMask = 0x70;
constexpr std::uint8_t kPcRelative = 0x10;
constexpr std::uint8_t kDataRelative = 0x30;

// Reads numbers one after the other; once one does not fit, all that follow are zero and ok() says no.
class Cursor {
  public:
    Cursor(std::span<const std::byte> bytes, std::uint64_t address) : bytes_(bytes), address_(address) {}

    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] bool at_end() const { return at_ >= bytes_.size(); }
    [[nodiscard]] std::uint64_t address() const { return address_ + at_; }
    [[nodiscard]] std::size_t offset() const { return at_; }

    template <class T>
    T take() {
        const auto value = read_at<T>(bytes_, at_);
        if (!value) ok_ = false;
        at_ = value ? at_ + sizeof(T) : bytes_.size();
        return value.value_or(T{});
    }

    void skip(std::uint64_t count) {
        if (count > bytes_.size() - at_) ok_ = false;
        at_ += std::min<std::uint64_t>(count, bytes_.size() - at_);
    }

    std::uint64_t uleb() {
        std::uint64_t value = 0;
        for (unsigned shift = 0;; shift += 7) {
            const auto byte = take<std::uint8_t>();
            if (shift < 64) value |= std::uint64_t{byte & 0x7fU} << shift;
            if (shift >= kMaxLebBits) ok_ = false;
            if ((byte & 0x80U) == 0 || !ok_) return value;
        }
    }

    std::int64_t sleb() {
        std::uint64_t value = 0;
        for (unsigned shift = 0;;) {
            const auto byte = take<std::uint8_t>();
            if (shift < 64) value |= std::uint64_t{byte & 0x7fU} << shift;
            if (shift >= kMaxLebBits) ok_ = false;
            shift += 7;
            if ((byte & 0x80U) != 0 && ok_) continue;
            if (shift < 64 && (byte & 0x40U) != 0) value |= ~std::uint64_t{0} << shift;
            return static_cast<std::int64_t>(value);
        }
    }

    std::string_view text() {
        const auto found = string_at(bytes_, at_, 32);
        skip(found.size() + 1);
        return found;
    }

    // A number as a pointer's encoding says, without its base.
    std::uint64_t number(std::uint8_t encoding) {
        switch (encoding & kFormatMask) {
            case 0x00:
            case 0x04:
            case 0x0c:
                return take<std::uint64_t>();
            case 0x01:
                return uleb();
            case 0x02:
                return take<std::uint16_t>();
            case 0x03:
                return take<std::uint32_t>();
            case 0x09:
                return static_cast<std::uint64_t>(sleb());
            case 0x0a:
                return static_cast<std::uint64_t>(std::int64_t{take<std::int16_t>()});
            case 0x0b:
                return static_cast<std::uint64_t>(std::int64_t{take<std::int32_t>()});
            default:
                ok_ = false;
                return 0;
        }
    }

    std::uint64_t pointer(std::uint8_t encoding, std::uint64_t data_base) {
        const std::uint64_t here = address();
        const std::uint64_t value = number(encoding);
        switch (encoding & kBaseMask) {
            case 0x00:
                return value;
            case kPcRelative:
                return value + here;
            case kDataRelative:
                return value + data_base;
            default:
                ok_ = false;
                return 0;
        }
    }

    [[nodiscard]] std::span<const std::byte> rest() const { return bytes_.subspan(at_); }

  private:
    static constexpr unsigned kMaxLebBits = 70;  // ten bytes; more hold no more

    std::span<const std::byte> bytes_;
    std::uint64_t address_;
    std::size_t at_ = 0;
    bool ok_ = true;
};

struct Cie {
    std::uint8_t pointer_encoding = 0;  // DW_EH_PE_absptr
    bool augmented = false;             // its FDEs have a length of what is between range and program
    bool signal_frame = false;
};

// Whether the unwinding program changes where the frame is before its first instruction is passed.
bool begins_within_frame(std::span<const std::byte> program) {
    // Padding is shorter; a program of nothing else must not be read again for each FDE that a table has.
    constexpr std::size_t kMaxProgramBytes = 64;
    Cursor cursor(program.first(std::min(program.size(), kMaxProgramBytes)), 0);
    constexpr std::uint64_t kStackPointer = 7;
    constexpr std::uint64_t kOffsetAtEntry = 8;
    while (!cursor.at_end() && cursor.ok()) {
        const auto op = cursor.take<std::uint8_t>();
        switch (op) {
            case 0x00:  // DW_CFA_nop
                continue;
            case 0x0c: {  // DW_CFA_def_cfa
                const std::uint64_t base = cursor.uleb();
                const std::uint64_t offset = cursor.uleb();
                return base != kStackPointer || offset != kOffsetAtEntry;
            }
            case 0x0d:  // DW_CFA_def_cfa_register
                return cursor.uleb() != kStackPointer;
            case 0x0e:  // DW_CFA_def_cfa_offset
                return cursor.uleb() != kOffsetAtEntry;
            case 0x2e:  // DW_CFA_GNU_args_size
                cursor.uleb();
                continue;
            case 0x0f:  // DW_CFA_def_cfa_expression: as PLT stubs and hand-written code have
            default:    // it advances, or says something else of registers first
                return (op & 0xc0U) == 0x80;  // DW_CFA_offset: a register has been saved already
        }
    }
    return false;
}

class Reader {
  public:
    Reader(const Image& image, std::span<const std::byte> frames, std::uint64_t address)
        : image_(image), frames_(frames), address_(address) {}

    void read_all() {
        std::size_t at = 0;
        while (ranges_.size() < kMaxRanges) {
            const auto next = read_record(at);
            if (!next) return;
            at = *next;
        }
    }

    // Reads the FDE at an address; of one that was read before, a second range that is dropped later.
    void read_at_address(std::uint64_t address) {
        if (address >= address_ && ranges_.size() < kMaxRanges) (void)read_record(address - address_);
    }

    std::vector<CodeRange>& ranges() { return ranges_; }

  private:
    struct Record {
        Cursor body;
        std::size_t body_at;
        std::size_t next;
    };

    // The record's content after its length, and where the next begins.
    [[nodiscard]] std::optional<Record> record_at(std::size_t at) const {
        if (at >= frames_.size()) return std::nullopt;
        Cursor cursor(frames_.subspan(at), address_ + at);
        std::uint64_t length = cursor.take<std::uint32_t>();
        if (length == 0xffffffffU) length = cursor.take<std::uint64_t>();
        if (!cursor.ok() || length == 0 || length > cursor.rest().size()) return std::nullopt;
        const std::size_t body_at = at + cursor.offset();
        return Record{Cursor(cursor.rest().first(length), cursor.address()), body_at, body_at + length};
    }

    std::optional<std::size_t> read_record(std::size_t at) {
        auto record = record_at(at);
        if (!record) return std::nullopt;
        const auto distance = record->body.take<std::uint32_t>();
        if (distance == 0) return record->next;  // a CIE, read when an FDE needs it
        if (distance > record->body_at) return std::nullopt;
        const Cie* cie = cie_at(record->body_at - distance);
        if (cie == nullptr) return std::nullopt;
        read_fde(record->body, *cie);
        return record->next;
    }

    void read_fde(Cursor body, const Cie& cie) {
        std::uint64_t address = body.pointer(cie.pointer_encoding, 0);
        std::uint64_t size = body.number(cie.pointer_encoding & kFormatMask);
        if (cie.augmented) body.skip(body.uleb());
        if (!body.ok() || (cie.pointer_encoding & kIndirect) != 0) return;
        if (cie.signal_frame &&
            size > 1) {  // begins one byte early, for unwinders that look before the return address
            ++address;
            --size;
        }
        const auto code = image_.bytes_from(address);
        if (size == 0 || code.empty() || !image_.is_executable(address)) return;
        ranges_.push_back({.address = address,
                           .size_bytes = std::min<std::uint64_t>(size, code.size()),
                           .part = cie.signal_frame || begins_within_frame(body.rest())});
    }

    const Cie* cie_at(std::size_t at) {
        const auto known = cies_.find(at);
        if (known != cies_.end()) return known->second ? &*known->second : nullptr;
        auto& entry = cies_[at];
        if (auto record = record_at(at); record && record->body.take<std::uint32_t>() == 0)
            entry = read_cie(record->body);
        return entry ? &*entry : nullptr;
    }

    static std::optional<Cie> read_cie(Cursor body) {
        const auto version = body.take<std::uint8_t>();
        if (version != 1 && version != 3) return std::nullopt;
        const std::string_view augmentation = body.text();
        body.uleb();  // code alignment
        body.sleb();  // data alignment
        if (version == 1)
            body.take<std::uint8_t>();  // the register of the return address
        else
            body.uleb();
        Cie cie;
        if (!augmentation.starts_with('z'))
            return augmentation.empty() && body.ok() ? std::optional(cie) : std::nullopt;
        cie.augmented = true;
        body.uleb();
        for (const char each : augmentation.substr(1)) {
            if (each == 'R') cie.pointer_encoding = body.take<std::uint8_t>();
            if (each == 'L') body.take<std::uint8_t>();
            if (each == 'P') body.number(body.take<std::uint8_t>());
            if (each == 'S') cie.signal_frame = true;
        }
        return body.ok() ? std::optional(cie) : std::nullopt;
    }

    const Image& image_;
    std::span<const std::byte> frames_;
    std::uint64_t address_;
    std::vector<CodeRange> ranges_;
    std::unordered_map<std::size_t, std::optional<Cie>> cies_;
};

// .eh_frame_hdr: where .eh_frame is, and where each FDE is.
struct Header {
    std::uint64_t frames_address = 0;
    std::vector<std::uint64_t> fdes;
};

std::optional<Header> read_header(const Image& image) {
    const auto segment = image.program_header(PT_GNU_EH_FRAME);
    if (!segment) return std::nullopt;
    Cursor cursor(image.file_bytes(segment->p_offset, segment->p_filesz), segment->p_vaddr);
    const auto version = cursor.take<std::uint8_t>();
    const auto frames_encoding = cursor.take<std::uint8_t>();
    const auto count_encoding = cursor.take<std::uint8_t>();
    const auto table_encoding = cursor.take<std::uint8_t>();
    if (!cursor.ok() || version != 1 || frames_encoding == kOmit) return std::nullopt;
    Header header{.frames_address = cursor.pointer(frames_encoding, segment->p_vaddr), .fdes = {}};
    if (!cursor.ok()) return std::nullopt;
    if (count_encoding == kOmit || table_encoding == kOmit) return header;
    const std::uint64_t count = cursor.pointer(count_encoding, segment->p_vaddr);
    for (std::uint64_t i = 0; i < count && header.fdes.size() < kMaxRanges; ++i) {
        cursor.pointer(table_encoding, segment->p_vaddr);
        const std::uint64_t fde = cursor.pointer(table_encoding, segment->p_vaddr);
        if (!cursor.ok()) break;
        header.fdes.push_back(fde);
    }
    return header;
}

}  // namespace

std::vector<CodeRange> eh_frame_ranges(const Image& image) {
    const auto header = read_header(image);
    std::uint64_t address = header ? header->frames_address : 0;
    auto frames = image.bytes_from(address);
    if (const Section* section = image.section(".eh_frame"); frames.empty() && section != nullptr) {
        address = section->address;
        frames = section->content;
    }
    Reader reader(image, frames, address);
    reader.read_all();
    auto& ranges = reader.ranges();
    if (header && header->fdes.size() > ranges.size()) {
        for (const std::uint64_t fde : header->fdes) reader.read_at_address(fde);
    }
    std::ranges::sort(ranges, [](const CodeRange& a, const CodeRange& b) {
        return a.address != b.address ? a.address < b.address : a.size_bytes > b.size_bytes;
    });
    const auto same = std::ranges::unique(ranges, {}, &CodeRange::address);
    ranges.erase(same.begin(), same.end());
    return std::move(ranges);
}

}  // namespace catena::elf
