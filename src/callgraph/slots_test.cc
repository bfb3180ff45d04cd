#include "callgraph/slots.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "callgraph/entries.h"
#include "callgraph/ldso_for_test.h"

namespace catena::callgraph {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Field;

// Reads "path address" lines and answers what is there in its own memory: "path address" of what the word
// points into, or "- value".
constexpr const char* kReader = R"(
#define _GNU_SOURCE
#include <link.h>
#include <stdio.h>
#include <string.h>
static const char *name_of(struct dl_phdr_info *info) { return info->dlpi_name[0] ? info->dlpi_name : "MAIN"; }
struct query { const char *path; unsigned long value; unsigned long base; const char *found; };
static int by_name(struct dl_phdr_info *info, size_t n, void *data) {
    struct query *q = data;
    if (strcmp(name_of(info), q->path)) return 0;
    q->base = info->dlpi_addr; q->found = name_of(info);
    return 1;
}
static int by_address(struct dl_phdr_info *info, size_t n, void *data) {
    struct query *q = data;
    for (int i = 0; i < info->dlpi_phnum; ++i) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        unsigned long start = info->dlpi_addr + p->p_vaddr;
        if (p->p_type == PT_LOAD && q->value >= start && q->value <= start + p->p_memsz) {
            q->base = info->dlpi_addr; q->found = name_of(info);
            return 1;
        }
    }
    return 0;
}
int main(void) {
    EXTRA
    char path[4096]; unsigned long address;
    while (scanf("%4095s %lx", path, &address) == 2) {
        struct query at = {path, 0, 0, 0}, to = {0, 0, 0, 0};
        dl_iterate_phdr(by_name, &at);
        to.value = *(unsigned long *)(at.base + address);
        dl_iterate_phdr(by_address, &to);
        printf("%s %lx\n", to.found ? to.found : "-", to.value - to.base);
    }
    return 0;
})";

class SlotTables : public LdSo {
  protected:
    static std::string name_of(const Loaded& loaded, ObjectId id) {
        return id == kProgram ? "MAIN" : loaded.object(id).path;
    }

    // Only what stays as it was relocated: what the loader makes read-only afterwards, and jump slots.
    static bool stays(const Object& object, const Slot& slot) {
        const auto relro = object.image.program_header(PT_GNU_RELRO);
        return relro && slot.address >= relro->p_vaddr && slot.address - relro->p_vaddr < relro->p_memsz;
    }

    // Runs the program and compares each slot with what its memory has there; how many were compared.
    std::size_t compare(const std::string& program) const {
        const Loaded loaded = callgraph::loaded(program);
        Binder binder(loaded);
        const auto tables = resolve_slots(loaded, binder);
        std::vector<std::pair<ObjectId, const Slot*>> asked;
        std::ofstream questions(path("questions"));
        for (const ObjectId id : loaded.ids()) {
            if (loaded.interpreter() == id) continue;  // it keeps its own variables there
            for (const Slot& each : tables[index_of(id)].slots) {
                if (!stays(loaded.object(id), each) || each.kind == SlotKind::TlsDescriptor) continue;
                asked.emplace_back(id, &each);
                questions << fmt::format("{} {:x}\n", name_of(loaded, id), each.address);
            }
        }
        questions.close();
        std::istringstream answers(shell("LD_BIND_NOW=1 " + program + " < questions"));
        std::size_t wrong = 0;
        for (const auto& [id, slot] : asked) {
            std::string found, address;
            answers >> found >> address;
            const std::string expected = slot->undefined ? "-" : name_of(loaded, slot->object);
            bool same = found == expected &&
                        (slot->ifunc || slot->undefined || address == fmt::format("{:x}", slot->target));
            // time and gettimeofday choose the kernel's; libc also has a resolver that only sets it up, and
            // gives 0.
            same |= slot->ifunc && (found == "linux-vdso.so.1" || (found == "-" && address == "0"));
            if (!same && ++wrong < 5)
                ADD_FAILURE() << fmt::format("{} {:x} ({}): {} {:x} is {} {}", name_of(loaded, id),
                                             slot->address, to_string(slot->kind), expected, slot->target,
                                             found, address);
        }
        EXPECT_EQ(wrong, 0U);
        return asked.size();
    }

    static std::string reader(const std::string& extra) {
        std::string source = kReader;
        return source.replace(source.find("EXTRA"), 5, extra);
    }
};

TEST_F(SlotTables, HoldWhatTheLoaderWrites) {
    const std::string crypto = "extern const void *EVP_sha256(void); if (!EVP_sha256()) return 1;";
    std::string libraries;
    for (const char* each : {"libcrypto.so.3", "libstdc++.so.6", "libarchive.so.13"})
        if (std::filesystem::exists(std::string("/usr/lib/x86_64-linux-gnu/") + each))
            libraries += std::string(" -l:") + each;
    const std::string with = "-Wl,--no-as-needed -z now" + libraries;
    EXPECT_GT(compare(compile("pie", reader(""), "-pie -fPIE " + with)), 2000U);
    EXPECT_GT(compare(compile("relr", reader(""), "-Wl,-z,pack-relative-relocs -pie -fPIE " + with)), 2000U);
}

