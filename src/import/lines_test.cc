#include "import/lines.h"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "import/imported_for_test.h"

namespace catena::import {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// What a compressor makes of it.
std::string compressed(const std::string& bytes, int filter) {
    std::string made(bytes.size() + 65536, '\0');
    std::size_t used = 0;
    archive* out = archive_write_new();
    archive_write_add_filter(out, filter);
    archive_write_set_format_raw(out);
    archive_write_open_memory(out, made.data(), made.size(), &used);
    archive_entry* entry = archive_entry_new();
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_write_header(out, entry);
    archive_write_data(out, bytes.data(), bytes.size());
    archive_entry_free(entry);
    archive_write_close(out);
    archive_write_free(out);
    made.resize(used);
    return made;
}

struct Read {
    std::vector<std::string> lines;
    std::vector<std::uint64_t> too_long;
    std::string error;
};

Read read_all(const std::string& bytes) {
    const FileForTest file(bytes);
    Read read;
    auto reader = LineReader::open(file.path());
    if (!reader) return {.error = reader.error().message};
    while (true) {
        const auto line = reader->next();
        if (!line) read.error = line.error().message;
        if (!line || !*line) return read;
        if ((*line)->too_long) {
            read.too_long.push_back((*line)->number);
        } else {
            read.lines.emplace_back((*line)->text);
        }
    }
}

std::string many_lines() {
    std::string text;
    for (int i = 0; i < 20'000; ++i) text += "line " + std::to_string(i * 7919 % 100'003) + "\n";
    return text;
}

constexpr int kFilters[] = {ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_XZ, ARCHIVE_FILTER_ZSTD,
                            ARCHIVE_FILTER_BZIP2};

TEST(Lines, EndWithOrWithoutALineFeed) {
    EXPECT_THAT(read_all("a\n\nb").lines, ElementsAre("a", "", "b"));
    EXPECT_THAT(read_all("a\n").lines, ElementsAre("a"));
    EXPECT_THAT(read_all("\n").lines, ElementsAre(""));
    EXPECT_THAT(read_all(std::string("a\0b\n", 4)).lines, ElementsAre(std::string("a\0b", 3)));
}

TEST(Lines, EmptyFileHasNone) {
    const Read read = read_all("");
    EXPECT_TRUE(read.lines.empty());
    EXPECT_EQ(read.error, "");
}

TEST(Lines, CompressedOnesAreThoseOfThePlainFile) {
    const std::string text = many_lines();
    const auto plain = read_all(text).lines;
    ASSERT_EQ(plain.size(), 20'000U);
    for (const int filter : kFilters) {
        const Read read = read_all(compressed(text, filter));
        EXPECT_EQ(read.error, "");
        EXPECT_EQ(read.lines, plain) << filter;
        // What logrotate appends is read on.
        EXPECT_EQ(read_all(compressed(text, filter) + compressed(text, filter)).lines.size(), 40'000U)
            << filter;
    }
}

TEST(Lines, TruncatedInputGivesWhatWasThereAndSaysSo) {
    const std::string text = many_lines();
    const auto plain = read_all(text).lines;
    for (const int filter : kFilters) {
        const std::string whole = compressed(text, filter);
        for (const std::size_t keep : {whole.size() / 2, whole.size() - 9}) {
            const Read read = read_all(whole.substr(0, keep));
            EXPECT_THAT(read.error, HasSubstr("cannot be read to its end after line " +
                                              std::to_string(read.lines.size())))
                << filter;
            EXPECT_LE(read.lines.size(), plain.size());
            EXPECT_TRUE(std::equal(read.lines.begin(), read.lines.end(), plain.begin())) << filter;
        }
    }
}

TEST(Lines, OneThatIsTooLongIsPassedOver) {
    const std::string longest(LineReader::kMaxLine, 'x');
    const Read read = read_all("a\n" + longest + "y\nb\n" + longest.substr(1) + "\nc\n" + longest + "z");
    EXPECT_THAT(read.too_long, ElementsAre(2, 6));
    ASSERT_EQ(read.lines.size(), 4U);
    EXPECT_EQ(read.lines[1], "b");
    EXPECT_EQ(read.lines[2].size(), LineReader::kMaxLine - 1);
    EXPECT_EQ(read.lines[3], "c");
}

TEST(Lines, WhatCannotBeOpenedIsNamed) {
    EXPECT_THAT(LineReader::open("/nowhere/at/all").error().message,
                HasSubstr("there is no file /nowhere/at/all"));
    EXPECT_THAT(LineReader::open("/").error().message, HasSubstr("/ is a folder"));
}

}  // namespace
}  // namespace catena::import
