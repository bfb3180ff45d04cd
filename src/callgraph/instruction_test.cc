// The table of common instructions says what Zydis says.
#include "callgraph/instruction.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

#include "callgraph/quick_decode.h"
#include "elf/image.h"

namespace catena::callgraph {
namespace {

constexpr std::uint64_t kAddress = 0x401000;

std::string text_of(std::span<const std::byte> code) {
    std::string text;
    for (const std::byte each : code.first(std::min<std::size_t>(code.size(), 15)))
        text += testing::PrintToString(std::to_integer<int>(each)) + " ";
    return text;
}

class Instructions : public testing::Test {
  protected:
    // Whether it is known to the table.
    bool compare(std::span<const std::byte> code) {
        const auto quick = decode_quickly(kAddress, code);
        if (!quick) return false;
        const auto full = decoder_.in_full(kAddress, code);
        EXPECT_TRUE(full && *quick == *full) << text_of(code);
        return true;
    }

    Decoder decoder_;
};

TEST_F(Instructions, AreTheSameInAllForms) {
    std::mt19937 random(1);
    std::array<std::byte, 15> code{};
    std::size_t known = 0;
    for (unsigned rex = 0x3f; rex <= 0x4f; ++rex) {
        for (unsigned opcode = 0; opcode < 512; ++opcode) {
            for (unsigned modrm = 0; modrm < 256; ++modrm) {
                for (int variant = 0; variant < 2; ++variant) {
                    for (std::byte& each : code) each = static_cast<std::byte>(random());
                    std::size_t at = 0;
                    if (rex >= 0x40) code[at++] = static_cast<std::byte>(rex);
                    if (opcode >= 256) code[at++] = std::byte{0x0f};
                    code[at++] = static_cast<std::byte>(opcode);
                    code[at++] = static_cast<std::byte>(modrm);
                    // Each base, and none.
                    code[at] = static_cast<std::byte>(variant == 0 ? modrm * 37 : 5U);
                    known += compare(code) ? 1 : 0;
                    if (HasFailure()) return;
                }
            }
        }
    }
    EXPECT_GT(known, 17U * 90 * 512);
}

TEST_F(Instructions, OfLibrariesAreTheSameAtEveryByte) {
    for (const char* path : {"/lib/x86_64-linux-gnu/libc.so.6", "/lib/x86_64-linux-gnu/libstdc++.so.6"}) {
        const auto image = elf::Image::open(path);
        if (!image) GTEST_SKIP() << image.error().message;
        std::size_t known = 0;
        std::size_t bytes = 0;
        for (const elf::Segment& each : image->segments()) {
            if (!each.executable) continue;
            const auto code = image->file_bytes(each.file_offset, each.file_bytes);
            bytes += code.size();
            for (std::size_t at = 0; at < code.size(); ++at) {
                known += compare(code.subspan(at)) ? 1 : 0;
                if (HasFailure()) return;
            }
        }
        EXPECT_GT(known, bytes / 2) << path;
    }
}

TEST_F(Instructions, AtTheEndOfCodeAreLeftToZydis) {
    const std::array<std::byte, 5> call{std::byte{0xe8}, std::byte{1}};
    EXPECT_FALSE(decode_quickly(kAddress, call));
    EXPECT_EQ(decoder_.at(kAddress, call)->target, kAddress + 6);
    EXPECT_FALSE(decoder_.at(kAddress, std::span(call).first(4)));
}

}  // namespace
}  // namespace catena::callgraph
