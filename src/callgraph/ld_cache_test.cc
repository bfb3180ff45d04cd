#include "callgraph/ld_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include "callgraph/ldso_for_test.h"
#include "callgraph/loaded.h"

namespace catena::callgraph {
namespace {

class Caches : public LdSo {
  protected:
    static std::string contents(const std::string& file) {
        std::ifstream in(file, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    static base::Result<LdCache> parse(std::string_view text) {
        return LdCache::parse(std::as_bytes(std::span(text)));
    }

    // A root with one library at several levels, and the cache that ldconfig writes for it.
    [[nodiscard]] std::string made() const {
        write("empty.c", "");
        shell(
            "gcc -shared -nostdlib -o libx.so.1 empty.c -Wl,-soname,libx.so.1 && "
            "for d in r/lib r/lib/glibc-hwcaps/x86-64-v2 r/lib/glibc-hwcaps/x86-64-v4 "
            "r/lib/glibc-hwcaps/other; do "
            "mkdir -p $d && cp libx.so.1 $d/; done; mkdir -p r/etc r/var/cache/ldconfig; touch "
            "r/etc/ld.so.conf; /sbin/ldconfig -r r");
        return contents(path("r/etc/ld.so.cache"));
    }
};

TEST_F(Caches, OfThisMachineSayWhatLdconfigSaysOfThem) {
    const auto cache = parse(contents("/etc/ld.so.cache"));
    if (!cache) GTEST_SKIP() << "there is no cache here";
    std::istringstream lines(shell("/sbin/ldconfig -p"));
    std::size_t compared = 0;
    for (std::string line; std::getline(lines, line);) {
        const std::size_t arrow = line.find(" => ");
        if (arrow == std::string::npos || line.find("(libc6,x86-64)") == std::string::npos) continue;
        const std::string name = line.substr(1, line.find(' ', 1) - 1);
        std::vector<std::string> found;
        for (const LdCache::Entry& each : cache->entries(name)) found.push_back(each.path);
        EXPECT_THAT(found, testing::Contains(line.substr(arrow + 4)));
        ++compared;
    }
    EXPECT_GT(compared, 10U);
}

TEST_F(Caches, GiveTheHighestLevelThatFits) {
    const auto cache = parse(made());
    ASSERT_TRUE(cache);
    EXPECT_EQ(cache->find("libx.so.1", 1)->path, "/lib/libx.so.1");
    EXPECT_EQ(cache->find("libx.so.1", 2)->path, "/lib/glibc-hwcaps/x86-64-v2/libx.so.1");
    EXPECT_EQ(cache->find("libx.so.1", 3)->path, "/lib/glibc-hwcaps/x86-64-v2/libx.so.1");
    EXPECT_EQ(cache->find("libx.so.1", 4)->hwcaps, "x86-64-v4");
    EXPECT_EQ(cache->find("liby.so.1", 4), nullptr);
}

TEST_F(Caches, BehindATableOfTheOldFormatAreFound) {
    std::string old = std::string("ld.so-1.7.0\0\1\0\0\0", 16) + std::string(12, '\0');
    old.resize((old.size() + 7) / 8 * 8);
    const auto cache = parse(old + made());
    ASSERT_TRUE(cache);
    EXPECT_EQ(cache->find("libx.so.1", 1)->path, "/lib/libx.so.1");
}

TEST_F(Caches, ThatAreDamagedGiveAnAnswerOrAnError) {
    std::string text = made();
    for (std::size_t length = 0; length < text.size(); ++length)
        (void)parse(std::string_view(text).substr(0, length));
    for (std::size_t at = 0; at < text.size(); ++at) {
        for (const char wrong : {'\0', '\x7f', '\xff'}) {
            const char right = std::exchange(text[at], wrong);
            (void)parse(text);
            text[at] = right;
        }
    }
    std::uint32_t many = 0xffffffff;
    std::memcpy(text.data() + 20, &many, sizeof many);
    EXPECT_EQ(parse(text).error().code, base::ErrorCode::BadInput);
    EXPECT_EQ(parse("").error().code, base::ErrorCode::BadInput);
}

TEST_F(Caches, ThatAreBrokenAreADoubtAndTheFoldersDecide) {
    (void)made();
    write("r/etc/ld.so.cache", "broken");
    compile("program", "int main(void){return 0;}", "-Wl,--no-as-needed ./r/lib/libx.so.1");
    shell("mkdir -p r/bin r/lib64; cp program r/bin/; cp -L /lib64/ld-linux-x86-64.so.2 r/lib64/");
    const Loaded result = loaded("/bin/program", {.root = path("r"), .isa_level = 2});
    ASSERT_EQ(result.doubts().size(), 1U);
    EXPECT_THAT(result.doubts()[0], testing::HasSubstr("/etc/ld.so.cache"));
    EXPECT_EQ(result.object(*result.find("libx.so.1")).path, "/lib/glibc-hwcaps/x86-64-v2/libx.so.1");
}

}  // namespace
}  // namespace catena::callgraph
