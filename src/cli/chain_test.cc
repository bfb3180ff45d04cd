// catena chain as users meet it: what it answers, in which words, and with which exit code.
#include <gmock/gmock.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/program_fixture.h"

namespace catena::cli {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using testing::UnorderedElementsAre;

// Where a recording is searched: loaded as a whole, or on disk, as one that is too large for that.
enum class Place : std::uint8_t { InMemory, OnDisk };

class ChainCommand : public ProgramTest {
  protected:
    ~ChainCommand() override { ::unsetenv("CATENA_WHOLE_EVENTS"); }

    static void search(Place place) {
        ::setenv("CATENA_WHOLE_EVENTS", place == Place::OnDisk ? "0" : "1000000", 1);
    }

    static json process(const std::string& id, int pid, const std::string& exe) {
        return {{"id", id}, {"pid", pid}, {"exe", exe}};
    }
    static json process(const std::string& name, int pid) { return process(name, pid, "/opt/" + name); }
    static json file(const std::string& name) { return {{"type", "file"}, {"id", name}, {"path", name}}; }
    static json with_type(json entity, const std::string& type) {
        entity["type"] = type;
        return entity;
    }

    // `at` is in milliseconds after kStart.
    void add(std::int64_t at, const std::string& op, const json& who, const json& what,
             std::int64_t bytes = 0) {
        const json line = {{"ts_ns", kStart + at * 1'000'000},
                           {"op", op},
                           {"process", who},
                           {"object", what},
                           {"bytes", bytes}};
        log_ += line.dump() + '\n';
    }
    void record() {
        std::ofstream(path("log")) << log_;
        const Outcome done = catena({"import", "jsonl", path("log"), "-o", trace_});
        ASSERT_EQ(done.exit_code, kDone) << done.err;
    }

    Outcome chain(std::vector<std::string> words) {
        words.insert(words.begin(), {"chain", trace_});
        return catena(words);
    }
    json chain_json(std::vector<std::string> words) {
        words.insert(words.end(), {"--format", "json"});
        const Outcome found = chain(words);
        EXPECT_EQ(found.exit_code, kDone) << found.err;
        return json::parse(found.out);
    }
    std::set<std::string> labels(const std::vector<std::string>& words) {
        std::set<std::string> labels;
        const json chain = chain_json(words);
        for (const json& node : chain.at("nodes")) labels.insert(node.at("label"));
        return labels;
    }
    std::set<std::int64_t> events(const std::vector<std::string>& words) {
        std::set<std::int64_t> events;
        const json chain = chain_json(words);
        for (const json& edge : chain.at("edges")) {
            for (const json& event : edge.at("events")) events.insert(event.get<std::int64_t>());
        }
        return events;
    }

    static constexpr std::int64_t kStart = 1'700'000'000'000'000'000;  // 2023-11-14T22:13:20Z
    const std::string trace_ = path("t.catena");

