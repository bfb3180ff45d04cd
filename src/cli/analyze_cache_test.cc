// What analyze and derive say is the same whether it was kept or is worked out, and what is kept is looked
// after: each file that the analysis asked for, as strace sees it, is asked for again before its answer is
// believed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/program_fixture.h"

namespace catena::cli {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

Words operator+(Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

class AnalysisCache : public ProgramTest {
  protected:
    AnalysisCache() { use(path("cache")); }
    ~AnalysisCache() override { ::unsetenv(kVariable); }

    static void use(const std::string& folder) { ::setenv(kVariable, folder.c_str(), 1); }

    [[nodiscard]] std::size_t answers() const {
        std::size_t count = 0;
        std::error_code none;
        for (fs::directory_iterator each(path("cache"), none), end; !none && each != end;
             each.increment(none))
            count += each->path().filename().string().starts_with("calls-") ? 1 : 0;
        return count;
    }

    // Runs it until so many answers are kept: while something that it follows from has just changed (a
    // package is being installed), it is not.
    Outcome analyzed_and_kept(const Words& command, std::size_t wanted) {
        for (int tries = 0;; ++tries) {
            Outcome outcome = catena(command);
            if (answers() == wanted || tries == 100) return outcome;
        }
    }

    // Without any cache, with one that has nothing, and with one that has the answer.
    void expect_the_same(const Words& command) {
        use("");
        const Outcome alone = catena(command);
        use(path("cache"));
        const std::size_t before = answers();
        const Outcome first = analyzed_and_kept(command, before + 1);
        const std::size_t after = answers();
        const Outcome kept = catena(command);
        const std::string what = testing::PrintToString(command);
        EXPECT_EQ(alone.exit_code, kDone) << what << alone.err;
        EXPECT_GT(alone.out.size(), 100U) << what;
        EXPECT_EQ(after, before + 1) << what;
        for (const Outcome* each : {&first, &kept}) {
            EXPECT_EQ(each->out, alone.out) << what;
            EXPECT_EQ(each->err, alone.err) << what;
            EXPECT_EQ(each->exit_code, alone.exit_code) << what;
        }
    }

    // The paths that a command asks for from when it has looked into the cache, without those of the cache.
    std::set<std::string> asked(const Words& command) {
        const Outcome traced = run(Words{"/usr/bin/strace", "-f", "-qq", "-s", "4096", "-e", "trace=%file",
                                         "-o", path("trace"), CATENA_PROGRAM} +
                                   command);
        EXPECT_EQ(traced.exit_code, kDone) << traced.err;
        std::set<std::string> paths;
        std::ifstream lines(path("trace"));
        bool begun = false;
        works_out_ = false;
        for (std::string line; std::getline(lines, line);) {
            const std::size_t begin = line.find('"');
            const std::size_t end = line.find('"', begin + 1);
            if (begin == std::string::npos || end == std::string::npos) continue;
            std::string name = line.substr(begin + 1, end - begin - 1);
            const bool cache = name.starts_with(path("cache"));
            begun = begun || cache;
            works_out_ = works_out_ || name.starts_with(path("cache/code-"));
            if (begun && !cache) paths.insert(std::move(name));
        }
        EXPECT_TRUE(begun);
        return paths;
    }

    bool works_out_ = false;  // whether what was traced last looked for what is kept of files

  private:
    static constexpr const char* kVariable = "CATENA_ANALYSIS_CACHE";
};

std::string installed(const std::string& name) {
    for (const char* folder : {"/usr/sbin/", "/usr/bin/", "/usr/lib/openssh/"}) {
        if (fs::exists(folder + name)) return folder + name;
    }
    return {};
}

TEST_F(AnalysisCache, ChangesNothingOfWhatIsSaidOfPrograms) {
    std::size_t compared = 0;
    for (const char* name :
         {"awk",   "bash",    "bc",     "cat",      "cp",       "curl",         "date",  "dash",
          "diff",  "dpkg",    "find",   "gcc",      "getent",   "git",          "grep",  "gzip",
          "id",    "ip",      "less",   "ls",       "lighttpd", "login",        "make",  "memcached",
          "mount", "openssl", "perl",   "ps",       "python3",  "redis-server", "rsync", "sed",
          "sort",  "ssh",     "strace", "su",       "tar",      "true",         "vi",    "xz",
          "nginx", "sshd",    "named",  "chpasswd", "useradd"}) {
        const std::string file = installed(name);
        if (file.empty()) continue;
        expect_the_same(
            {"analyze", file, "--what", "syscalls", "--format", ++compared % 4 == 0 ? "text" : "json"});
    }
    EXPECT_GE(compared, 24U);
}

TEST_F(AnalysisCache, ChangesNothingOfProfilesAndOfWhatIsAdded) {
    expect_the_same({"seccomp", "derive", "--binary", "/bin/ls", "--static"});
    expect_the_same(
        {"seccomp", "derive", "--binary", "/bin/ls", "--static", "--also", "libm.so.6", "--format", "oci"});
    expect_the_same({"analyze", "/bin/cat", "--what", "syscalls", "--also", "libm.so.6"});
    expect_the_same({"analyze", "/bin/cat", "--what", "syscalls", "--preload", "libm.so.6"});
    fs::create_directory_symlink("/usr/bin", path("link"));
    expect_the_same({"analyze", path("link/cat"), "--what", "syscalls"});
    std::ofstream(path("script")) << "#!/bin/sh\necho\n";
    expect_the_same({"analyze", path("script"), "--what", "syscalls"});
}

TEST_F(AnalysisCache, IsNotAskedForWhatItDoesNotHave) {
    const Words command = {"analyze", "/bin/cat", "--what", "syscalls"};
    const Words why = {"--why", "openat"};
    const std::string first = catena(command + why).out;
    EXPECT_EQ(answers(), 0U);
    catena(command);
    EXPECT_EQ(answers(), 1U);
    EXPECT_EQ(catena(command + why).out, first);
}

TEST_F(AnalysisCache, LooksAtEachFileAgainThatTheAnalysisAskedFor) {
    if (!fs::exists("/usr/bin/strace")) GTEST_SKIP() << "strace is not installed";
    std::vector<Words> commands;
    // With modules of PAM and of the name services; with OpenSSL's; with what is added; with what is missing.
    for (const char* name : {"su", "login", "curl", "lighttpd", "nginx", "sshd", "python3", "redis-server"}) {
        if (const std::string file = installed(name); !file.empty())
            commands.push_back({"analyze", file, "--what", "syscalls"});
    }
    EXPECT_GE(commands.size(), 3U);
    commands.push_back({"analyze", "/bin/cat", "--what", "syscalls", "--also", "libm.so.6", "--library-path",
                        path("") + ":/usr/lib", "--preload", "libnothing.so"});
    for (const Words& command : commands) {
        const std::set<std::string> analysis = asked(command);
        EXPECT_TRUE(works_out_);
        analyzed_and_kept(command, 1);
        const std::set<std::string> check = asked(command);
        EXPECT_FALSE(works_out_);
        EXPECT_GE(analysis.size(), 20U);
        std::vector<std::string> missed;
        for (const std::string& each : analysis) {
            // What threads and malloc want to know of the machine, and the folder of the cache.
            if (!check.contains(each) && !each.starts_with("/sys/devices/system/cpu") &&
                !each.starts_with("/proc/sys/vm/") && !path("cache").starts_with(each))
                missed.push_back(each);
        }
        EXPECT_THAT(missed, testing::IsEmpty()) << testing::PrintToString(command);
        fs::remove_all(path("cache"));
    }
}

}  // namespace
}  // namespace catena::cli
