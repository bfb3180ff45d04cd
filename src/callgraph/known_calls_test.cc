// Answers that are kept are those that the analysis gives, and no longer than it would give them.
#include "callgraph/known_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "callgraph/calls_for_test.h"

namespace catena::callgraph {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr auto kTick = std::chrono::milliseconds(20);  // the clock of file systems ticks every 10 ms at most

bool same(const ReachableCalls& one, const ReachableCalls& other) {
    return KnownAnswer{.calls = one}.written() == KnownAnswer{.calls = other}.written();
}

class KeptCalls : public ProgramCalls {
  protected:
    KeptCalls() { options_.cache_folder = path("cache"); }

    [[nodiscard]] KnownCalls cache() const { return KnownCalls(path("cache"), kTick); }

    // Analyses until the answer is kept: for as long as a file has changed just now, it is not.
    ReachableCalls kept(const std::string& program) const {
        for (int tries = 0; tries < 2000; ++tries) {
            const auto calls = cache().analyze(program, options_);
            EXPECT_TRUE(calls) << calls.error().message;
            if (!calls || cache().find(program, options_)) return calls.value_or(ReachableCalls{});
        }
        ADD_FAILURE() << "no answer is kept for " << program;
        return {};
    }
    std::optional<ReachableCalls> found(const std::string& program) const {
        return cache().find(program, options_);
    }

    static std::string content(const std::string& file) {
        std::ifstream from(file, std::ios::binary);
        return {std::istreambuf_iterator<char>(from), {}};
    }

    // A program of a few functions, whose answer is small.
    std::string small() const {
        return compile("small",
                       std::string(kPrelude) + "void _start(void) { kernel(39, 0); kernel(choice, 0); }",
                       kFree);
    }

