// Has bash itself complete: the script is sourced, and its function called as readline would, with the line
// split by bash's rules.
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "cli/command.h"
#include "cli/program_fixture.h"

namespace catena::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;
using testing::UnorderedElementsAre;

class Completion : public ProgramTest {
  protected:
    Completion() {
        std::filesystem::create_directory(path("work"));
        std::ofstream(path("work/trace.catena")) << "x";
        std::ofstream(path("work/with space.catena")) << "x";
        const Outcome script = catena({"completion", "bash"});
        EXPECT_EQ(script.exit_code, kDone);
        std::ofstream(path("script")) << script.out;
    }

    // What bash offers for a line whose cursor is at its end. `words` is the line as bash splits it, : and =
    // apart.
    std::vector<std::string> complete(const std::string& line, const std::vector<std::string>& words) {
        std::string program = "cd " + path("work") + " && source " + path("script") + " && COMP_LINE='" +
                              line + "' COMP_POINT=" + std::to_string(line.size()) +
                              " COMP_CWORD=" + std::to_string(words.size() - 1) + " COMP_WORDS=(";
        for (const std::string& word : words) program += "'" + word + "' ";
        program += ") && _catena && printf '%s\\n' \"${COMPREPLY[@]}\"";
        const Outcome found = run({"/bin/bash", "--norc", "-uc", program});
        EXPECT_EQ(found.exit_code, 0) << found.err;
        EXPECT_EQ(found.err, "");
        std::vector<std::string> replies;
        std::istringstream lines(found.out);
        for (std::string reply; std::getline(lines, reply);) {
            if (!reply.empty()) replies.push_back(reply);
        }
        return replies;
    }
};

TEST_F(Completion, RegistersItsFunction) {
    const Outcome found =
        run({"/bin/bash", "--norc", "-c", "source " + path("script") + " && complete -p catena"});
    EXPECT_EQ(found.out, "complete -o filenames -F _catena catena\n");
}

TEST_F(Completion, OffersVerbs) {
    EXPECT_THAT(complete("catena ", {"catena", ""}),
                UnorderedElementsAre("record", "events", "chain", "query", "import", "reduce", "analyze",
                                     "functions", "seccomp", "doctor", "completion"));
    EXPECT_THAT(complete("catena rec", {"catena", "rec"}), ElementsAre("record"));
    EXPECT_THAT(complete("catena --v", {"catena", "--v"}), ElementsAre("--version"));
}

TEST_F(Completion, OffersEveryOptionThatHelpNames) {
    for (const std::string verb : {"record", "events", "chain", "query", "import", "reduce", "analyze",
                                   "functions", "doctor", "completion"}) {
        const auto offered = complete("catena " + verb + " -", {"catena", verb, "-"});
        std::istringstream help(catena({verb, "--help"}).out);
        int options = 0;
        for (std::string line; std::getline(help, line) && line != "Examples:";) {
            const std::size_t dashes = line.find("--");
            if (!line.starts_with("  -") || dashes == std::string::npos) continue;
            EXPECT_THAT(offered, Contains(line.substr(dashes, line.find_first_of(" ,", dashes) - dashes)))
                << verb;
            ++options;
        }
        EXPECT_GT(options, 0) << verb;
    }
}

TEST_F(Completion, OffersTheValuesOfAnOption) {
    EXPECT_THAT(complete("catena events t --format ", {"catena", "events", "t", "--format", ""}),
                UnorderedElementsAre("text", "json"));
    EXPECT_THAT(complete("catena chain t --format d", {"catena", "chain", "t", "--format", "d"}),
                ElementsAre("dot"));
    EXPECT_THAT(complete("catena query t --format=c", {"catena", "query", "t", "--format", "=", "c"}),
                ElementsAre("csv"));
    EXPECT_THAT(complete("catena completion ", {"catena", "completion", ""}), ElementsAre("bash"));
    EXPECT_THAT(complete("catena record --pid ", {"catena", "record", "--pid", ""}), IsEmpty());
}

TEST_F(Completion, OffersFilesForATrace) {
    EXPECT_THAT(complete("catena events ", {"catena", "events", ""}),
                UnorderedElementsAre("trace.catena", "with space.catena"));
    EXPECT_THAT(complete("catena chain --format dot tr", {"catena", "chain", "--format", "dot", "tr"}),
                ElementsAre("trace.catena"));
    EXPECT_THAT(complete("catena record -o tr", {"catena", "record", "-o", "tr"}),
                ElementsAre("trace.catena"));
    EXPECT_THAT(complete("catena analyze tr", {"catena", "analyze", "tr"}), ElementsAre("trace.catena"));
    EXPECT_THAT(complete("catena query t ", {"catena", "query", "t", ""}), IsEmpty());
}

TEST_F(Completion, OffersWhatAPointBeginsWithAndThePathBehindIt) {
    EXPECT_THAT(complete("catena chain t ", {"catena", "chain", "t", ""}),
                UnorderedElementsAre("file:", "process:", "exe:", "socket:", "event:"));
    EXPECT_THAT(complete("catena chain t e", {"catena", "chain", "t", "e"}),
                UnorderedElementsAre("exe:", "event:"));
    EXPECT_THAT(complete("catena chain t file:/et", {"catena", "chain", "t", "file", ":", "/et"}),
                Contains("/etc"));
    EXPECT_THAT(complete("catena chain t file:", {"catena", "chain", "t", "file", ":"}),
                Contains("trace.catena"));
    EXPECT_THAT(complete("catena chain t --back exe:/bin/ba",
                         {"catena", "chain", "t", "--back", "exe", ":", "/bin/ba"}),
                Contains("/bin/bash"));
}

TEST_F(Completion, OffersCommandsBehindTheDashesOfRecord) {
    EXPECT_THAT(complete("catena record -- bas", {"catena", "record", "--", "bas"}), Contains("bash"));
    EXPECT_THAT(complete("catena record -o x -- cat tr", {"catena", "record", "-o", "x", "--", "cat", "tr"}),
                ElementsAre("trace.catena"));
    EXPECT_THAT(complete("catena record -- cat --for", {"catena", "record", "--", "cat", "--for"}),
                Not(Contains("--format")));
}

}  // namespace
}  // namespace catena::cli
