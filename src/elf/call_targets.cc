// A direct call is the byte e8 and the distance to its target. In nearly every program nearly all of those
// lead to functions that are known, so code is not decoded to find calls: bytes e8 are, and what follows them
// is looked up. Only where it leads to code that no known function has is the function decoded from its
// beginning, to see whether an instruction begins at that byte at all.
//
// What is found is searched for calls in turn, and so is what lies between known functions, which is padding
// mostly. There the end of a function is not known, and data can follow it: code is decoded, and what does
// not decode, or decodes to zeros, ends the search. Nothing is decoded twice.
#include "elf/call_targets.h"

#include <Zydis/Zydis.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <unordered_set>

namespace catena::elf {
namespace {

constexpr std::size_t kCallBytes = 5;
constexpr std::byte kCall{0xe8};

class Search {
  public:
    Search(const Image& image, const CodeMap& code, std::span<const CodeRange> known)
        : image_(image), code_(code), known_(known) {
        ZydisDecoderInit(&decoder_, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
        // Lengths are all that is asked for.
        ZydisDecoderEnableMode(&decoder_, ZYDIS_DECODER_MODE_MINIMAL, ZYAN_TRUE);
        starts_.reserve(known.size());
        for (const CodeRange& each : known) starts_.insert(each.address);
    }

    std::vector<std::uint64_t> run() {
        if (image_.entry() != 0) add(image_.entry());
        for (std::size_t i = 0; i < known_.size(); ++i) {
            const auto code = code_.code_from(known_[i].address);
            // Up to the next at most: what overlaps is looked at once.
            std::uint64_t size = known_[i].size_bytes == 0 ? code.size() : known_[i].size_bytes;
            if (i + 1 < known_.size()) size = std::min(size, known_[i + 1].address - known_[i].address);
            scan_known(known_[i].address, code.first(std::min<std::uint64_t>(size, code.size())));
            if (size < code.size()) scan_unknown(known_[i].address + size);
        }
        for (const std::uint64_t address : code_.begins()) scan_unknown(address);
        while (!open_.empty()) {
            const std::uint64_t address = open_.back();
            open_.pop_back();
            scan_unknown(address);
        }
        return {found_.begin(), found_.end()};
    }

  private:
    // The known range that an address is in.
    [[nodiscard]] bool is_covered(std::uint64_t address) const {
        const auto after = std::ranges::upper_bound(known_, address, {}, &CodeRange::address);
        return after != known_.begin() &&
               address - std::prev(after)->address < std::max<std::uint64_t>(std::prev(after)->size_bytes, 1);
    }

    [[nodiscard]] bool is_news(std::uint64_t target) const {
        return !starts_.contains(target) && code_.is_code(target) && !is_covered(target) &&
               !code_.is_plt(target);
    }

    void add(std::uint64_t target) {
        if (found_.size() + known_.size() >= kMaxRanges || !is_news(target)) return;
        if (length_at(code_.code_from(target)) == 0) return;
        starts_.insert(target);
        found_.insert(target);
        open_.push_back(target);
    }

    // Of the instruction at the beginning of `code`; 0 where there is none.
    [[nodiscard]] std::size_t length_at(std::span<const std::byte> code) const {
        ZydisDecodedInstruction instruction;
        const auto status =
            ZydisDecoderDecodeInstruction(&decoder_, nullptr, code.data(), code.size(), &instruction);
        const bool zeros = code.size() >= 2 && code[0] == std::byte{0} && code[1] == std::byte{0};
        return ZYAN_SUCCESS(status) && !zeros ? instruction.length : 0;
    }

    // Adds what is called in known code.
    void scan_known(std::uint64_t address, std::span<const std::byte> code) {
        std::size_t decoded = 0;  // instructions are known up to here
        for (std::size_t at = next_call(code, 0); at < code.size(); at = next_call(code, at + 1)) {
            const std::uint64_t target = target_of(address, code, at);
            if (!is_news(target)) continue;
            while (decoded < at) decoded += std::max<std::size_t>(length_at(code.subspan(decoded)), 1);
            if (decoded == at) add(target);
        }
    }

    // Adds what is called in code of which no end is known, up to what does not decode. Returns how much that
    // was.
    std::size_t scan_until_bad(std::uint64_t address, std::span<const std::byte> code) {
        std::size_t at = 0;
        while (at < code.size()) {
            const std::size_t length = length_at(code.subspan(at));
            if (length == 0) break;
            if (length == kCallBytes && code[at] == kCall) {
                const std::uint64_t target = target_of(address, code, at);
                if (is_news(target)) add(target);
            }
            at += length;
        }
        return at;
    }

    // Where the next byte is that a call can begin with; the end of the code where there is none.
    static std::size_t next_call(std::span<const std::byte> code, std::size_t from) {
        if (from + kCallBytes > code.size()) return code.size();
        const void* hit =
            std::memchr(code.data() + from, std::to_integer<int>(kCall), code.size() - kCallBytes + 1 - from);
        if (hit == nullptr) return code.size();
        return static_cast<std::size_t>(static_cast<const std::byte*>(hit) - code.data());
    }

    static std::uint64_t target_of(std::uint64_t address, std::span<const std::byte> code, std::size_t at) {
        const auto distance = *read_at<std::int32_t>(code, at + 1);
        return address + at + kCallBytes + static_cast<std::uint64_t>(std::int64_t{distance});
    }

    // From a function that was found, or the end of one that is known, up to the next that is known or to
    // what has been searched already.
    void scan_unknown(std::uint64_t address) {
        if (is_covered(address)) return;
        const auto later = searched_.upper_bound(address);
        if (later != searched_.begin() && std::prev(later)->second > address) return;
        auto code = code_.code_from(address);
        if (later != searched_.end())
            code = code.first(std::min<std::uint64_t>(code.size(), later->first - address));
        const auto known = std::ranges::upper_bound(known_, address, {}, &CodeRange::address);
        if (known != known_.end())
            code = code.first(std::min<std::uint64_t>(code.size(), known->address - address));
        searched_[address] = address + scan_until_bad(address, code);
    }

    const Image& image_;
    const CodeMap& code_;
    std::span<const CodeRange> known_;
    ZydisDecoder decoder_{};
    std::unordered_set<std::uint64_t> starts_;
    std::set<std::uint64_t> found_;
    std::vector<std::uint64_t> open_;
    std::map<std::uint64_t, std::uint64_t> searched_;  // begin → end, of what no known range has
};

}  // namespace

std::vector<std::uint64_t> unknown_call_targets(const Image& image, const CodeMap& code,
                                                std::span<const CodeRange> known) {
    return Search(image, code, known).run();
}

}  // namespace catena::elf