    ProgramOptions options_;
};

TEST_F(KeptCalls, AreThoseOfTheAnalysis) {
    const std::string program = small();
    EXPECT_FALSE(found(program));
    const ReachableCalls calls = kept(program);
    EXPECT_EQ(calls.calls.size(), 1U);
    EXPECT_EQ(calls.unresolved.size(), 1U);
    EXPECT_TRUE(same(*found(program), calls));
    EXPECT_TRUE(same(*found(program), analyze(program)->calls()));
}

TEST_F(KeptCalls, OfAnotherQuestionAreNotTaken) {
    const std::string program = small();
    kept(program);
    const auto other = [&](const char* what, auto&& change) {
        ProgramOptions options = options_;
        change(options);
        EXPECT_FALSE(cache().find(program, options)) << what;
    };
    EXPECT_FALSE(found(path("cache/../small")));
    other("also", [](ProgramOptions& options) { options.also = {"/lib64/ld-linux-x86-64.so.2"}; });
    other("from", [](ProgramOptions& options) { options.from = {"_start"}; });
    other("root", [&](ProgramOptions& options) { options.load.root = path(""); });
    other("library_path", [](ProgramOptions& options) { options.load.library_path = "/lib"; });
    other("preload", [](ProgramOptions& options) { options.load.preload = "libc.so.6"; });
    other("preload_file", [](ProgramOptions& options) { options.load.preload_file = false; });
    other("isa_level", [](ProgramOptions& options) { options.load.isa_level = 1 + this_isa_level() % 4; });
    // The options are told apart from each other, too.
    ProgramOptions also = options_;
    also.also = {"x"};
    ProgramOptions from = options_;
    from.from = {"x"};
    EXPECT_NE(cache().path_of(program, also), cache().path_of(program, from));
    EXPECT_TRUE(found(program));
}

TEST_F(KeptCalls, AreNotKeptWhereAFileHasJustChanged) {
    const std::string program = small();
    const KnownCalls cautious(path("cache"), std::chrono::hours(1));
    ASSERT_TRUE(cautious.analyze(program, options_));
    EXPECT_FALSE(fs::exists(cautious.path_of(program, options_)));
    // Nor where its time is still to come: the clock was set.
    shell("touch -d '+1 hour' small");
    ASSERT_TRUE(cache().analyze(program, options_));
    EXPECT_FALSE(found(program));
}

TEST_F(KeptCalls, AreNotKeptWhereAFileChangedWhileItWasRead) {
    write("file", "before");
    FileAnswers answers;
    EXPECT_TRUE(answers.settled(-std::chrono::hours(1)));
    answers.file(path("file"), FileState::of(path("file")));
    EXPECT_TRUE(answers.settled(-std::chrono::hours(1)));
    write("file", "afterwards");
    answers.file(path("file"), FileState::of(path("file")));
    EXPECT_FALSE(answers.settled(-std::chrono::hours(1)));
}

TEST_F(KeptCalls, OfAnotherAnalysisAreNotTaken) {
    const std::string program = small();
    kept(program);
    const std::string file = cache().path_of(program, options_);
    auto answer = KnownAnswer::read(*read_stored(file, KnownCalls::kKind));
    ASSERT_TRUE(answer);
    write_stored(file, KnownCalls::kKind, answer->written());
    EXPECT_TRUE(found(program));
    EXPECT_THAT(answer->analysis, HasSubstr(" Zydis "));
    EXPECT_GT(answer->analysis.find(' '), 15U);  // an identity of this program
    answer->analysis += "1";
    write_stored(file, KnownCalls::kKind, answer->written());
    EXPECT_FALSE(found(program));
    // Nor one that was put where another question looks.
    shell("rm -r cache");
    kept(program);
    options_.from = {"_start"};
    fs::rename(file, cache().path_of(program, options_));
    EXPECT_FALSE(found(program));
}

TEST_F(KeptCalls, ThatAreDamagedAreWorkedOutAgain) {
    const std::string program = small();
    const ReachableCalls calls = kept(program);
    const std::string file = cache().path_of(program, options_);
    const std::string whole = content(file);
    const auto holds = [&](const std::string& bytes) {
        std::ofstream(file, std::ios::binary) << bytes;
        return found(program).has_value();
    };
    ASSERT_TRUE(holds(whole));
    for (std::size_t i = 0; i < whole.size(); ++i) {
        std::string damaged = whole;
        for (const char change : {'\x01', '\x80', '\xff'}) {
            damaged[i] = static_cast<char>(whole[i] ^ change);
            EXPECT_FALSE(holds(damaged)) << "byte " << i << " of " << whole.size();
        }
        EXPECT_FALSE(holds(whole.substr(0, i))) << "cut to " << i;
    }
    EXPECT_FALSE(holds(whole + '\0'));
    EXPECT_FALSE(holds(whole + whole));
    const auto gone = [&](const std::string& command) {
        shell("rm -rf " + file + " && " + command + " " + file);
        EXPECT_FALSE(found(program)) << command;
        EXPECT_TRUE(same(*reachable_calls(program, options_), calls)) << command;
    };
    gone("mkdir");
    gone("mkfifo");
    gone("ln -s /dev/zero");
    gone("ln -s nowhere");
}

TEST_F(KeptCalls, OfAnotherUserAreNotTaken) {
    if (::geteuid() != 0) GTEST_SKIP() << "giving a file away needs root";
    const std::string program = small();
    kept(program);
    EXPECT_TRUE(found(program));
    ASSERT_EQ(::chown(cache().path_of(program, options_).c_str(), 65534, 65534), 0);
    EXPECT_FALSE(found(program));
}

TEST_F(KeptCalls, CanBeWrittenAndReadAtOnce) {
    const std::string program = small();
    const ReachableCalls calls = kept(program);
    std::atomic<int> wrong = 0;
    std::atomic<int> seen = 0;
    const auto use = [&] {
        const KnownCalls own = cache();
        for (int i = 0; i < 100; ++i) {
            if (const auto known = own.find(program, options_)) {
                ++seen;
                if (!same(*known, calls)) ++wrong;
            }
            if (!own.analyze(program, options_)) ++wrong;
        }
    };
    {
        std::jthread other(use);
        std::jthread third(use);
        use();
    }
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(seen, 300);  // it is there all the time
    for (const auto& each : fs::directory_iterator(path("cache")))
        EXPECT_EQ(each.path().filename().string().find('.'), std::string::npos) << each.path();
}

TEST_F(KeptCalls, AreNotMoreThanThereMayBe) {
    const std::string program = small();
    shell(
        "mkdir cache && cd cache && for i in $(seq 600); do : >calls-$i; done && touch -d '1 hour ago' "
        "calls-* && "
        "touch code-x");
    kept(program);
    EXPECT_EQ(std::distance(fs::directory_iterator(path("cache")), {}),
              KnownCalls::kMaxAnswers + 2);  // and what is kept of the file, and code-x
    EXPECT_TRUE(fs::exists(path("cache/code-x")));
    EXPECT_TRUE(found(program));
}

TEST_F(KeptCalls, AreNotKeptOfErrors) {
    write("script", "#!/bin/sh\n");
    EXPECT_FALSE(cache().analyze(path("script"), options_));
    EXPECT_FALSE(cache().analyze(path("nothing"), options_));
    EXPECT_FALSE(fs::exists(path("cache")));
}

// A root folder with libc, and a program that finds a library in the second of two folders by a link, that
// asks PAM, and whose libcrypto opens modules.
class KeptCallsInRoot : public KeptCalls {
  protected:
    KeptCallsInRoot() {
        options_.load.root = path("root");
        shell(R"(
mkdir -p root/lib64 root/lib/x86_64-linux-gnu/security root/opt/a root/opt/b root/opt/c root/etc/pam.d root/etc/ssl
mkdir -p root/usr/lib/x86_64-linux-gnu/ossl-modules real && ln -s root link
cp -L /lib64/ld-linux-x86-64.so.2 root/lib64/
cd root/lib/x86_64-linux-gnu
cp -L /lib/x86_64-linux-gnu/libc.so.6 .
echo 'passwd: files' >../../etc/nsswitch.conf
cp /etc/ld.so.cache ../../etc/)");
        shared("root/lib/x86_64-linux-gnu/libpam.so.0", "pam_start", "getpid");
        shared("root/lib/x86_64-linux-gnu/security/pam_x.so", "pam_x", "getppid");
        // What it opens has a name that is not known.
        shared("root/lib/x86_64-linux-gnu/libcrypto.so.3", "crypto", "dlopen(getenv(\"X\"), 2); getuid");
        shared("root/opt/b/libmine.so", "mine", "getgid");
        shell(
            "cd root/opt/b && cp libmine.so ../c/ && mv libmine.so libmine.so.1 && ln -s libmine.so.1 "
            "libmine.so");
        write("root/etc/pam.d/program", "auth required pam_x.so\n");
        compile(
            "root/program",
            "void pam_start(void), mine(void), crypto(void);\n"
            "int main(void) { pam_start(); mine(); crypto(); return 0; }",
            "-O2 root/lib/x86_64-linux-gnu/libpam.so.0 root/lib/x86_64-linux-gnu/libcrypto.so.3 -Lroot/opt/b "
            "-l:libmine.so '-Wl,-rpath,/opt/a:/opt/b'");
    }

