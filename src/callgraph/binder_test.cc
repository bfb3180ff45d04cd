#include "callgraph/binder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "callgraph/ldso_for_test.h"

namespace catena::callgraph {
namespace {

using testing::Contains;
using testing::IsSupersetOf;

class Bound : public LdSo {
  protected:
    void library(const std::string& name, const std::string& source, const std::string& options = {},
                 bool cxx = false) const {
        compile(name, source, "-shared -fPIC -Wl,-rpath,$PWD -L. " + options, cxx);
    }
    std::string program(const std::string& name, const std::string& source, const std::string& options,
                        bool cxx = false) const {
        return compile(name, source, "-Wl,-rpath,$PWD -L. -Wl,--no-as-needed " + options, cxx);
    }
    // Whom a symbol of one object is bound to.
    static std::string bound_to(const Bindings& all, const std::string& from, const std::string& symbol) {
        for (const auto& [asking, to, name, version] : all)
            if (name == symbol && asking == from) return to;
        return {};
    }
};

TEST_F(Bound, ReferencesOfDebianProgramsAreAsTheLoaderBindsThem) {
    std::size_t compared = 0;
    for (const char* name : {"bash", "git", "perl", "curl", "apt-cache", "lighttpd", "redis-server"}) {
        const std::string file = installed(name);
        if (file.empty()) continue;
        const Bindings expected = debugged(file, Run::No);
        EXPECT_GT(expected.size(), 100U) << file;
        EXPECT_EQ(bindings(loaded(file)), expected) << file;
        compared += expected.size();
    }
    EXPECT_GT(compared, 1000U);
}

TEST_F(Bound, VersionsDecideAmongDefinitionsOfOneName) {
    write("v.map", "V1 { global: f; g; only1; local: *; }; V2 { global: f; g; } V1; V3 { global: f; } V2;");
    const std::string source =
        "__asm__(\".symver f1,f@V1\"); __asm__(\".symver f2,f@V2\"); __asm__(\".symver f3,f@@V3\");"
        "__asm__(\".symver g1,g@V1\"); __asm__(\".symver g2,g@@V2\");"
        "int f1(void){return 1;} int f2(void){return 2;} int f3(void){return 3;} int g1(void){return 1;} int "
        "g2(void){return 2;}"
        "int only1(void){return 1;}";
    library("libv.so", source, "-Wl,--version-script=v.map");
    const std::string current =
        program("current",
                "int f(void), g(void), only1(void); int main(void) { return f() + g() + only1(); }", "-lv");
    const std::string old = program(
        "old", "__asm__(\".symver f,f@V1\"); int f(void), g(void); int main(void) { return f() + g(); }",
        "-lv");
    // Linked to a library without versions, run with one that has them: what only a hidden version has stays
    // undefined.
    shell("mkdir plain");
    compile("plain/libv.so", "int f(void){return 0;} int g(void){return 0;} int only1(void){return 0;}",
            "-shared -fPIC");
    const std::string unversioned = compile(
        "unversioned", "int f(void), g(void), only1(void); int main(void) { return f() + g() + only1(); }",
        "-Lplain -lv -Wl,-rpath,$PWD");
    for (const std::string& each : {current, old, unversioned})
        EXPECT_EQ(bindings(loaded(each)), debugged(each, Run::No)) << each;

    const auto address = [&](const std::string& file, const char* symbol) {
        const Loaded result = loaded(file);
        Binder binder(result);
        for (std::uint32_t i = 1; const auto each = result.program().symbols.at(i); ++i) {
            if (result.program().symbols.name(*each) == symbol)
                return binder.bind(kProgram, i, ReferenceKind::Call)->address;
        }
        return std::uint64_t{0};
    };
    const auto listed = elf::symbols_by_readelf(path("libv.so"));
    const auto name_at = [&](std::uint64_t at) { return listed.at(at); };
    EXPECT_THAT(name_at(address(current, "f")), Contains(testing::Key("f3")));
    EXPECT_THAT(name_at(address(old, "f")), Contains(testing::Key("f1")));
    // The program itself prints which one it got: its exit status.
    const auto status = [&](const std::string& file) { return std::stoi(shell(file + "; echo $?")); };
    EXPECT_EQ(status(current), 3 + 2 + 1);
    EXPECT_EQ(status(old), 1 + 2);
    const int got = status(unversioned);
    const auto number = [&](const char* symbol) {
        for (const auto& [name, size] : name_at(address(unversioned, symbol)))
            if (const auto digit = name.find_first_of("0123456789"); digit != std::string::npos)
                return std::stoi(name.substr(digit));
        return 0;
    };
    EXPECT_EQ(got, number("f") + number("g") + number("only1"));
}

TEST_F(Bound, WeakProtectedHiddenAndSymbolicAreAsTheLoaderBindsThem) {
    library("libfirst.so",
            "int weak(void){return 1;} int prot(void){return 1;} int sym(void){return 1;} int "
            "hid(void){return 1;} int data_prot = 1;");
    library("libsecond.so",
            "__attribute__((weak)) int weak(void){return 2;}"
            "__attribute__((visibility(\"protected\"))) int prot(void){return 2;}"
            "__attribute__((visibility(\"hidden\"))) int hid(void){return 2;}"
            "__attribute__((visibility(\"protected\"))) int data_prot = 2;"
            "__attribute__((weak)) int nowhere(void);"
            "int (*table[])(void) = {weak, prot, hid}; int *data_table[] = {&data_prot};"
            "int use(void){return weak() + prot() + hid() + (nowhere ? nowhere() : 0) + *data_table[0];}");
    library("libsymbolic.so",
            "int sym(void){return 3;} int (*sym_table[])(void) = {sym}; int call_sym(void){return "
            "sym_table[0]();}",
            "-Wl,-z,lazy -Wl,--no-gc-sections");
    // -Bsymbolic binds most references when linking; the flag alone is what the loader goes by.
    library("libflag.so",
            "int sym(void){return 4;} int (*flag_table[])(void) = {sym}; int call_flag(void){return "
            "flag_table[0]();}",
            "-Wl,-Bsymbolic");
    const std::string file =
        program("program",
                "int weak(void), prot(void), sym(void), use(void), call_sym(void), call_flag(void);"
                "int main(void){return weak() + prot() + sym() + use() + call_sym() + call_flag();}",
                "-lfirst -lsecond -lsymbolic -lflag");
    EXPECT_EQ(bindings(loaded(file)), debugged(file, Run::No));
}

// ld binds -Bsymbolic references itself; so a flag set behind its back is what shows the loader's rule.
TEST_F(Bound, ObjectsWithTheSymbolicFlagLookInThemselvesFirst) {
    library("libfirst.so", "int sym(void){return 1;}");
    library("libflag.so", "int sym(void){return 2;} int call(void){return sym();}",
            "-Wl,-z,initfirst -Wl,-z,now");
    // DT_FLAGS gets DF_SYMBOLIC (2) beside DF_BIND_NOW (8).
    const std::string file =
        program("program", "int call(void), sym(void); int main(void){return call() * 10 + sym();}",
                "-lfirst -lflag");
    const auto before = bindings(loaded(file));
    EXPECT_EQ(bound_to(before, path("libflag.so"), "sym"), path("libfirst.so"));
    shell(R"(python3 - <<'END'
import struct
data = bytearray(open("libflag.so", "rb").read())
at = data.find(struct.pack("<QQ", 30, 8))
data[at + 8] |= 2
open("libflag.so", "wb").write(data)
END)");
    const auto after = bindings(loaded(file));
    EXPECT_EQ(bound_to(after, path("libflag.so"), "sym"), path("libflag.so"));
    EXPECT_EQ(after, debugged(file, Run::No));
}

TEST_F(Bound, ProgramsAtFixedAddressesLendTheirStubsAndCopies) {
    library("libx.so",
            "int f(void){return 1;} int data = 5; int (*pointer(void))(void){return f;} int "
            "*data_pointer(void){return &data;}");
    const std::string file =
        program("program",
                "extern int data; int f(void); int (*pointer(void))(void); int *data_pointer(void);"
                "int main(void){ return data == 5 && pointer() == f && data_pointer() == &data ? f() : 0; }",
                "-no-pie -fno-pic -lx");
    const auto ours = bindings(loaded(file));
    EXPECT_EQ(ours, debugged(file, Run::No));
    EXPECT_EQ(bound_to(ours, path("libx.so"), "f"), "MAIN");
    EXPECT_EQ(bound_to(ours, path("libx.so"), "data"), "MAIN");
    EXPECT_EQ(bound_to(ours, "MAIN", "data"), path("libx.so"));
}

TEST_F(Bound, UniqueSymbolsHaveOneDefinition) {
    const std::string header =
        "template <class T> struct S { static T value; }; template <class T> T S<T>::value = 1;";
    library("liba.so", header + "int *a() { return &S<int>::value; }", "", true);
    library("libb.so", header + "int *b() { return &S<int>::value; }", "", true);
    const std::string file =
        program("program", "int *a(), *b(); int main() { return a() == b(); }", "-la -lb", true);
    EXPECT_EQ(bindings(loaded(file)), debugged(file, Run::No));
    // Opened later, each into a scope of its own: still one.
    const std::string opener = compile(
        "opener",
        "#include <dlfcn.h>\nint main(int n, char **v) { return !dlopen(v[1], 2) | !dlopen(v[2], 2); }", "");
    Loaded result = loaded(opener);
    std::string command = opener;
    for (const char* each : {"liba.so", "libb.so"}) {
        ASSERT_TRUE(result.resolve_dlopen(path(each), kProgram));
        command += " " + path(each);
    }
    const auto ours = bindings(result);
    EXPECT_THAT(debugged(command, Run::Yes), IsSupersetOf(ours));
    EXPECT_EQ(bound_to(ours, path("libb.so"), "_ZN1SIiE5valueE"), path("liba.so"));
}

TEST_F(Bound, AdditionalObjectsLookInTheGlobalScopeAndThenInTheirOwn) {
    library("libglobal.so", "int both(void){return 1;}");
    library("libhelper.so", "int both(void){return 2;} int helper(void){return 2;}");
    library("libplugin.so", "int both(void), helper(void); int plugin(void){return both() + helper();}",
            "-lhelper");
    const std::string file =
        program("program", "#include <dlfcn.h>\nint main(int n, char **v){ return !dlopen(v[1], RTLD_NOW); }",
                "-lglobal");
    Loaded result = loaded(file);
    const auto plugin = result.resolve_dlopen(path("libplugin.so"), kProgram);
    ASSERT_TRUE(plugin);
    const auto ours = bindings(result);
    EXPECT_EQ(bound_to(ours, path("libplugin.so"), "both"), path("libglobal.so"));
    EXPECT_EQ(bound_to(ours, path("libplugin.so"), "helper"), path("libhelper.so"));
    EXPECT_THAT(debugged(file + " " + path("libplugin.so"), Run::Yes), IsSupersetOf(ours));
    Binder binder(result);
    EXPECT_EQ(binder.symbol_of_handle("plugin", *plugin)->object, *plugin);
    EXPECT_EQ(binder.symbol_of_handle("both", *plugin)->object, *result.find("libhelper.so"));
    EXPECT_EQ(binder.default_symbol("both", kProgram)->object, *result.find("libglobal.so"));
    EXPECT_FALSE(binder.default_symbol("plugin", kProgram));
    EXPECT_EQ(binder.definitions("both").size(), 2U);
}

TEST_F(Bound, TheLoadersOwnReferencesAreBoundLikeOthersWhenItRuns) {
    const std::string file = program("program", "int main(void){return 0;}", "");
    const auto ours = bindings(loaded(file), true);
    Bindings theirs = debugged(file, Run::Yes);
    // These it asks for by name, not by relocation.
    for (const char* name : {"malloc", "calloc", "realloc", "free"})
        std::erase_if(theirs, [&](const auto& each) {
            return std::get<2>(each) == name && std::get<0>(each) == "MAIN";
        });
    EXPECT_EQ(ours, theirs);
}

}  // namespace
}  // namespace catena::callgraph
