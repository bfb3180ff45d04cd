// Watching functions of programs in Go and Rust: their names, their stacks, and what is refused. Each program
// says itself how often it called what. Skipped where there is no compiler.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "harness.h"

namespace catena::kernel_test {
namespace {

using testing::HasSubstr;

class FunctionLanguages : public testing::Test {
  protected:
    void SetUp() override {
        if (const std::string reason = why_not_recordable(); !reason.empty()) GTEST_SKIP() << reason;
    }

    // Builds the program, or says why not.
    std::string build(const std::string& compiler, const std::string& line) {
        const Outcome there = run({"sh", "-c", "command -v " + compiler});
        if (there.exit_code != 0) return compiler + " is not installed";
        const Outcome done = run({"sh", "-c", "cp " CATENA_PROGRAM_SOURCES "/languages/* . && " + line},
                                 {.directory = directory_.path().string(), .prepare = {}});
        return done.exit_code == 0 ? "" : compiler + ": " + done.err;
    }

    // What was recorded in the words of the program; `module` is what stands before the functions' names.
    std::string counted(const std::string& module) const {
        const auto of = [&](const std::string& name) {
            return value_of(trace_,
                            "select coalesce(sum(count), 0)::bigint from function_counts c join functions f "
                            "on f.id = c.function "
                            "where f.name = '" +
                                module + name + "'");
        };
        return "middle " + of("middle") + " leaf " + of("leaf") + "\n";
    }
    // The same of recordings of each call.
    std::string told(const std::string& module) const {
        const auto of = [&](const std::string& name) {
            return value_of(
                trace_,
                "select count(*) from calls c join functions f on f.id = c.function where f.name = '" +
                    module + name + "'");
        };
        return "middle " + of("middle") + " leaf " + of("leaf") + "\n";
    }

    TempDir directory_;
    std::string trace_ = directory_.file("t.catena");
};

TEST_F(FunctionLanguages, GoIsCountedExactlyAndItsReturnsAreLeftAlone) {
    if (const std::string why = build("go", "HOME=. GO111MODULE=off go build -o program function_calls.go");
        !why.empty())
        GTEST_SKIP() << why;
    const std::string program = directory_.file("program");
    Outcome done = catena({"record", "-o", trace_, "--allow-single-step", "--functions", "exe:main.*",
                           "--functions-mode", "count", "--", program});
    ASSERT_EQ(done.exit_code, 0) << done.err;
    EXPECT_EQ(counted("main."), done.out);
    done = catena({"record", "-o", trace_, "--allow-single-step", "--functions", "exe:main.*", "--exits",
                   "--", program});
    ASSERT_EQ(done.exit_code, 0) << done.err;
    EXPECT_EQ(told("main."), done.out);
    EXPECT_THAT(done.err, HasSubstr("Go"));
    EXPECT_EQ(value_of(trace_, "select count(*) from returns"), "0");
}

// Nothing but .gopclntab says where its functions are, and that is not read.
TEST_F(FunctionLanguages, AStrippedGoProgramIsWatchedByAddress) {
    if (const std::string why =
            build("go", "HOME=. GO111MODULE=off go build -ldflags=-s -o program function_calls.go");
        !why.empty())
        GTEST_SKIP() << why;
    const std::string program = directory_.file("program");
    const Outcome done =
        catena({"record", "-o", trace_, "--functions", "exe:*", "--functions-mode", "count", "--", program});
    // What there is to know of it, or that there is nothing; but it runs as ever.
    if (done.exit_code == 0) {
        EXPECT_THAT(done.out, HasSubstr("middle 2000 leaf 4000"));
    } else {
        EXPECT_THAT(done.err, HasSubstr("no functions"));
    }
}

TEST_F(FunctionLanguages, RustIsCountedExactlyAndNamedAsInItsSource) {
    if (const std::string why = build("rustc", "rustc -O -o program function_calls.rs"); !why.empty())
        GTEST_SKIP() << why;
    const std::string program = directory_.file("program");
    Outcome done = catena({"record", "-o", trace_, "--allow-single-step", "--functions",
                           "exe:function_calls::*", "--functions-mode", "count", "--", program});
    ASSERT_EQ(done.exit_code, 0) << done.err;
    EXPECT_EQ(counted("function_calls::"), done.out);
    // The method of the trait, which is not watched, lies between them; nobody else calls leaf.
    EXPECT_EQ(value_of(trace_,
                       "select string_agg(distinct coalesce(o.name, 'nobody'), ' ') from function_counts c "
                       "join functions f on f.id = c.function "
                       "left join functions o on o.id = c.caller where f.name = 'function_calls::leaf'"),
              "function_calls::middle");
    done = catena({"record", "-o", trace_, "--allow-single-step", "--functions", "exe:function_calls::*",
                   "--exits", "--", program});
    ASSERT_EQ(done.exit_code, 0) << done.err;
    EXPECT_EQ(told("function_calls::"), done.out);
    EXPECT_THAT(done.err, HasSubstr("exception")) << "a panic would not get past a probe on a return";
}

}  // namespace
}  // namespace catena::kernel_test