    void shared(const std::string& file, const std::string& function, const std::string& calls) const {
        compile(file,
                "#include <dlfcn.h>\n#include <stdlib.h>\n#include <unistd.h>\nint " + function +
                    "(void) { " + (calls.find(';') == std::string::npos ? "return " + calls : calls) +
                    "(); }",
                "-O2 -shared -fPIC -Wno-return-type -Wl,-soname," + file.substr(file.rfind('/') + 1));
    }
};

TEST_F(KeptCallsInRoot, GoWithAnyChangeOfWhatTheyFollowFrom) {
    const ReachableCalls first = kept("/program");
    for (const char* each : {"/security/pam_x.so", "/libpam.so.0"})
        EXPECT_THAT(first.binaries, testing::Contains(testing::EndsWith(each)));
    const struct {
        const char* what;
        const char* command;
    } changes[] = {
        {"program changed in place, its size and time as before",
         "cp -p program saved && printf '\\377' | dd of=program bs=1 seek=$(($(stat -c %s program) - 1)) "
         "conv=notrunc status=none && touch -r saved program"},
        {"program replaced by the same", "cp -p program saved && mv saved program"},
        {"library written again",
         "cat lib/x86_64-linux-gnu/libc.so.6 >saved && cat saved "
         ">lib/x86_64-linux-gnu/libc.so.6"},
        {"interpreter touched", "touch lib64/ld-linux-x86-64.so.2"},
        {"cache of the loader longer", "printf x >>etc/ld.so.cache"},
        {"cache of the loader gone", "rm etc/ld.so.cache"},
        {"cache of the loader there", "cp /etc/ld.so.cache etc/"},
        {"name services configured", "echo 'passwd: files systemd' >etc/nsswitch.conf"},
        {"service of PAM changed", "echo '# nothing' >>etc/pam.d/program"},
        {"service of PAM appeared", "echo 'auth required pam_y.so' >etc/pam.d/other"},
        {"module of PAM gone", "rm lib/x86_64-linux-gnu/security/pam_x.so"},
        {"folder of modules earlier on the path", "mkdir -p usr/lib/x86_64-linux-gnu/engines-3"},
        {"module in a folder that is listed",
         "cp opt/c/libmine.so usr/lib/x86_64-linux-gnu/ossl-modules/new.so"},
        {"configuration of OpenSSL", "echo 'x = y' >etc/ssl/openssl.cnf"},
        {"preloads", "echo libpam.so.0 >etc/ld.so.preload"},
        {"link to another file", "ln -sf ../c/libmine.so opt/b/libmine.so"},
        {"file earlier on the path", "cp opt/c/libmine.so opt/a/"},
        {"file earlier on the path gone", "rm opt/a/libmine.so"},
        {"file for other processors",
         "mkdir -p opt/b/glibc-hwcaps/x86-64-v4 && cp opt/c/libmine.so "
         "opt/b/glibc-hwcaps/x86-64-v4/"},
        {"library gone", "rm opt/b/libmine.so"},
        {"library back", "cp opt/c/libmine.so opt/b/"},
        {"folder that is a link now", "mv opt/b opt/d && ln -s d opt/b"},
        {"root that is a link to another folder now",
         "cp -a . ../copy && mv ../root ../moved && ln -s copy ../root"},
    };
    for (const auto& each : changes) {
        EXPECT_TRUE(found("/program")) << each.what;
        shell(std::string("cd root && ") + each.command);
        EXPECT_FALSE(found("/program")) << each.what;
        EXPECT_TRUE(same(kept("/program"), analyze("/program", options_)->calls())) << each.what;
    }
}

}  // namespace
}  // namespace catena::callgraph
