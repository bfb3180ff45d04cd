// What an image says of a file, against readelf; and files that are damaged, in every way that can be tried.
#include "elf/image.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

#include "elf/demangle.h"
#include "elf/functions.h"
#include "elf/lines.h"
#include "elf/programs_for_test.h"

namespace catena::elf {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class Images : public Programs {
  protected:
    [[nodiscard]] std::vector<std::byte> contents(const std::string& file) const {
        std::ifstream stream(file, std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(stream), {}};
        const auto bytes = std::as_bytes(std::span(text));
        return {bytes.begin(), bytes.end()};
    }
};

TEST_F(Images, HaveTheSegmentsAndSectionsThatReadelfShows) {
    const std::string file = "/usr/lib/x86_64-linux-gnu/libstdc++.so.6";
    const Image image = image_of(file);
    std::istringstream lines(shell("readelf -lW " + file + " | grep '  LOAD'"));
    std::vector<Segment> expected;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string load, flags;
        std::uint64_t offset = 0, address = 0, physical = 0, file_bytes = 0, memory_bytes = 0;
        words >> load >> std::hex >> offset >> address >> physical >> file_bytes >> memory_bytes >> std::ws;
        std::getline(words, flags);
        expected.push_back({address, offset, file_bytes, flags.find('E') < flags.rfind("0x")});
    }
    ASSERT_EQ(image.segments().size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ(image.segments()[i].address, expected[i].address);
        EXPECT_EQ(image.segments()[i].file_offset, expected[i].file_offset);
        EXPECT_EQ(image.segments()[i].file_bytes, expected[i].file_bytes);
        EXPECT_EQ(image.segments()[i].executable, expected[i].executable);
    }
    EXPECT_THAT(shell("readelf -n " + file), HasSubstr("Build ID: " + image.build_id_text() + "\n"));
    EXPECT_EQ(fmt::format("{}\n", image.sections().size()),
              shell("readelf -h " + file + " | sed -n 's/.*Number of section headers: *//p'"));
    const Section* text = image.section(".text");
    ASSERT_NE(text, nullptr);
    EXPECT_TRUE(std::ranges::equal(image.bytes_at(text->address, text->size_bytes), text->content));
}

TEST_F(Images, TurnAddressesIntoOffsetsAndBackWithinTheirBounds) {
    const Image image =
        image_of(compile("program", "int main(void) { return 0; } int zeros[100000];", "-no-pie"));
    EXPECT_EQ(image.type(), FileType::Executable);
    for (const Segment& each : image.segments()) {
        const std::uint64_t last = each.address + each.file_bytes - 1;
        EXPECT_EQ(image.file_offset(each.address), each.file_offset);
        EXPECT_EQ(image.file_offset(last), each.file_offset + each.file_bytes - 1);
        EXPECT_EQ(image.address_at(*image.file_offset(last)), last);
        EXPECT_EQ(image.bytes_at(each.address, each.file_bytes).size(), each.file_bytes);
        EXPECT_THAT(image.bytes_at(each.address, each.file_bytes + 1), IsEmpty());
        EXPECT_THAT(image.bytes_at(each.address, ~std::uint64_t{0}), IsEmpty());
        EXPECT_THAT(image.bytes_at(last, 2), IsEmpty());
    }
    // Beyond the last byte that the file has of its data begins .bss.
    const Segment& data = image.segments().back();
    EXPECT_FALSE(image.file_offset(data.address + data.file_bytes));
    for (const std::uint64_t nowhere : {std::uint64_t{0}, ~std::uint64_t{0}, std::uint64_t{1} << 63U}) {
        EXPECT_FALSE(image.file_offset(nowhere));
        EXPECT_THAT(image.bytes_from(nowhere), IsEmpty());
        EXPECT_THAT(image.file_bytes(nowhere, ~std::uint64_t{0}), IsEmpty());
    }
    EXPECT_FALSE(image.address_at(~std::uint64_t{0}));
    EXPECT_EQ(image_of(compile("pie", "int main(void) { return 0; }", "-pie")).type(),
              FileType::SharedObject);
}

TEST_F(Images, OfWhatIsNoElfFileAreErrorsThatSayWhat) {
    write("empty", "");
    write("script", "#!/bin/sh\nexit 0\n");
    write("short",
          "\x7f"
          "ELF\x02\x01");
    ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
    const auto error_of = [this](const std::string& name) { return Image::open(path(name)).error(); };
    EXPECT_EQ(error_of("missing").code, base::ErrorCode::NotFound);
    EXPECT_THAT(error_of("missing").message, HasSubstr("there is no such file"));
    for (const char* name : {"empty", "script", "short", "fifo", "."})
        EXPECT_EQ(error_of(name).code, base::ErrorCode::BadInput) << name;
    EXPECT_THAT(error_of("script").message, HasSubstr("is no ELF file"));
    EXPECT_THAT(error_of("short").message, HasSubstr("broken off"));
    EXPECT_THAT(error_of("fifo").message, HasSubstr("is no regular file"));
    ASSERT_EQ(::truncate(path("empty").c_str(), static_cast<off_t>(Image::kMaxBytes) + 1), 0);
    EXPECT_THAT(error_of("empty").message, HasSubstr("are not read"));
}

