// Against readelf on Debian's own programs, and against what the compiler and the linker said before a
// program was stripped.
#include "elf/functions.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cctype>

#include "elf/programs_for_test.h"

namespace catena::elf {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view kSource = R"(
#include <stdio.h>
#include <stdlib.h>
#define KEEP __attribute__((noipa))
static KEEP int inner(int x) { return x * 3 + 1; }
static KEEP int middle(int x) { return inner(x) + inner(x + 1); }
KEEP int outer(int x) { return middle(x) - 1; }
int other_name(int x) __attribute__((alias("outer")));
__attribute__((visibility("hidden"), alias("outer"))) int hidden_name(int x);
__attribute__((cold, noipa)) int fail(const char* why) { puts(why); return 1; }
KEEP int risky(int a, int b, int c) {
    char room[64];
    snprintf(room, sizeof room, "%d %d", a, b);
    if (__builtin_expect(a > 1000, 0)) { fail(room); fail("no"); puts("never"); exit(fail(room)); }
    return outer(b) + outer(c) + room[0];
}
static KEEP int chosen(void) { return 7; }
static int (*choose(void))(void) { return chosen; }
int picked(void) __attribute__((ifunc("choose")));
int main(int argc, char** argv) { return risky(argc, argc + 1, argc + 2) + picked() + (argv == 0); }
)";

std::vector<std::string> all_names(const Function& function) {
    std::vector<std::string> names = function.aliases;
    names.push_back(function.name);
    return names;
}

class Functions : public Programs {
  protected:
    // Without what gcc adds for exceptions, functions are in no other table than that of symbols.
    static constexpr const char* kPlain = "-O2 -fcf-protection=none";
};

class FunctionsOfDebian : public testing::TestWithParam<const char*> {};

