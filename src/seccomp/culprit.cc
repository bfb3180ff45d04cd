#include "seccomp/culprit.h"

#include <fmt/format.h>
#include <sys/uio.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <fstream>
#include <optional>
#include <span>
#include <utility>

#include "elf/demangle.h"
#include "elf/functions.h"
#include "elf/image.h"
#include "elf/unwinder.h"
#include "sys/call_signatures.h"
#include "sys/call_text.h"

namespace catena::seccomp {
namespace {

constexpr std::size_t kMaxFrames = 32;
constexpr std::size_t kMaxFiles = 64;  // kept at a time
constexpr std::size_t kMaxCaptured = 256;

// In pieces that end where pages do, since the kernel gives nothing of a piece that it cannot read to its
// end.
std::size_t read_memory(pid_t tid, std::uint64_t address, std::span<std::byte> into) {
    constexpr std::uint64_t kPage = 4096;
    std::size_t done = 0;
    while (done < into.size()) {
        const std::uint64_t from = address + done;
        const std::size_t piece = std::min<std::uint64_t>(into.size() - done, kPage - from % kPage);
        iovec local{into.data() + done, piece};
        iovec remote{reinterpret_cast<void*>(from), piece};  // NOLINT(performance-no-int-to-ptr)
        const ssize_t got = ::process_vm_readv(tid, &local, 1, &remote, 1, 0);
        if (got <= 0) break;
        done += static_cast<std::size_t>(got);
    }
    return done;
}

std::optional<std::uint64_t> read_word(pid_t tid, std::uint64_t address) {
    std::uint64_t word = 0;
    if (read_memory(tid, address, std::as_writable_bytes(std::span(&word, 1))) != sizeof word)
        return std::nullopt;
    return word;
}

// Of a thread that is stopped in a call, /proc/TID/syscall ends with its stack pointer and the address of the
// instruction.
std::optional<std::uint64_t> stack_pointer(pid_t tid) {
    std::ifstream file(fmt::format("/proc/{}/syscall", tid));
    std::vector<std::string> words;
    for (std::string word; file >> word;) words.push_back(word);
    if (words.size() < 3) return std::nullopt;
    const std::string& text = words[words.size() - 2];
    std::uint64_t value = 0;
    if (!text.starts_with("0x")) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), value, 16);
    if (error != std::errc() || value == 0) return std::nullopt;
    return value;
}

std::uint64_t hexadecimal(std::string_view text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value, 16);
    return value;
}

std::string base_name(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? path : path.substr(slash + 1);
}

std::string frame_text(const Frame& frame) {
    const std::string function =
        frame.function.empty() ? fmt::format("code at {:#x}", frame.address) : frame.function;
    return frame.binary.empty() ? function + " in no file" : function + " in " + base_name(frame.binary);
}

void append_piece(std::vector<std::byte>& data, std::size_t argument, std::span<const std::byte> bytes) {
    data.push_back(static_cast<std::byte>(argument));
    data.push_back(std::byte{0});
    data.push_back(static_cast<std::byte>(bytes.size() & 0xffU));
    data.push_back(static_cast<std::byte>(bytes.size() >> 8U));
    data.insert(data.end(), bytes.begin(), bytes.end());
}

// What the rule asks for; nothing where it cannot be read, or is of a kind that has several parts.
std::vector<std::byte> captured(pid_t tid, const sys::CaptureRule& rule,
                                const std::array<std::uint64_t, 6>& arguments) {
    std::uint64_t wanted = 0;
    if (rule.how == sys::Capture::String) wanted = kMaxCaptured;
    if (rule.how == sys::Capture::Fixed) wanted = rule.bytes;
    if (rule.how == sys::Capture::Counted && rule.count_argument < arguments.size())
        wanted = std::min<std::uint64_t>(arguments.at(rule.count_argument), kMaxCaptured) * rule.bytes;
    std::vector<std::byte> bytes(std::min<std::uint64_t>(wanted, kMaxCaptured));
    bytes.resize(read_memory(tid, arguments.at(rule.argument), bytes));
    if (rule.how == sys::Capture::String) {
        const auto end = std::ranges::find(bytes, std::byte{0});
        if (end != bytes.end()) bytes.erase(end + 1, bytes.end());
    }
    return bytes;
}

}  // namespace

struct Culprits::Mapping {
    std::uint64_t begin = 0;
    std::uint64_t offset = 0;
    std::string path;
};