  private:
    std::string log_;
};

class TwoPlaces : public ChainCommand, public testing::WithParamInterface<Place> {
  protected:
    TwoPlaces() { search(GetParam()); }
};

std::string name_of(const testing::TestParamInfo<Place>& info) {
    return info.param == Place::OnDisk ? "OnDisk" : "InMemory";
}
const auto kBothPlaces = testing::Values(Place::InMemory, Place::OnDisk);

// A key is copied twice. Beside that way: what was read and written by the way, and a process that wrote
// before it read.
class Copies : public TwoPlaces {
  protected:
    Copies() {
        const json sh = process("sh", 100);
        const json cp = process("cp", 200);
        const json late = process("late", 300);
        add(1000, "read", sh, file("/srv/key"), 10);       // event 1
        add(2000, "write", sh, file("/tmp/a"), 10);        // 2
        add(2500, "write", sh, file("/tmp/side"), 10);     // 3
        add(3000, "read", cp, file("/tmp/a"), 10);         // 4
        add(3500, "read", cp, file("/srv/other"), 10);     // 5
        add(4000, "write", cp, file("/tmp/b"), 10);        // 6
        add(5000, "write", late, file("/tmp/early"), 10);  // 7
        add(6000, "read", late, file("/tmp/b"), 10);       // 8
        record();
    }
};
INSTANTIATE_TEST_SUITE_P(, Copies, kBothPlaces, name_of);

TEST_P(Copies, WaysToAPointAreShownAndNothingElse) {
    const std::vector<std::string> way = {"file:/srv/key", "--to", "file:/tmp/b"};
    EXPECT_THAT(labels(way), UnorderedElementsAre("/srv/key", "sh (100)", "/tmp/a", "cp (200)", "/tmp/b"));
    EXPECT_THAT(events(way), ElementsAre(1, 2, 4, 6));
    const Outcome told = chain(way);
    EXPECT_EQ(told.exit_code, kDone);
    EXPECT_THAT(told.out,
                AllOf(StartsWith("/srv/key can have reached /tmp/b: cp (pid 200) wrote 10 bytes to it 3 s "
                                 "later.\n"),
                      HasSubstr("\nFrom file:/srv/key to file:/tmp/b: 5 nodes, 4 events."),
                      Not(HasSubstr("/tmp/side")), Not(HasSubstr("/srv/other"))));
}

TEST_P(Copies, WaysToAnEventEndWhenItHappened) {
    EXPECT_THAT(events({"file:/srv/key", "--to", "event:4"}), ElementsAre(1, 2, 4));
    const Outcome later = chain({"file:/srv/other", "--to", "event:4"});
    EXPECT_EQ(later.exit_code, kNegative) << "read half a second after that event";
    EXPECT_THAT(later.out, StartsWith("No way "));
    EXPECT_THAT(events({"event:2", "--to", "file:/tmp/b"}), ElementsAre(2, 4, 6));
    EXPECT_EQ(chain({"event:3", "--to", "file:/tmp/b"}).exit_code, kNegative);
}

TEST_P(Copies, NoWayIsANegativeAnswerThatNamesBothEnds) {
    const auto has_none = [&](const std::string& from, const std::string& to) {
        const Outcome told = chain({from, "--to", to});
        EXPECT_EQ(told.exit_code, kNegative) << from << " to " << to;
        EXPECT_THAT(told.out, StartsWith("No way in the recording leads from " + from + " to " + to + ".\n"));
        EXPECT_EQ(told.err, "");
    };
    has_none("file:/tmp/b", "file:/srv/key");      // only against the flow
    has_none("file:/srv/key", "file:/tmp/early");  // its writer read /tmp/b afterwards
    has_none("file:/tmp/side", "file:/tmp/b");     // only both come from one process
}

TEST_P(Copies, NoWayIsEmptyInEveryFormat) {
    const auto told = [&](const std::string& format) {
        const Outcome told = chain({"file:/tmp/b", "--to", "file:/srv/key", "--format", format});
        EXPECT_EQ(told.exit_code, kNegative) << format;
        return told.out;
    };
    const json as_json = json::parse(told("json"));
    EXPECT_THAT(as_json.at("nodes"), IsEmpty());
    EXPECT_THAT(as_json.at("edges"), IsEmpty());
    EXPECT_EQ(as_json.at("to"), "file:/srv/key");
    EXPECT_EQ(as_json.at("complete"), true);
    EXPECT_THAT(told("dot"), AllOf(StartsWith("digraph"), Not(HasSubstr("->"))));
    EXPECT_THAT(told("mermaid"), AllOf(StartsWith("flowchart"), Not(HasSubstr("-->"))));
    const json prov = json::parse(told("prov"));
    EXPECT_FALSE(prov.contains("entity") || prov.contains("activity"));
}

TEST_P(Copies, SeveralPointsGiveWhatEachOfThemGives) {
    std::set<std::string> nodes = labels({"file:/tmp/side"});
    EXPECT_THAT(nodes, Not(Contains("cp (200)")));
    nodes.merge(labels({"event:8"}));
    std::set<std::int64_t> flows = events({"file:/tmp/side"});
    flows.merge(events({"event:8"}));
    EXPECT_EQ(labels({"file:/tmp/side", "event:8"}), nodes);
    EXPECT_EQ(events({"file:/tmp/side", "event:8"}), flows);
    EXPECT_THAT(flows, ElementsAre(1, 2, 3, 4, 5, 6, 8));
    EXPECT_THAT(chain({"file:/tmp/side", "event:8"}).out,
                HasSubstr("\nBack from file:/tmp/side event:8: 8 nodes, 7 events."));
    EXPECT_THAT(events({"file:/tmp/side", "event:5", "--to", "file:/tmp/b"}), ElementsAre(5, 6));
}

TEST_P(Copies, AWrongPointAmongSeveralIsNamed) {
    const Outcome missing = chain({"file:/tmp/side", "file:/tmp/sde", "file:/tmp/b"});
    EXPECT_EQ(missing.exit_code, kBadInput);
    EXPECT_EQ(missing.out, "");
    EXPECT_THAT(missing.err, AllOf(StartsWith("catena: file:/tmp/sde is not in " + trace_ + "; "),
                                   HasSubstr("close to it: file:/tmp/side")));
    const Outcome no_point = chain({"file:/tmp/side", "tmp/b"});
    EXPECT_EQ(no_point.exit_code, kUsage);
    EXPECT_THAT(no_point.err, HasSubstr("'tmp/b' is not a point"));
    const Outcome no_event = chain({"file:/tmp/side", "event:9"});
    EXPECT_EQ(no_event.exit_code, kBadInput);
    EXPECT_THAT(no_event.err, AllOf(HasSubstr("event:9 is not in"), HasSubstr("its last event is 8")));
    const Outcome no_end = chain({"file:/tmp/side", "--to", "file:/nowhere"});
    EXPECT_EQ(no_end.exit_code, kBadInput);
    EXPECT_THAT(no_end.err, HasSubstr("file:/nowhere is not in"));
}

TEST_P(Copies, OnlyTheTimeAskedForIsLookedAt) {
    EXPECT_THAT(events({"file:/tmp/b"}), ElementsAre(1, 2, 4, 5, 6));
    // The recording begins with its first event, a second after 22:13:20.
    EXPECT_THAT(events({"file:/tmp/b", "--since", "+2s"}), ElementsAre(4, 5, 6));
    EXPECT_THAT(events({"file:/tmp/b", "--since", "2023-11-14T22:13:23.2Z"}), ElementsAre(5, 6));
    EXPECT_THAT(events({"file:/srv/key", "--forward"}), ElementsAre(1, 2, 3, 4, 6, 8));
    EXPECT_THAT(events({"file:/srv/key", "--forward", "--until", "+2.5s"}), ElementsAre(1, 2, 3, 4));
    EXPECT_THAT(events({"file:/srv/key", "--to", "file:/tmp/b", "--since", "+0s", "--until", "+3s"}),
                ElementsAre(1, 2, 4, 6));
    const Outcome no_way = chain({"file:/srv/key", "--to", "file:/tmp/b", "--since", "+0.5s"});
    EXPECT_EQ(no_way.exit_code, kNegative);
    EXPECT_THAT(no_way.out,
                StartsWith("No way in the time looked at leads from file:/srv/key to file:/tmp/b.\n"));
    const Outcome nothing = chain({"file:/tmp/b", "--since", "+4s"});
    EXPECT_EQ(nothing.exit_code, kNegative);
    EXPECT_THAT(nothing.out, StartsWith("Nothing in the time looked at leads to /tmp/b.\n"));
    EXPECT_THAT(chain_json({"file:/tmp/early", "--all", "--since", "+1s"}).at("sentence").get<std::string>(),
                HasSubstr("late (pid 300), to which nothing in the time looked at leads."));
}

TEST_P(Copies, WhatIsNoTimeIsWrongUsage) {
    const auto refused = [&](const std::vector<std::string>& words) {
        const Outcome told = chain(words);
        EXPECT_EQ(told.exit_code, kUsage);
        EXPECT_EQ(told.out, "");
        return told.err;
    };
    EXPECT_THAT(refused({"file:/tmp/b", "--until", "yesterday"}),
                AllOf(HasSubstr("--until"), HasSubstr("'yesterday' is not a time")));
    EXPECT_THAT(refused({"file:/tmp/b", "--since", "+2s", "--until", "+1s"}),
                HasSubstr("--since is later than --until"));
}

// One thing for each rule to take, and so many pages, read long before, that the ranking leaves some out.
class Noisy : public TwoPlaces {
  protected:
    struct Taken {
        std::string rule;
        std::string label;
    };

