#include "callgraph/loaded.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "callgraph/ldso_for_test.h"

namespace catena::callgraph {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

class LoadedPrograms : public LdSo {
  protected:
    // A library that does nothing, in a folder of its own.
    void library(const std::string& name, const std::string& options = {}) const {
        shell("mkdir -p $(dirname " + name + ")");
        write("empty.c", "");
        const std::string file = name.substr(name.rfind('/') + 1);
        shell("gcc -shared -nostdlib -o " + name + " empty.c -Wl,-soname," + file + " -Wl,--no-as-needed " +
              options);
    }
    std::string program(const std::string& name, const std::string& options) const {
        return compile(name, "int main(void) { return 0; }", "-Wl,--no-as-needed " + options);
    }
};

TEST_F(LoadedPrograms, OfDebianAreWhatTheLoaderSaysOfThem) {
    std::size_t compared = 0;
    for (const char* name : {"bash", "git", "curl", "perl", "gdb", "cmake", "apt-cache", "lighttpd", "strace",
                             "ssh", "python3", "nginx", "redis-server", "qemu-system-x86_64"}) {
        const std::string file = installed(name);
        if (file.empty()) continue;
        EXPECT_EQ(paths(loaded(file)), traced(file)) << file;
        ++compared;
    }
    EXPECT_GE(compared, 4U);
}

TEST_F(LoadedPrograms, LookInRunpathsOfTheOneWhoAsksAlone) {
    library("deep/libdeep.so");
    library("sub/libsub.so", "-Ldeep -ldeep");
    const std::string with_runpath =
        program("runpath",
                "-Lsub -lsub -Wl,--enable-new-dtags '-Wl,-rpath,$ORIGIN/sub:${ORIGIN}/deep' "
                "-Wl,--unresolved-symbols=ignore-all");
    const std::string with_rpath =
        program("rpath",
                "-Lsub -lsub -Wl,--disable-new-dtags '-Wl,-rpath,$ORIGIN/sub:$ORIGIN/deep' "
                "-Wl,--unresolved-symbols=ignore-all");
    EXPECT_EQ(paths(loaded(with_runpath)), traced(with_runpath));
    EXPECT_THAT(paths(loaded(with_runpath)), Contains("missing libdeep.so"));
    EXPECT_EQ(paths(loaded(with_rpath)), traced(with_rpath));
    EXPECT_THAT(paths(loaded(with_rpath)), Contains(EndsWith("/deep/libdeep.so")));
}

TEST_F(LoadedPrograms, DoNotInheritRpathsPastARunpath) {
    library("deep/libdeep.so");
    library("sub/libsub.so", "-Ldeep -ldeep -Wl,--enable-new-dtags -Wl,-rpath,/nowhere");
    const std::string file =
        program("program", "-Lsub -lsub -Wl,--disable-new-dtags '-Wl,-rpath,$ORIGIN/sub:$ORIGIN/deep'");
    EXPECT_EQ(paths(loaded(file)), traced(file));
    EXPECT_THAT(paths(loaded(file)), Contains("missing libdeep.so"));
}

TEST_F(LoadedPrograms, PreferRpathToLibraryPathAndThatToRunpath) {
    for (const char* folder : {"a", "b"}) library(std::string(folder) + "/libx.so");
    const std::string old = program("old", "-La -lx -Wl,--disable-new-dtags '-Wl,-rpath,$ORIGIN/a'");
    const std::string current = program("current", "-La -lx -Wl,--enable-new-dtags '-Wl,-rpath,$ORIGIN/a'");
    const LoadOptions options{.library_path = path("b")};
    const std::string environment = "LD_LIBRARY_PATH=" + path("b");
    EXPECT_EQ(paths(loaded(old, options)), traced(old, environment));
    EXPECT_EQ(paths(loaded(current, options)), traced(current, environment));
    EXPECT_THAT(paths(loaded(old, options)), Contains(path("a/libx.so")));
    EXPECT_THAT(paths(loaded(current, options)), Contains(path("b/libx.so")));
}

TEST_F(LoadedPrograms, NameWhatIsMissingAndWhoAsked) {
    library("libgone.so");
    library("libasks.so", "-L. -lgone");
    const std::string file = program("program", "-L. -lasks -lgone '-Wl,-rpath,$ORIGIN'");
    shell("rm libgone.so");
    const Loaded result = loaded(file);
    ASSERT_EQ(result.missing().size(), 1U);
    const Missing& missing = result.missing().front();
    EXPECT_EQ(missing.name, "libgone.so");
    ASSERT_EQ(missing.requests.size(), 2U);
    EXPECT_EQ(missing.requests[0].by, kProgram);
    EXPECT_EQ(result.object(*missing.requests[1].by).path, path("libasks.so"));
}

TEST_F(LoadedPrograms, PassOverLibrariesOfOtherMachines) {
    library("wrong/libx.so");
    library("right/libx.so");
    // The class of 32 bits, and the machine ARM: byte 4 and byte 18 of the header.
    shell(
        R"(cp wrong/libx.so w && printf '\001' | dd of=wrong/libx.so bs=1 seek=4 conv=notrunc status=none)");
    const std::string file = program("program", "-Lright -lx '-Wl,-rpath,$ORIGIN/wrong:$ORIGIN/right'");
    EXPECT_EQ(paths(loaded(file)), traced(file));
    shell(
        R"(cp w wrong/libx.so && printf '\267' | dd of=wrong/libx.so bs=1 seek=18 conv=notrunc status=none)");
    EXPECT_EQ(paths(loaded(file)), traced(file));
    EXPECT_THAT(paths(loaded(file)), Contains(path("right/libx.so")));
    shell("rm -r right");
    EXPECT_THAT(loaded(file).missing()[0].detail, HasSubstr("wrong/libx.so"));
}

TEST_F(LoadedPrograms, WithCyclesAndPreloadsHaveEachObjectOnceInTheLoadersOrder) {
    library("libb.so");
    library("liba.so", "-L. -lb");
    library("libb.so", "-L. -la");
    library("libpre.so");
    const std::string file = program("program", "-L. -la -Wl,--disable-new-dtags '-Wl,-rpath,$ORIGIN'");
    const Loaded result = loaded(file, {.preload = path("libpre.so")});
    EXPECT_EQ(paths(result), traced(file, "LD_PRELOAD=" + path("libpre.so")));
    EXPECT_THAT(scope_paths(result),
                ElementsAre(file, path("libpre.so"), path("liba.so"), EndsWith("libc.so.6"), path("libb.so"),
                            EndsWith("ld-linux-x86-64.so.2")));
}

TEST_F(LoadedPrograms, KnowAnObjectByItsSonameAndItsFile) {
    library("libreal.so");
    shell("ln -s libreal.so libother.so && mkdir twice && ln libreal.so twice/liblinked.so");
    write("use.c", "int main(void) { return 0; }");
    shell("gcc -o program use.c -Wl,--no-as-needed $PWD/libother.so libreal.so -Wl,-rpath,$PWD");
    EXPECT_EQ(paths(loaded(path("program"))), traced(path("program")));
}

TEST_F(LoadedPrograms, TakeTheHighestLevelThatTheProcessorHas) {
    library("lib/libx.so");
    for (const char* level : {"2", "3", "4"})
        library(std::string("lib/glibc-hwcaps/x86-64-v") + level + "/libx.so");
    const std::string file = program("program", "-Llib -lx '-Wl,-rpath,$ORIGIN/lib'");
    EXPECT_EQ(paths(loaded(file)), traced(file));
    const Loaded second = loaded(file, {.isa_level = 2});
    EXPECT_THAT(paths(second), Contains(path("lib/glibc-hwcaps/x86-64-v2/libx.so")));
    EXPECT_EQ(second.object(*second.find("libx.so")).hwcaps, "x86-64-v2");
    EXPECT_THAT(second.variants(),
                testing::UnorderedElementsAre(path("lib/libx.so"), path("lib/glibc-hwcaps/x86-64-v3/libx.so"),
                                              path("lib/glibc-hwcaps/x86-64-v4/libx.so")));
    EXPECT_THAT(paths(loaded(file, {.isa_level = 1})), Contains(path("lib/libx.so")));
}

TEST_F(LoadedPrograms, ThatAreStaticLoadNothing) {
    const std::string fixed = program("fixed", "-static -no-pie");
    const std::string pie = program("pie", "-static-pie");
    EXPECT_EQ(loaded(fixed).kind(), ProgramKind::Static);
    EXPECT_EQ(loaded(pie).kind(), ProgramKind::StaticPie);
    EXPECT_EQ(loaded(fixed).size(), 1U);
    EXPECT_EQ(loaded(pie).size(), 1U);
    EXPECT_EQ(loaded(program("dynamic", "")).kind(), ProgramKind::Dynamic);
    library("libx.so", "-lc");
    const Loaded library_alone = loaded(path("libx.so"));
    EXPECT_EQ(library_alone.kind(), ProgramKind::Library);
    EXPECT_THAT(scope_paths(library_alone),
                ElementsAre(path("libx.so"), EndsWith("libc.so.6"), EndsWith("ld-linux-x86-64.so.2")));
}

TEST_F(LoadedPrograms, OfMuslFollowItsOwnRules) {
    if (installed("musl-gcc").empty()) GTEST_SKIP() << "musl-tools is not installed";
    library("a/libx.so");
    library("b/liby.so", "-La -lx");
    write("m.c", "int main(void) { return 0; }");
    shell(
        "musl-gcc -o m m.c -Wl,--no-as-needed -La -Lb -ly -Wl,--allow-shlib-undefined "
        "'-Wl,-rpath,$ORIGIN/a:$ORIGIN/b'");
    const Loaded result = loaded(path("m"));
    EXPECT_EQ(result.loader_kind(), LoaderKind::Musl);
    // musl's ldd is its loader under another name. Runpaths are inherited there.
    shell("ln -s /lib/ld-musl-x86_64.so.1 ldd");
    std::set<std::string> expected;
    std::istringstream lines(shell("./ldd $PWD/m"));
    for (std::string name, arrow, file, address; lines >> name && lines.ignore(1);) {
        if (name.starts_with("/")) {
            lines >> address;
            continue;
        }
        lines >> arrow >> file >> address;
        expected.insert(file == "ldd" || file == "./ldd" ? "/lib/ld-musl-x86_64.so.1" : file);
    }
    EXPECT_EQ(paths(result), expected);
    EXPECT_THAT(scope_paths(result), Contains(path("a/libx.so")));
}

TEST_F(LoadedPrograms, InAnotherRootStayInIt) {
    library("libx.so");
    const std::string file = program("program", "-L. -lx");
    shell(
        "mkdir -p r/lib64 r/usr/lib/x86_64-linux-gnu r/bin && cp program r/bin && cp libx.so "
        "r/usr/lib/libx.so.real && "
        "ln -s /usr/lib/libx.so.real r/usr/lib/x86_64-linux-gnu/libx.so && ln -s usr/lib r/lib && "
        "cp -L /lib64/ld-linux-x86-64.so.2 r/lib64/ && cp -L /lib/x86_64-linux-gnu/libc.so.6 "
        "r/usr/lib/x86_64-linux-gnu/");
    for (const std::string& name : {std::string("/bin/program"), path("r/bin/program")}) {
        const Loaded result = loaded(name, {.root = path("r")});
        EXPECT_THAT(scope_paths(result),
                    ElementsAre("/bin/program", "/lib/x86_64-linux-gnu/libx.so",
                                "/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"));
        EXPECT_EQ(result.object(*result.find("libx.so")).file,
                  std::filesystem::canonical(path("r/usr/lib/libx.so.real")));
    }
    shell("rm r/usr/lib/x86_64-linux-gnu/libc.so.6");
    const Loaded without = loaded("/bin/program", {.root = path("r")});
    ASSERT_EQ(without.missing().size(), 1U);
    EXPECT_EQ(without.missing()[0].name, "libc.so.6");
}

TEST_F(LoadedPrograms, OpenLaterWhatIsAskedForByTheRulesOfTheOneWhoAsks) {
    library("own/libneeded.so");
    library("own/libplugin.so", "-Lown -lneeded '-Wl,-rpath,$ORIGIN'");
    library("libhost.so", "'-Wl,-rpath,$ORIGIN/own'");
    const std::string file = program("program", "-L. -lhost '-Wl,-rpath,$ORIGIN'");
    Loaded result = loaded(file);
    const auto host = result.find("libhost.so");
    ASSERT_TRUE(host);
    EXPECT_FALSE(result.resolve_dlopen("libplugin.so", kProgram));
    EXPECT_EQ(result.missing().back().name, "libplugin.so");
    const auto plugin = result.resolve_dlopen("libplugin.so", *host);
    ASSERT_TRUE(plugin);
    EXPECT_EQ(result.resolve_dlopen("libplugin.so", *host), *plugin);
    EXPECT_THAT(scope_paths(result, *plugin),
                ElementsAre(path("own/libplugin.so"), path("own/libneeded.so")));
    EXPECT_EQ(result.object(*result.find("libneeded.so")).opened_with, *plugin);
    EXPECT_EQ(result.resolve_dlopen("libhost.so", kProgram), *host);
    EXPECT_FALSE(result.object(*host).additional());
}

TEST_F(LoadedPrograms, ThatAreNoneAreErrorsThatSayWhat) {
    write("script", "#!/bin/sh\n");
    EXPECT_EQ(Loaded::load(path("script"), {}).error().code, base::ErrorCode::BadInput);
    EXPECT_EQ(Loaded::load(path("nothing"), {}).error().code, base::ErrorCode::NotFound);
    write("empty.c", "");
    shell("gcc -c -o object.o empty.c");
    EXPECT_EQ(Loaded::load(path("object.o"), {}).error().code, base::ErrorCode::BadInput);
}

}  // namespace
}  // namespace catena::callgraph