TEST_F(SlotTables, OfFixedProgramsHaveThePointersOfCopiedVariables) {
    compile("libx.so",
            "static int one(void){return 1;} int two(void){return 2;} int (*const table[3])(void) = {one, "
            "two, 0};",
            "-shared -fPIC");
    const std::string file =
        compile("fixed", reader("extern int (*const table[3])(void); if (table[0]() != 1) return 1;"),
                "-no-pie -fno-pic -z now -L. -lx -Wl,-rpath,$PWD");
    EXPECT_GT(compare(file), 10U);
    const Loaded loaded = callgraph::loaded(file);
    Binder binder(loaded);
    const auto tables = resolve_slots(loaded, binder);
    ASSERT_EQ(tables[0].copies.size(), 1U);
    EXPECT_EQ(tables[0].copies[0].size_bytes, 24U);
    EXPECT_THAT(tables[0].slots, Contains(Field(&Slot::kind, SlotKind::Copied)).Times(2));
    EXPECT_EQ(tables[0].range(tables[0].copies[0].address, 24).size(), 2U);
}

TEST_F(SlotTables, OfPackedRelocationsAreThoseOfPlainOnes) {
    const std::string source =
        "static int f(void){return 1;} int (*table[200])(void) = {[0 ... 149] = f, [190] = f}; int "
        "main(void){return table[3]() - 1;}";
    const auto addresses = [&](const std::string& file) {
        const Loaded loaded = callgraph::loaded(file);
        Binder binder(loaded);
        const auto tables = resolve_slots(loaded, binder);
        return static_cast<std::size_t>(std::ranges::count(tables[0].slots, SlotKind::Relative, &Slot::kind));
    };
    const std::string packed = compile("packed", source, "-pie -fPIE -Wl,-z,pack-relative-relocs");
    const std::string plain = compile("plain", source, "-pie -fPIE");
    const std::string header = shell("readelf -dW packed");
    if (header.find("RELR") == std::string::npos) GTEST_SKIP() << "this linker does not pack relocations";
    EXPECT_EQ(addresses(packed), addresses(plain));
    EXPECT_GT(addresses(packed), 150U);
}

TEST_F(SlotTables, NameResolversOfIfuncsInStaticProgramsToo) {
    const std::string source =
        "static int one(void){return 1;} static void *choose(void){return one;} int f(void) "
        "__attribute__((ifunc(\"choose\")));"
        "int main(void){return f() - 1;}";
    for (const char* options : {"-static -no-pie", "-static-pie", "-no-pie", "-pie -fPIE"}) {
        const std::string file = compile("program", source, options);
        const Loaded loaded = callgraph::loaded(file);
        Binder binder(loaded);
        const auto tables = resolve_slots(loaded, binder);
        std::uint64_t choose = 0;
        for (const auto& [address, names] : elf::symbols_by_readelf(file))
            if (names.contains("choose")) choose = address;
        EXPECT_THAT(tables[0].slots, Contains(AllOf(Field(&Slot::ifunc, true), Field(&Slot::target, choose))))
            << options;
        EXPECT_THAT(entries(loaded, tables),
                    Contains(Entry{kProgram, choose, EntryKind::IfuncResolver, kProgram}))
            << options;
        std::istringstream count(shell("readelf -rW program | grep -c IRELATIV || true"));
        std::ptrdiff_t expected = 0;
        count >> expected;
        EXPECT_EQ(std::ranges::count(tables[0].slots, SlotKind::Irelative, &Slot::kind), expected) << options;
    }
}

TEST_F(SlotTables, LeaveUndefinedWhatNothingDefines) {
    compile("libx.so",
            "void gone(void); void weak(void) __attribute__((weak)); void f(void){gone(); if (weak) weak();}",
            "-shared -fPIC");
    const std::string file =
        compile("program", "void f(void); int main(void){return 0;}",
                "-Wl,--no-as-needed -L. -lx -Wl,-rpath,$PWD -Wl,--unresolved-symbols=ignore-all");
    const Loaded loaded = callgraph::loaded(file);
    Binder binder(loaded);
    const auto tables = resolve_slots(loaded, binder);
    const ObjectId id = *loaded.find("libx.so");
    const auto& symbols = loaded.object(id).symbols;
    ASSERT_EQ(tables[index_of(id)].undefined.size(), 1U);
    EXPECT_EQ(symbols.name(*symbols.at(tables[index_of(id)].undefined[0])), "gone");
    EXPECT_THAT(tables[index_of(id)].slots, Contains(Field(&Slot::undefined, true)).Times(testing::Ge(2)));
}