TEST_F(Images, StayAsTheyWereWhenTheFileIsCutOrReplaced) {
    const std::string file = compile(
        "program", "__attribute__((noipa)) int f(void) { return 1; } int main(void) { return f(); }", "");
    const auto before = functions_of(file);
    const Image image = image_of(file);
    ASSERT_EQ(::truncate(file.c_str(), 100), 0);
    const auto after = functions(image);
    ASSERT_TRUE(after);
    ASSERT_EQ(after->size(), before.size());
    EXPECT_NE(find_function(*after, "f"), nullptr);
    EXPECT_NE(functions(image_of(file))->size(), before.size());
    EXPECT_FALSE(image.is_cut());
    EXPECT_TRUE(image_of(file).is_cut());
}

// Everything that is asked of a file, of one that may be damaged: answers are checked to be within the file.
void look_at(std::span<const std::byte> bytes) {
    const auto image = Image::from_bytes(bytes, "damaged");
    if (!image) {
        EXPECT_FALSE(image.error().message.empty());
        return;
    }
    const auto found = functions(*image, {.debug_roots = {}});
    if (!found) {
        EXPECT_FALSE(found.error().message.empty());
        return;
    }
    Lines lines(*image, {});
    for (const Function& each : *found) {
        EXPECT_LT(each.file_offset, bytes.size());
        EXPECT_LE(each.size_bytes, bytes.size() - each.file_offset);
        (void)demangle(each.name);
        (void)lines.at(each.address);
    }
}

class DamagedImages : public Images {
  protected:
    // As small as a program with everything that is read can be.
    std::vector<std::byte> small_program() {
        compile("small.so",
                "__attribute__((noipa)) static int f(int x) { return x + 1; }\n"
                "int g(int x) { return f(x) + f(x + 1); }\n",
                "-shared -fPIC -nostdlib -O1 -g -Wl,--build-id -Wl,-z,noseparate-code -Wl,--hash-style=gnu");
        shell(
            "nm small.so >/dev/null; objcopy --only-keep-debug small.so mini; strip -g mini; xz mini; "
            "objcopy --add-section .gnu_debugdata=mini.xz small.so");
        return contents(path("small.so"));
    }
};

TEST_F(DamagedImages, CutAnywhereGiveAnAnswerOrAnError) {
    const auto bytes = small_program();
    ASSERT_LT(bytes.size(), 20'000U);
    for (std::size_t length = 0; length <= bytes.size(); ++length) look_at(std::span(bytes).first(length));
}

TEST_F(DamagedImages, WithAnyWrongByteInTheirHeadersGiveAnAnswerOrAnError) {
    auto bytes = small_program();
    const auto header = *read_at<Elf64_Ehdr>(bytes, 0);
    std::vector<std::pair<std::size_t, std::size_t>> parts = {
        {0, sizeof(Elf64_Ehdr)},
        {header.e_phoff, header.e_phnum * sizeof(Elf64_Phdr)},
        {header.e_shoff, header.e_shnum * sizeof(Elf64_Shdr)}};
    const Image image = image_of(path("small.so"));
    for (const char* name :
         {".eh_frame", ".eh_frame_hdr", ".dynamic", ".gnu.hash", ".dynsym", ".symtab", ".note.gnu.build-id",
          ".gnu_debugdata", ".debug_info", ".debug_abbrev", ".debug_line", ".debug_aranges"}) {
        const Section* section = image.section(name);
        ASSERT_NE(section, nullptr) << name;
        parts.emplace_back(section->content.data() - image.bytes().data(), section->content.size());
    }
    for (const auto& [offset, size] : parts) {
        for (std::size_t at = offset; at < offset + size; ++at) {
            const std::byte right = bytes.at(at);
            for (const unsigned wrong : {0x00U, 0x01U, 0x7fU, 0x80U, 0xffU}) {
                bytes.at(at) = std::byte(wrong);
                look_at(bytes);
            }
            bytes.at(at) = right;
        }
    }
}

TEST_F(DamagedImages, WithNumbersOfAnySizeInTheirHeadersGiveAnAnswerOrAnError) {
    auto bytes = small_program();
    const auto header = *read_at<Elf64_Ehdr>(bytes, 0);
    for (const auto& [offset, count] :
         {std::pair<std::size_t, std::size_t>{header.e_phoff, header.e_phnum * 7UL},
          {header.e_shoff, header.e_shnum * 8UL},
          {24, 3}}) {
        for (std::size_t i = 0; i < count; ++i) {
            const auto right = *read_at<std::uint64_t>(bytes, offset + i * 8);
            for (const std::uint64_t wrong : {std::uint64_t{1} << 63U, ~std::uint64_t{0}, ~std::uint64_t{7},
                                              std::uint64_t{1} << 31U, (std::uint64_t{1} << 63U) - 1,
                                              std::uint64_t{bytes.size()}, std::uint64_t{bytes.size() - 1}}) {
                std::memcpy(bytes.data() + offset + i * 8, &wrong, sizeof wrong);
                look_at(bytes);
            }
            std::memcpy(bytes.data() + offset + i * 8, &right, sizeof right);
        }
    }
}

}  // namespace
}  // namespace catena::elf