struct Culprits::File {
    explicit File(elf::Image opened)
        : image(std::move(opened)),
          functions(elf::functions(image).value_or(std::vector<elf::Function>())),
          unwinder(image) {}

    [[nodiscard]] std::string function_at(std::uint64_t address) const {
        auto at = std::ranges::upper_bound(functions, address, {}, &elf::Function::address);
        if (at == functions.begin()) return {};
        --at;
        const bool within = at->size_bytes == 0 || address - at->address < at->size_bytes;
        return within ? elf::demangle(at->name) : std::string();
    }

    elf::Image image;
    std::vector<elf::Function> functions;
    elf::Unwinder unwinder;
};

Culprits::Culprits() = default;
Culprits::~Culprits() = default;

std::shared_ptr<Culprits::File> Culprits::file_of(pid_t tid, const std::string& path) {
    if (const auto found = files_.find(path); found != files_.end()) return found->second;
    if (files_.size() >= kMaxFiles) files_.clear();
    // The thread may be in a container, where the path is another file.
    auto image = elf::Image::open(fmt::format("/proc/{}/root{}", tid, path));
    if (!image) image = elf::Image::open(path);
    std::shared_ptr<File> file;
    if (image && image->check_supported()) file = std::make_shared<File>(std::move(*image));
    files_[path] = file;
    return file;
}

std::vector<Frame> Culprits::frames(pid_t tid, std::uint64_t instruction) {
    const auto mapping_at = [tid](std::uint64_t address) -> std::optional<Mapping> {
        std::ifstream maps(fmt::format("/proc/{}/maps", tid));
        for (std::string line; std::getline(maps, line);) {
            const std::size_t dash = line.find('-');
            if (dash == std::string::npos || address < hexadecimal(line.substr(0, dash))) continue;
            if (address >= hexadecimal(line.substr(dash + 1))) continue;
            std::size_t field = 0;
            for (int i = 0; i < 2; ++i) field = line.find(' ', field) + 1;
            const std::size_t slash = line.find_first_of("/[", field);
            return Mapping{.begin = hexadecimal(line.substr(0, dash)),
                           .offset = hexadecimal(line.substr(field)),
                           .path = slash == std::string::npos ? "" : line.substr(slash)};
        }
        return std::nullopt;
    };
    std::vector<Frame> frames;
    elf::FrameRegisters registers;
    registers.values.at(elf::FrameRegisters::kInstruction) = instruction;
    registers.values.at(elf::FrameRegisters::kStackPointer) = stack_pointer(tid);
    while (frames.size() < kMaxFrames) {
        const std::uint64_t at = *registers.values.at(elf::FrameRegisters::kInstruction);
        const auto mapping = mapping_at(at);
        if (!mapping) break;
        Frame frame{.binary = mapping->path, .address = at};
        const auto file = mapping->path.starts_with('/') ? file_of(tid, mapping->path) : nullptr;
        const auto linked =
            file ? file->image.address_at(at - mapping->begin + mapping->offset) : std::nullopt;
        if (linked) {
            frame.address = *linked;
            frame.function = file->function_at(*linked - 1);
        }
        frames.push_back(std::move(frame));
        if (!linked) break;
        const auto caller = file->unwinder.caller(
            registers, *linked - 1, [tid](std::uint64_t address) { return read_word(tid, address); });
        if (!caller) break;
        registers = *caller;
    }
    return frames;
}

std::string to_text(const std::vector<Frame>& frames) {
    if (frames.empty()) return "code that could not be looked at";
    std::string text = frame_text(frames.front());
    for (std::size_t i = 1; i < frames.size(); ++i) text += ", called by " + frame_text(frames[i]);
    return text;
}

std::string call_text_of(pid_t tid, sys::Abi abi, std::uint32_t number,
                         const std::array<std::uint64_t, 6>& arguments) {
    std::vector<std::byte> data;
    const sys::Signature* signature =
        sys::signature_of(sys::syscall_name(static_cast<int>(number), abi), abi);
    const auto rules =
        signature == nullptr ? std::vector<sys::CaptureRule>() : sys::capture_rules(*signature, abi);
    for (const sys::CaptureRule& rule : rules) {
        if (rule.at_exit || rule.argument >= arguments.size()) continue;
        const std::vector<std::byte> bytes = captured(tid, rule, arguments);
        if (!bytes.empty()) append_piece(data, rule.argument, bytes);
    }
    const std::string text =
        sys::call_text({.abi = abi, .nr = number, .args = arguments, .returned = false, .data = data});
    return text.substr(0, text.rfind(" = "));
}

}  // namespace catena::seccomp