TEST_F(SlotTables, TellWhereControlComesIn) {
    const std::string source =
        "__attribute__((constructor)) static void built(void){} __attribute__((destructor)) static void "
        "gone(void){}"
        "static void before(void){} __attribute__((section(\".preinit_array\"), used)) static void "
        "(*early)(void) = before;"
        "int main(void){return 0;}";
    for (const char* options : {"-pie -fPIE", "-no-pie", "-static -no-pie", "-static-pie"}) {
        const std::string file = compile("program", source, options);
        const Loaded loaded = callgraph::loaded(file);
        Binder binder(loaded);
        const auto found = entries(loaded, resolve_slots(loaded, binder));
        const auto has = [&](const char* name, EntryKind kind) {
            for (const auto& [address, names] : elf::symbols_by_readelf(file))
                if (names.contains(name))
                    return std::ranges::find(found, Entry{kProgram, address, kind, kProgram}) != found.end();
            return false;
        };
        EXPECT_TRUE(has("_start", EntryKind::Start)) << options;
        EXPECT_TRUE(has("_init", EntryKind::Init)) << options;
        EXPECT_TRUE(has("_fini", EntryKind::Fini)) << options;
        EXPECT_TRUE(has("built", EntryKind::InitArray)) << options;
        EXPECT_TRUE(has("gone", EntryKind::FiniArray)) << options;
        EXPECT_TRUE(has("before", EntryKind::PreinitArray)) << options;
    }
}

class DamagedObjects : public LdSo {
  protected:
    static void look_at(const std::vector<std::byte>& bytes) {
        auto image = elf::Image::from_bytes(bytes, "damaged");
        if (!image) return;
        auto loaded = Loaded::alone(std::move(*image));
        if (!loaded) return;
        Binder binder(*loaded);
        const auto tables = resolve_slots(*loaded, binder);
        EXPECT_TRUE(std::ranges::is_sorted(tables[0].slots, {}, &Slot::address));
        for (const Entry& each : entries(*loaded, tables)) EXPECT_EQ(each.object, kProgram);
        (void)binder.default_symbol("g", kProgram);
    }
    std::vector<std::byte> small_library() const {
        write("v.map", "V1 { global: g; table; local: *; };");
        compile("small.so",
                "extern int h(void); static int f(int x) { return x + h(); } int g(int x) { return f(x); } "
                "int (*table[70])(int) = {[3 ... 66] = f, g};",
                "-shared -fPIC -nostdlib -Wl,-z,noseparate-code -Wl,--hash-style=both "
                "-Wl,-z,pack-relative-relocs -Wl,--version-script=v.map");
        std::ifstream file(path("small.so"), std::ios::binary);
        const std::string text((std::istreambuf_iterator<char>(file)), {});
        const auto bytes = std::as_bytes(std::span(text));
        return {bytes.begin(), bytes.end()};
    }
};

TEST_F(DamagedObjects, CutAnywhereGiveAnAnswerOrAnError) {
    auto bytes = small_library();
    ASSERT_LT(bytes.size(), 30'000U);
    while (!bytes.empty()) {
        look_at(bytes);
        bytes.resize(bytes.size() > 7 ? bytes.size() - 7 : 0);
    }
}

TEST_F(DamagedObjects, WithNumbersOfAnySizeInWhatTheLoaderReadsGiveAnAnswerOrAnError) {
    auto bytes = small_library();
    const elf::Image image = elf::image_of(path("small.so"));
    std::size_t looked = 0;
    for (const char* name : {".dynamic", ".hash", ".gnu.hash", ".dynsym", ".gnu.version", ".gnu.version_d",
                             ".rela.dyn", ".rela.plt", ".relr.dyn"}) {
        const elf::Section* section = image.section(name);
        if (section == nullptr) continue;
        const auto begin = static_cast<std::size_t>(section->content.data() - image.bytes().data());
        for (std::size_t at = begin; at + 8 <= begin + section->content.size(); at += 4) {
            const auto right = *elf::read_at<std::uint64_t>(bytes, at);
            for (const std::uint64_t wrong :
                 {std::uint64_t{0}, std::uint64_t{1} << 63U, ~std::uint64_t{0}, ~std::uint64_t{7},
                  (std::uint64_t{1} << 32U) - 1, (std::uint64_t{1} << 63U) - 1, std::uint64_t{bytes.size()},
                  std::uint64_t{1}}) {
                std::memcpy(bytes.data() + at, &wrong, sizeof wrong);
                look_at(bytes);
                ++looked;
            }
            std::memcpy(bytes.data() + at, &right, sizeof right);
        }
    }
    EXPECT_GT(looked, 1000U);
}

}  // namespace
}  // namespace catena::callgraph
