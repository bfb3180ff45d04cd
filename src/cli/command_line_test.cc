#include "cli/command_line.h"

#include <gmock/gmock.h>

#include <memory>

#include "cli/command.h"
#include "cli/program_fixture.h"

namespace catena::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class CommandLine : public ProgramTest {};

TEST_F(CommandLine, HelpAndVersionAreAnswers) {
    const Outcome help = catena({"--help"});
    EXPECT_EQ(help.exit_code, 0);
    for (const char* verb : {"record", "events", "chain", "query", "import", "doctor", "completion"}) {
        EXPECT_THAT(help.out, AllOf(HasSubstr("Usage: catena [OPTIONS] "), HasSubstr(verb)));
        const Outcome of_verb = catena({verb, "--help"});
        EXPECT_EQ(of_verb.exit_code, 0) << verb;
        EXPECT_THAT(of_verb.out, AllOf(HasSubstr(std::string("catena ") + verb), HasSubstr("Examples:")))
            << verb;
        EXPECT_EQ(of_verb.err, "") << verb;
    }
    const Outcome version = catena({"--version"});
    EXPECT_EQ(version.exit_code, 0);
    EXPECT_THAT(version.out, testing::MatchesRegex("catena [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST_F(CommandLine, NothingAskedIsWrongUsageAndShowsTheHelp) {
    const Outcome nothing = catena({});
    EXPECT_EQ(nothing.exit_code, kUsage);
    EXPECT_EQ(nothing.out, "");
    EXPECT_THAT(nothing.err, AllOf(HasSubstr("record"), HasSubstr("--version")));
}

TEST_F(CommandLine, SuggestsTheVerbThatWasMeant) {
    const Outcome typo = catena({"recrod", "-o", "x", "--", "true"});
    EXPECT_EQ(typo.exit_code, kUsage);
    EXPECT_THAT(typo.err, StartsWith("catena: there is no verb \"recrod\"; did you mean record?\n"));
    EXPECT_THAT(catena({"evnts"}).err, HasSubstr("did you mean events?"));
    EXPECT_THAT(catena({"frobnicate"}).err, StartsWith("catena: there is no verb \"frobnicate\"\n"));
    EXPECT_THAT(catena({"\x1b[31m"}).err, HasSubstr("there is no verb \"\\x1b[31m\""));
}

TEST_F(CommandLine, SuggestsTheOptionThatWasMeant) {
    for (const auto& words : {std::vector<std::string>{"events", "t.catena", "--formt", "json"},
                              {"events", "--formt=json", "t.catena"},
                              {"events", "--formt"}}) {
        const Outcome typo = catena(words);
        EXPECT_EQ(typo.exit_code, kUsage);
        EXPECT_THAT(typo.err,
                    StartsWith("catena events: there is no option --formt; did you mean --format?\n"));
        EXPECT_THAT(typo.err, HasSubstr("catena events --help"));
    }
    EXPECT_THAT(catena({"--versoin"}).err, HasSubstr("did you mean --version?"));
    EXPECT_THAT(catena({"doctor", "-z"}).err, StartsWith("catena doctor: there is no option -z\n"));
}

TEST_F(CommandLine, SaysWhatElseIsWrong) {
    EXPECT_THAT(catena({"events"}).err, StartsWith("catena events: TRACE is required"));
    EXPECT_THAT(catena({"query", "t", "SELECT", "1"}).err, HasSubstr("\"1\" is one word too many"));
    EXPECT_THAT(catena({"events", "t", "--format", "yaml"}).err,
                AllOf(HasSubstr("--format"), HasSubstr("yaml")));
    for (const char* number : {"0", "00", "-1", "1.5", "many", ""}) {
        const Outcome refused = catena({"chain", "t", "process:1", "--steps", number});
        EXPECT_EQ(refused.exit_code, kUsage) << number;
        EXPECT_THAT(refused.err, StartsWith(std::string("catena chain: --steps: '") + number +
                                            "' is not a whole number of 1 or more\n"));
    }
    for (const auto& words : {std::vector<std::string>{"events"},
                              {"query", "t", "SELECT", "1"},
                              {"events", "t", "--format", "yaml"},
                              {"events", "t", "--where"}}) {
        EXPECT_EQ(catena(words).exit_code, kUsage);
    }
}

// A verb that takes a command, as record does.
struct Fake {
    CLI::App app{"", "catena"};
    std::vector<std::string> command;
    std::string output;
    bool ran = false;

    Fake() {
        CLI::App* verb = app.add_subcommand("run", "");
        verb->add_option("-o,--output", output);
        verb->add_option("command", command);
        verb->callback([this] { ran = true; });
        app.add_subcommand("other", "")->add_option("TRACE", output);
    }
};

TEST(HandOver, CommandsArriveAsTheyAre) {
    const std::vector<std::string> command = {"[a,b]", "[",  "]",     "--",  "-o",  "--output",
                                              "",      "{}", "other", "run", "a b", "%%"};
    std::vector<std::string> words = {"run", "-o", "x", "--"};
    words.insert(words.end(), command.begin(), command.end());
    Fake fake;
    EXPECT_EQ(parse_command_line(fake.app, words), kDone);
    EXPECT_TRUE(fake.ran);
    EXPECT_EQ(fake.output, "x");
    EXPECT_EQ(fake.command, command);
    for (const char* single : {"{}", "[x]", "", "-h", "--help", "other"}) {
        Fake one;
        EXPECT_EQ(parse_command_line(one.app, {"run", "--", single}), kDone);
        EXPECT_EQ(one.command, std::vector<std::string>{single});
    }
}

TEST(HandOver, VerbsWithoutACommandKeepTheUsualMeaning) {
    Fake fake;
    EXPECT_EQ(parse_command_line(fake.app, {"other", "--", "-x"}), kDone);
    EXPECT_EQ(fake.output, "-x");
}

TEST(Nearest, FindsMisspellingsAndBeginningsOnly) {
    const std::vector<std::string> verbs = {"record", "events", "chain", "query", "doctor"};
    EXPECT_EQ(nearest("recrod", verbs), "record");
    EXPECT_EQ(nearest("chian", verbs), "chain");
    EXPECT_EQ(nearest("event", verbs), "events");
    EXPECT_EQ(nearest("doc", verbs), "doctor");
    EXPECT_EQ(nearest("banana", verbs), std::nullopt);
    EXPECT_EQ(nearest("ls", verbs), std::nullopt);
    EXPECT_EQ(nearest("", verbs), std::nullopt);
}

}  // namespace
}  // namespace catena::cli