    Noisy() {
        const json sh = process("sh", 100);
        const json helper = process("date", 101);
        const json pipe = {{"type", "pipe"}, {"id", "pipe"}, {"label", "pipe:[1]"}};
        for (int i = 0; i < 40; ++i) add(i, "read", sh, file("/srv/page" + std::to_string(i)), 1'000'000);
        add(1000, "load", sh, file("/usr/lib/libx.so"));
        add(1000, "read", sh, file("/usr/share/words"), 5);
        add(1000, "read", sh, file("/proc/meminfo"), 5);
        add(1000, "read", sh, file("/dev/pts/3"), 5);
        add(1000, "fork", sh, with_type(helper, "process"));
        add(1001, "write", helper, pipe, 5);
        add(1002, "read", sh, pipe, 5);
        add(60'000, "read", sh, file("/srv/key"), 10);
        add(60'001, "write", sh, file("/tmp/out"), 10);
        record();
    }

    const std::vector<Taken> kTaken = {
        {"loader", "/usr/lib/libx.so"},    {"system-files", "/usr/share/words"},
        {"kernel-files", "/proc/meminfo"}, {"terminals", "/dev/pts/3"},
        {"helpers", "date (101)"},         {"rank", "/srv/page0"}};
};
INSTANTIATE_TEST_SUITE_P(, Noisy, kBothPlaces, name_of);

TEST_P(Noisy, EachRuleCanBeSwitchedOffByItself) {
    const json all = chain_json({"file:/tmp/out"});
    for (const auto& [rule, label] : kTaken) {
        const json kept = chain_json({"file:/tmp/out", "--keep", rule, "--keep", "rank"});
        const auto rules = [](const json& chain) {
            std::set<std::string> rules;
            for (const json& one : chain.at("stats").at("left_out")) rules.insert(one.at("rule"));
            return rules;
        };
        EXPECT_THAT(rules(all), Contains(rule));
        EXPECT_THAT(rules(kept), Not(Contains(rule)));
        EXPECT_EQ(rules(kept).size(), kTaken.size() - (rule == "rank" ? 1 : 2)) << "the others still take";
        EXPECT_THAT(labels({"file:/tmp/out"}), Not(Contains(label)));
        EXPECT_THAT(labels({"file:/tmp/out", "--keep", rule, "--keep", "rank"}), Contains(label));
        EXPECT_THAT(labels({"file:/tmp/out", "--all"}), Contains(label));
        EXPECT_THAT(chain({"file:/tmp/out"}).out, HasSubstr("; --keep " + rule));
    }
    EXPECT_THAT(chain_json({"file:/tmp/out", "--all"}).at("stats").at("left_out"), IsEmpty());
}

TEST_P(Noisy, RulesAreListed) {
    const Outcome help = catena({"chain", "--help"});
    EXPECT_EQ(help.exit_code, kDone);
    const std::string list = help.out.substr(help.out.find("Left out, unless kept:"));
    for (const auto& [rule, label] : kTaken) EXPECT_THAT(list, HasSubstr("\n  " + rule + ' '));
    const Outcome wrong = chain({"file:/tmp/out", "--keep", "noise"});
    EXPECT_EQ(wrong.exit_code, kUsage);
    for (const auto& [rule, label] : kTaken) EXPECT_THAT(wrong.err, HasSubstr(rule));
}

// Processes that ran one program and read one file.
class Crowd : public TwoPlaces {
  protected:
    void add_crowd(int size) {
        for (int i = 0; i < size; ++i)
            add(i, "read", process("w" + std::to_string(i), 1000 + i, "/opt/worker"), file("/srv/in"), 1);
    }
};
INSTANTIATE_TEST_SUITE_P(, Crowd, kBothPlaces, name_of);

TEST_P(Crowd, APointThatStandsForTooManyIsRefusedWithTheBusiestOfThem) {
    add_crowd(1200);
    const auto work = [&](int worker, int times, const std::string& op, std::int64_t bytes) {
        const json who = process("w" + std::to_string(worker), 1000 + worker, "/opt/worker");
        for (int i = 0; i < times; ++i) add(2000 + worker + i, op, who, file("/tmp/out"), bytes);
    };
    work(7, 3, "write", 1);
    work(90, 1, "write", 1);
    work(300, 9, "write", 1);
    work(800, 3, "write", 1);
    work(500, 40, "close", 0);  // carries nothing
    work(600, 40, "read", 0);   // nor does this
    record();
    const Outcome told = chain({"file:/tmp/out", "exe:/opt/worker"});
    EXPECT_EQ(told.exit_code, kUsage);
    EXPECT_EQ(told.out, "");
    // Of those with as many flows, the latest; all but four have one.
    EXPECT_EQ(
        told.err,
        "catena: exe:/opt/worker stands for 1,200 entities in " + trace_ +
            ", more than 1,000; those with the most flows are process:1300 (10 flows, the last is "
            "event:1213), process:1800 (4 flows, the last is event:1216), process:1007 (4 flows, the "
            "last is event:1203), process:1090 (2 flows, the last is event:1204), process:2199 (1 flow, "
            "the last is event:1200). Name one of them, or an event of it: catena events " +
            trace_ + " --where \"…\"\n");
    EXPECT_EQ(chain({"event:1213"}).exit_code, kDone);
    EXPECT_EQ(chain({"file:/tmp/out", "--to", "exe:/opt/worker"}).exit_code, kUsage);
}

TEST_P(Crowd, AThousandAreAnswered) {
    add_crowd(1000);
    record();
    const Outcome told = chain({"exe:/opt/worker"});
    EXPECT_EQ(told.exit_code, kDone) << told.err;
    EXPECT_THAT(told.out, HasSubstr("1000 processes ran it: the chain starts from all of them."));
}

// Programs that fork, read, write, talk to each other and touch what rules take, at random.
class RandomChains : public ChainCommand {
  protected:
    void record_random(std::uint32_t seed) {
        std::mt19937 random(seed);
        const auto below = [&](int end) {
            return static_cast<int>(random() % static_cast<std::uint32_t>(end));
        };
        const auto who = [&] {
            const int number = below(kProcesses);
            return process("p" + std::to_string(number), 100 + number);
        };
        const auto socket = [&] {
            const int number = below(8);
            const std::string here = "127.0.0.1:" + std::to_string(5000 + number);
            const std::string there = "127.0.0.1:" + std::to_string(5000 + (number ^ 1));
            return json{{"type", "socket"}, {"id", here},      {"protocol", "tcp"},
                        {"local", here},    {"remote", there}, {"peer", there}};
        };
        for (int i = 0; i < 2000; ++i) {
            const std::int64_t at = 10LL * i + below(300);  // out of order by up to 0.3 s
            switch (below(12)) {
                case 0:
                    add(at, "fork", who(), with_type(who(), "process"));
                    break;
                case 1:
                    add(at, "send", who(), socket(), below(100));
                    break;
                case 2:
                    add(at, "recv", who(), socket(), below(100));
                    break;
                case 3: {
                    constexpr std::array kFolders = {"/usr/share/", "/proc/", "/dev/pts/"};
                    add(at, below(2) == 0 ? "read" : "write", who(),
                        file(kFolders.at(random() % 3) + std::to_string(below(9))), 10);
                    break;
                }
                case 4:
                case 5:
                case 6:
                    add(at, "read", who(), file("/srv/" + std::to_string(below(kFiles))), below(1000));
                    break;
                case 7:
                    add(at, "rename", who(), file("/srv/" + std::to_string(below(kFiles))));
                    break;
                default:
                    add(at, below(4) == 0 ? "close" : "write", who(),
                        file("/srv/" + std::to_string(below(kFiles))), below(1000));
            }
        }
        record();
    }

    // What is said of a recording as a whole is not said where only a part of it was read.
    std::string answer(Place place, const std::vector<std::string>& words, const std::string& format) {
        search(place);
        std::vector<std::string> asked = words;
        asked.insert(asked.end(), {"--format", format});
        const Outcome found = chain(asked);
        if (format != "json" || found.exit_code == kUsage || found.exit_code == kBadInput)
            return std::to_string(found.exit_code) + '\n' + found.out + found.err;
        json chain = json::parse(found.out);
        chain["stats"].erase("recording");
        return std::to_string(found.exit_code) + '\n' + chain.dump(1);
    }

    static constexpr int kProcesses = 25;
    static constexpr int kFiles = 60;
};

TEST_F(RandomChains, OnDiskAreThoseInMemoryInEveryFormat) {
    const std::vector<std::vector<std::string>> questions = {
        {"file:/srv/7", "--keep", "rank"},
        {"process:103", "--forward"},
        {"event:1500", "--both", "--keep", "rank"},
        {"file:/srv/1", "event:900", "--keep", "rank", "--since", "+4s", "--until", "+15s"},
        {"socket:127.0.0.1:5002", "--all"},
        {"file:/srv/3", "--to", "file:/srv/5"},
        {"file:/srv/3", "process:104", "--to", "event:700"},
        {"exe:/opt/p9", "--forward", "--max-nodes", "20"},
        {"file:/srv/9", "--keep", "rank", "--max-nodes", "20"},
        {"event:1999", "--keep", "system-files", "--keep", "rank"},
        {"file:/srv/none", "file:/srv/3"},
        {"event:5000"},
    };
    record_random(20261126);
    for (std::size_t i = 0; i < questions.size(); ++i) {
        std::vector<std::string> formats = {"text", "json"};
        if (i < 3) formats.insert(formats.end(), {"dot", "prov", "mermaid"});
        for (const std::string& format : formats) {
            const std::string whole = answer(Place::InMemory, questions[i], format);
            EXPECT_EQ(answer(Place::OnDisk, questions[i], format), whole)
                << questions[i][0] << " as " << format;
            EXPECT_GT(whole.size(), i < 3 ? 5000U : 50U) << questions[i][0] << " as " << format;
        }
    }
}

}  // namespace
}  // namespace catena::cli