TEST_P(FunctionsOfDebian, AreThoseThatReadelfLists) {
    if (!std::filesystem::exists(GetParam())) GTEST_SKIP() << GetParam() << " is not installed";
    const std::string file = std::filesystem::canonical(GetParam()).string();
    const SymbolTable expected = symbols_by_readelf(file);
    ASSERT_THAT(expected, Not(IsEmpty()));
    const auto found = functions_of(file);
    std::size_t with_names = 0;
    for (const Function& each : found) with_names += each.source < FunctionSource::EhFrame ? 1 : 0;
    EXPECT_EQ(with_names, expected.size());
    for (const auto& [address, names] : expected) {
        const Function* function = function_at(found, address);
        ASSERT_NE(function, nullptr) << std::hex << address << " " << names.begin()->first;
        std::uint64_t largest = 0;
        for (const auto& [name, size] : names) {
            EXPECT_THAT(all_names(*function), Contains(name));
            largest = std::max(largest, size);
        }
        EXPECT_EQ(all_names(*function).size(), names.size()) << function->name;
        if (largest > 0) {
            EXPECT_EQ(function->size_bytes, largest) << function->name;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Debian, FunctionsOfDebian,
                         testing::Values("/lib/x86_64-linux-gnu/libc.so.6",
                                         "/usr/lib/x86_64-linux-gnu/libcrypto.so.3",
                                         "/usr/lib/x86_64-linux-gnu/libstdc++.so.6", "/bin/bash",
                                         "/usr/sbin/nginx", "/lib64/ld-linux-x86-64.so.2", "/proc/self/exe"),
                         [](const auto& test) {
                             std::string name = std::filesystem::path(test.param).filename().string();
                             std::erase_if(name, [](char c) {
                                 return std::isalnum(static_cast<unsigned char>(c)) == 0;
                             });
                             return name;
                         });

TEST_F(Functions, AreInOrderOncePerAddressAndWhereTheFileHasThem) {
    const std::string program = compile("program", kSource, kPlain);
    const auto found = functions_of(program);
    const Image image = image_of(program);
    for (std::size_t i = 1; i < found.size(); ++i) EXPECT_LT(found[i - 1].address, found[i].address);
    for (const Function& each : found) EXPECT_EQ(image.address_at(each.file_offset), each.address);
    for (const Function& each : found) EXPECT_THAT(each.name, Not(HasSubstr("@")));
    const Function* outer = find_function(found, "outer");
    ASSERT_NE(outer, nullptr);
    EXPECT_EQ(outer->name, "outer");
    EXPECT_THAT(outer->aliases, ElementsAre("hidden_name", "other_name"));
}

TEST_F(Functions, AreNamedWithoutTheirVersion) {
    write("map", "V1 { global: f; }; V2 { global: f; } V1;");
    compile("library.so", R"(
        int old_f(void) { return 1; } int new_f(void) { return 2; }
        asm(".symver old_f, f@V1"); asm(".symver new_f, f@@V2");)",
            std::string(kPlain) + " -shared -fPIC -Wl,--version-script=map");
    EXPECT_THAT(shell("nm library.so"), HasSubstr("f@@V2"));
    const auto found = functions_of(path("library.so"));
    const auto is_f = [](const Function& each) { return each.name == "f"; };
    EXPECT_EQ(std::ranges::count_if(found, is_f), 2);
    EXPECT_EQ(find_function(found, "new_f")->name, "f");
}

TEST_F(Functions, TellsResolversAndPartsFromFunctions) {
    const auto found = functions_of(compile("program", kSource, kPlain));
    const Function* choose = find_function(found, "picked");
    ASSERT_NE(choose, nullptr);
    EXPECT_EQ(choose->kind, FunctionKind::IfuncResolver);
    EXPECT_EQ(choose, find_function(found, "choose"));
    ASSERT_NE(find_function(found, "risky.cold"), nullptr);
    EXPECT_EQ(find_function(found, "risky.cold")->kind, FunctionKind::Part);
    EXPECT_EQ(find_function(found, "risky")->kind, FunctionKind::Plain);
}

TEST_F(Functions, OfAStrippedProgramAreThoseOfItsFrames) {
    compile("program", kSource, kPlain);
    const auto named = functions_of(path("program"));
    shell("strip program");
    const auto found = functions_of(path("program"));
    for (const char* name :
         {"inner", "middle", "outer", "fail", "risky", "risky.cold", "chosen", "choose", "main", "_start"}) {
        const Function* before = find_function(named, name);
        ASSERT_NE(before, nullptr) << name;
        const Function* after = function_at(found, before->address);
        ASSERT_NE(after, nullptr) << name;
        EXPECT_EQ(after->source, FunctionSource::EhFrame) << name;
        EXPECT_EQ(after->size_bytes, before->size_bytes) << name;
        EXPECT_EQ(after->name, "") << name;
        const bool part = std::string_view(name) == "risky.cold";
        EXPECT_EQ(after->kind, part ? FunctionKind::Part : FunctionKind::Plain) << name;
    }
    // And nothing that was no function before.
    for (const Function& each : found)
        EXPECT_NE(function_at(named, each.address), nullptr) << std::hex << each.address;
}

TEST_F(Functions, OfDebiansLibcWithoutItsDebugFileAreFunctionsThatHasNames) {
    const std::string libc = "/lib/x86_64-linux-gnu/libc.so.6";
    const auto named = functions_of(libc, {"/usr/lib/debug"});
    if (std::ranges::none_of(named,
                             [](const Function& each) { return each.source == FunctionSource::DebugFile; }))
        GTEST_SKIP() << "no debug file of libc is installed (libc6-dbg)";
    std::size_t missing = 0;
    for (const Function& each : functions_of(libc))
        missing += function_at(named, each.address) == nullptr ? 1 : 0;
    EXPECT_EQ(missing, 0U);
}

TEST_F(Functions, WithoutFramesAreWhatIsCalled) {
    compile("program", kSource, std::string(kPlain) + " -fno-asynchronous-unwind-tables -no-pie");
    const auto named = functions_of(path("program"));
    shell("strip -R .eh_frame -R .eh_frame_hdr program");
    const auto found = functions_of(path("program"));
    for (const char* name : {"inner", "middle", "outer", "risky", "_start"}) {
        const Function* after = function_at(found, find_function(named, name)->address);
        ASSERT_NE(after, nullptr) << name;
        EXPECT_EQ(after->source, FunctionSource::CallTarget) << name;
    }
    for (const Function& each : found)
        EXPECT_NE(function_at(named, each.address), nullptr) << std::hex << each.address;
}

TEST_F(Functions, OfAFileWithoutSectionHeadersAreFoundAsTheLoaderDoes) {
    compile("library.so", kSource, std::string(kPlain) + " -shared -fPIC");
    shell("strip library.so");
    const auto before = functions_of(path("library.so"));
    // e_shoff, e_shnum and e_shstrndx
    shell(
        "dd if=/dev/zero of=library.so bs=1 seek=40 count=8 conv=notrunc status=none; "
        "dd if=/dev/zero of=library.so bs=1 seek=60 count=4 conv=notrunc status=none");
    EXPECT_THAT(image_of(path("library.so")).sections(), IsEmpty());
    const auto after = functions_of(path("library.so"));
    ASSERT_EQ(after.size(), before.size());
    for (std::size_t i = 0; i < before.size(); ++i) {
        EXPECT_EQ(after[i].address, before[i].address);
        EXPECT_EQ(after[i].name, before[i].name);
        EXPECT_EQ(after[i].source, before[i].source);
    }
    EXPECT_NE(find_function(after, "outer"), nullptr);
}

TEST_F(Functions, AreNotStubsOfThePlt) {
    for (const char* options :
         {"-fcf-protection=full", "-fcf-protection=none", "-fcf-protection=none -no-pie -Wl,-z,lazy"}) {
        compile("program", kSource, std::string("-O2 ") + options);
        const Image image = image_of(path("program"));
        for (const bool stripped : {false, true}) {
            if (stripped) shell("strip program");
            for (const Function& each : functions_of(path("program"))) {
                for (const Section& section : image.sections()) {
                    const bool within = each.address >= section.address &&
                                        each.address - section.address < section.size_bytes;
                    EXPECT_FALSE(within && section.name.starts_with(".plt"))
                        << options << std::hex << each.address;
                }
            }
        }
    }
}

TEST_F(Functions, OfAStrippedProgramHaveTheNamesOfItsDebugFile) {
    compile("program", kSource, std::string(kPlain) + " -g -Wl,--build-id=sha1");
    const std::string id = image_of(path("program")).build_id_text();
    EXPECT_THAT(shell("readelf -n program"), HasSubstr("Build ID: " + id));
    const std::string file = ".build-id/" + id.substr(0, 2) + "/" + id.substr(2) + ".debug";
    shell("mkdir -p debug/.build-id/" + id.substr(0, 2) + "; objcopy --only-keep-debug program debug/" +
          file + "; strip program");
    EXPECT_EQ(find_function(functions_of(path("program")), "middle"), nullptr);
    const auto found = functions_of(path("program"), {path("nowhere"), path("debug")});
    ASSERT_NE(find_function(found, "middle"), nullptr);
    EXPECT_EQ(find_function(found, "middle")->source, FunctionSource::DebugFile);

    // Another program under this one's id is not believed.
    compile("program2", "int main(void) { return 0; }", "-g -Wl,--build-id=sha1");
    shell("objcopy --only-keep-debug program2 debug/" + file);
    EXPECT_EQ(find_function(functions_of(path("program"), {path("debug")}), "middle"), nullptr);
}

TEST_F(Functions, AreNamedByADebugLinkIfItsChecksumFits) {
    compile("program", kSource, std::string(kPlain) + " -g -Wl,--build-id=none");
    shell(
        "mkdir .debug; objcopy --only-keep-debug program .debug/program.debug; strip program; "
        "objcopy --add-gnu-debuglink=.debug/program.debug program");
    const std::vector<std::string> roots = {path("nowhere")};
    EXPECT_NE(find_function(functions_of(path("program"), roots), "middle"), nullptr);
    EXPECT_EQ(find_function(functions_of(path("program")), "middle"), nullptr);  // not looked for
    shell("printf x >> .debug/program.debug");
    EXPECT_EQ(find_function(functions_of(path("program"), roots), "middle"), nullptr);
}

TEST_F(Functions, AreNamedByMiniDebugInfo) {
    compile("program", kSource, kPlain);
    shell(
        "objcopy --only-keep-debug program mini; strip -s -K middle -K inner mini; xz mini; "
        "strip program; objcopy --add-section .gnu_debugdata=mini.xz program");
    const auto found = functions_of(path("program"));
    ASSERT_NE(find_function(found, "middle"), nullptr);
    EXPECT_EQ(find_function(found, "middle")->source, FunctionSource::MiniDebugInfo);
    EXPECT_EQ(find_function(found, "outer"), nullptr);

    shell("head -c 200 mini.xz >broken.xz; objcopy --update-section .gnu_debugdata=broken.xz program");
    EXPECT_EQ(find_function(functions_of(path("program")), "middle"), nullptr);
}

TEST_F(Functions, WithoutASizeHaveThatOfTheirFrame) {
    compile("program", R"(
        int f(void); asm(".text\n.globl f\n.type f,@function\nf: .cfi_startproc\nnop\nnop\nret\n.cfi_endproc\n");
        int g(void); asm(".globl g\n.type g,@function\ng: ret\n.text");
        int main(void) { return f() + g(); })",
            kPlain);
    const auto found = functions_of(path("program"));
    EXPECT_EQ(symbols_by_readelf(path("program")).at(find_function(found, "f")->address).at("f"), 0U);
    EXPECT_EQ(find_function(found, "f")->size_bytes, 3U);
    EXPECT_EQ(find_function(found, "g")->size_bytes, 0U);
}

TEST_F(Functions, WithSizesThatLieEndWithTheirSegmentAndHideNothing) {
    compile("program", R"(
        int f(void); asm(".text\n.globl f\n.type f,@function\n.size f,0x7fffffffffffffff\nf: .cfi_startproc\nret\n.cfi_endproc\n");
        static __attribute__((noipa)) int after(void) { return 1; }
        int main(void) { return f() + after(); })",
            kPlain);
    const std::uint64_t after = find_function(functions_of(path("program")), "after")->address;
    shell("strip -K f program");
    const auto found = functions_of(path("program"));
    const Function* f = find_function(found, "f");
    ASSERT_NE(f, nullptr);
    EXPECT_FALSE(image_of(path("program")).bytes_at(f->address, f->size_bytes).empty());
    EXPECT_NE(function_at(found, after), nullptr);
}

TEST_F(Functions, OfOtherMachinesAreRefusedWithWhatTheFileIs) {
    const auto error_of = [](const std::string& file) {
        const Image image = image_of(file);
        const auto found = functions(image);
        return found ? base::Error{} : found.error();
    };
    write("start.s", ".globl _start\n.type _start,@function\n_start: ret\n");
    shell("as --32 start.s -o start32.o && ld -m elf_i386 start32.o -o i386");
    shell("as --x32 start.s -o startx32.o && ld -m elf32_x86_64 startx32.o -o x32");
    shell("as --64 start.s -o start64.o");
    EXPECT_EQ(image_of(path("i386")).machine(), Machine::I386);
    EXPECT_EQ(image_of(path("x32")).machine(), Machine::X32);
    EXPECT_EQ(error_of(path("i386")).code, base::ErrorCode::NotSupported);
    EXPECT_THAT(error_of(path("i386")).message, HasSubstr("is a 32-bit x86 program"));
    EXPECT_THAT(error_of(path("x32")).message, HasSubstr("is an x32 program"));
    EXPECT_EQ(error_of(path("start64.o")).code, base::ErrorCode::BadInput);
    EXPECT_THAT(error_of(path("start64.o")).message, HasSubstr("is an object file"));
}

TEST_F(Functions, OfAProgramWithoutAnyAreNone) {
    write("start.s", ".globl _start\n.data\n_start: .quad 1\n");
    shell("as --64 start.s -o start.o && ld start.o -o program 2>/dev/null");
    EXPECT_THAT(functions_of(path("program")), IsEmpty());
}

}  // namespace
}  // namespace catena::elf
