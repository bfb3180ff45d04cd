// catena import as users meet it: exit codes, sentences, and what becomes of real attacks that others
// recorded.
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "cli/command.h"
#include "cli/program_fixture.h"

namespace catena::cli {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

class Import : public ProgramTest {
  protected:
    // Where the data of others is; empty where it is not there.
    static std::string data(const std::string& name) {
        const char* told = std::getenv("CATENA_TEST_DATA");
        const std::filesystem::path found =
            std::filesystem::path(told != nullptr ? told : CATENA_SHARED_DATA) / name;
        return std::filesystem::exists(found) ? found.string() : "";
    }

    std::string write(const std::string& name, const std::string& bytes) {
        std::ofstream(path(name), std::ios::binary) << bytes;
        return path(name);
    }

    json chain(const std::string& trace, std::vector<std::string> words) {
        words.insert(words.begin(), {"chain", trace});
        words.insert(words.end(), {"--format", "json"});
        const Outcome found = catena(words);
        EXPECT_EQ(found.exit_code, kDone) << found.err;
        return json::parse(found.out);
    }

    // One cell, as text.
    std::string ask(const std::string& trace, const std::string& sql) {
        const Outcome found = catena({"query", trace, sql, "--format", "csv"});
        EXPECT_EQ(found.exit_code, kDone) << found.err;
        std::istringstream lines(found.out);
        std::string cell;
        std::getline(lines, cell);
        std::getline(lines, cell);
        while (!cell.empty() && cell.back() == '\r') cell.pop_back();
        return cell;
    }
};

// What has no name of its own is called by its id, which is another one in each recording.
std::string without_id(const std::string& label) {
    return std::regex_replace(label, std::regex("^(socket|file|process|pipe) [a-z][0-9a-f]+$"), "$1");
}

std::multiset<std::string> labels(const json& chain, const std::string& type = "") {
    std::multiset<std::string> all;
    for (const json& node : chain.at("nodes")) {
        if (type.empty() || node.at("type") == type)
            all.insert(without_id(node.at("label").get<std::string>()));
    }
    return all;
}

// A chain without the ids of entities, which are another recording's own.
std::multiset<std::string> flows(const json& chain) {
    std::map<std::string, std::string> names;
    for (const json& node : chain.at("nodes")) names[node.at("id")] = without_id(node.at("label"));
    std::multiset<std::string> all;
    for (json edge : chain.at("edges")) {
        edge["source"] = names.at(edge.at("source"));
        edge["target"] = names.at(edge.at("target"));
        all.insert(edge.dump());
    }
    return all;
}

constexpr const char* kLine =
    R"({"ts_ns":1700000000000000000,"op":"write","process":{"id":"p","pid":7,"exe":"/bin/a"},"object":{"type":"file","id":"f","path":"/x"},"bytes":1})";

TEST_F(Import, GoodLogIsDoneAndSaysWhereItCameFrom) {
    const std::string trace = path("t.catena");
    const Outcome done = catena({"import", "jsonl", write("log", std::string(kLine) + "\n"), "-o", trace});
    EXPECT_EQ(done.exit_code, kDone) << done.err;
    EXPECT_EQ(done.out, "");
    EXPECT_EQ(ask(trace, "SELECT value FROM meta WHERE key = 'import_format'"), "jsonl");
    EXPECT_EQ(ask(trace, "SELECT value FROM meta WHERE key = 'import_file'"), path("log"));
    EXPECT_EQ(ask(trace, "SELECT value FROM meta WHERE key = 'state'"), "complete");
    EXPECT_THAT(labels(chain(trace, {"file:/x"})), Contains("a (7)"));
}

TEST_F(Import, BadLinesAreNamedAndTheRestIsThere) {
    const std::string trace = path("t.catena");
    std::string log;
    for (int i = 0; i < 8; ++i) log += std::string(kLine) + "\n{\n";
    const Outcome done = catena({"import", "jsonl", write("log", log), "-o", trace});
    EXPECT_EQ(done.exit_code, kBadInput);
    EXPECT_THAT(done.err,
                AllOf(HasSubstr("line 2: broken JSON"), HasSubstr("line 10: "), Not(HasSubstr("line 12: ")),
                      HasSubstr("and 3 bad lines more"), HasSubstr("8 events from 16 lines")));
    EXPECT_EQ(ask(trace, "SELECT count(*) FROM events"), "8");
    EXPECT_EQ(ask(trace, "SELECT lost FROM loss ORDER BY ts_ns DESC LIMIT 1"), "8");
}

TEST_F(Import, NothingIsWrittenWhereTheLogIsNotWhatItIsSaidToBe) {
    const std::string trace = path("t.catena");
    const auto fails = [&](const std::string& format, const std::string& log, const std::string& why) {
        const Outcome done = catena({"import", format, log, "-o", trace});
        EXPECT_EQ(done.exit_code, kBadInput);
        EXPECT_THAT(done.err, HasSubstr(why));
        EXPECT_FALSE(std::filesystem::exists(trace));
    };
    fails("sysflow", write("log", kLine), "looks like jsonl, not like sysflow");
    fails("jsonl", write("empty", ""), "is empty: there is nothing to import");
    fails("auditd", path("nowhere"), "there is no file");
    fails("cadets", "/bin/true", "does not look like cadets");
    EXPECT_EQ(catena({"import", "csv", "x", "-o", trace}).exit_code, kUsage);
    EXPECT_EQ(catena({"import", "jsonl", "x"}).exit_code, kUsage);
}

TEST_F(Import, EndOfATruncatedFileIsNamedAndTheRestIsThere) {
    std::string log;
    for (int i = 0; i < 50'000; ++i)
        log += std::string(kLine).insert(1, "\"id\":" + std::to_string(i + 1) + ",") + "\n";
    for (const char* packer : {"gzip", "xz", "zstd"}) {
        const std::string plain = write("log", log);
        const Outcome packed = run({"/bin/sh", "-c",
                                    std::string("command -v ") + packer + " && " + packer + " -c <" + plain +
                                        " >" + path("packed")});
        if (packed.exit_code != 0) continue;
        std::filesystem::resize_file(path("packed"), std::filesystem::file_size(path("packed")) * 2 / 3);
        const std::string trace = path("t.catena");
        const Outcome done = catena({"import", "jsonl", path("packed"), "-o", trace});
        EXPECT_EQ(done.exit_code, kBadInput) << packer;
        EXPECT_THAT(done.err, HasSubstr("cannot be read to its end after line ")) << packer;
        EXPECT_EQ(ask(trace, "SELECT value FROM meta WHERE key = 'state'"), "cut");
    }
}

TEST_F(Import, StandardInputIsReadAndNamed) {
    const std::string trace = path("t.catena");
    const std::string log = write("log", std::string(kLine) + "\n{\n" + kLine + "\n");
    const Outcome done = run(
        {"/bin/sh", "-c", "cat \"$1\" | \"$2\" import jsonl - -o \"$3\"", "sh", log, CATENA_PROGRAM, trace});
    EXPECT_EQ(done.exit_code, kBadInput);
    EXPECT_THAT(done.err,
                AllOf(HasSubstr("standard input: line 2: broken JSON"), HasSubstr("2 events from 3 lines")));
    EXPECT_EQ(ask(trace, "SELECT value FROM meta WHERE key = 'import_file'"), "-");
}

// The log has no end: what ends the import is the signal.
TEST_F(Import, SignalEndsItAndTheRecordingSaysSo) {
    const std::string log = write("log", std::string(kLine) + "\n");
    for (const char* signal : {"INT", "TERM"}) {
        const std::string trace = path(std::string(signal) + ".catena");
        const Outcome done = run({"/bin/bash", "-c",
                                  "mkfifo \"$3.in\"; yes \"$(cat \"$1\")\" >\"$3.in\" & exec 3<\"$3.in\"; "
                                  "trap - INT; \"$2\" import jsonl - -o \"$3\" <&3 & catena=$!; exec 3<&-; "
                                  "until [[ -s $3 ]]; do :; done; kill -$4 $catena; wait $catena",
                                  "bash", log, CATENA_PROGRAM, trace, signal});
        EXPECT_EQ(done.exit_code, kBadInput) << signal << done.err;
        EXPECT_THAT(done.err, HasSubstr("ended by a signal after line ")) << signal;
        EXPECT_EQ(ask(trace, "SELECT value FROM meta WHERE key = 'state'"), "cut") << signal;
    }
}

// Who writes the log keeps it open, and has begun a line: what has come is kept, but for that.
TEST_F(Import, SignalEndsAnImportThatWaits) {
    const std::string log =
        write("log", std::string(kLine) + "\n" + kLine + "\n" + std::string(kLine).substr(0, 9));
    const std::string trace = path("t.catena");
    const Outcome done = run({"/bin/bash", "-c",
                              "mkfifo \"$3.in\"; exec 4<>\"$3.in\"; cat \"$1\" >&4; trap - INT; "
                              "\"$2\" import jsonl - -o \"$3\" <&4 & catena=$!; "
                              "until [[ -s $3 ]]; do :; done; kill -INT $catena; wait $catena",
                              "bash", log, CATENA_PROGRAM, trace});
    EXPECT_EQ(done.exit_code, kBadInput) << done.err;
    EXPECT_THAT(done.err, HasSubstr("ended by a signal after line 2"));
    EXPECT_EQ(ask(trace, "SELECT value FROM meta WHERE key = 'state'"), "cut");
    EXPECT_EQ(ask(trace, "SELECT count(*) FROM events"), "2");
}

// tests/data/auditd/make.sh says what happened.
TEST_F(Import, LogsOfARealAuditdLeadBackToWhereTheProgramCameFrom) {
    for (const char* name : {"raw", "enriched"}) {
        const std::string trace = path(std::string(name) + ".catena");
        const Outcome done =
            catena({"import", "auditd", CATENA_TESTS + std::string("/data/auditd/") + name + ".log.xz", "-o",
                    trace});
        EXPECT_EQ(done.exit_code, kDone) << done.err;
        EXPECT_THAT(done.err, HasSubstr(" from 1051 lines; "));
        EXPECT_THAT(done.err, HasSubstr(", 0 lines are bad"));
        const json back = chain(trace, {"socket:127.0.0.1:19001"});
        std::set<std::string> labels;
        for (const json& node : back.at("nodes"))
            labels.insert(node.value("path", node.value("remote", node.value("exe", ""))));
        EXPECT_THAT(labels, IsSupersetOf({"127.0.0.1:19000", "127.0.0.1:19001", "/tmp/scene.d/stage2",
                                          "/tmp/scene.d/the sécret", "/usr/bin/cat", "/usr/bin/nc.openbsd"}))
            << name;
        EXPECT_EQ(
            ask(trace,
                "SELECT sum(bytes) FROM events WHERE op = 'read' AND object IN (SELECT id FROM file_names "
                "WHERE name LIKE 'the s%cret')"),
            "7");
    }
}

TEST_F(Import, OutputThatIsNoRecordingIsLeftAsItIs) {
    const std::string other = write("notes.txt", "not a recording, and precious");
    const Outcome done = catena({"import", "jsonl", write("log", kLine), "-o", other});
    EXPECT_EQ(done.exit_code, kBadInput);
    EXPECT_THAT(done.err, HasSubstr("notes.txt"));
    std::ifstream file(other);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "not a recording, and precious");
}

// A file may not grow beyond the limit, as on a disk that is full.
TEST_F(Import, FailedWriteIsAnErrorAndNotAnEnd) {
    std::string log;
    for (int i = 0; i < 200'000; ++i)
        log += std::string(kLine).insert(1, "\"id\":" + std::to_string(i * 7919LL + 1) + ",") + "\n";
    const Outcome done =
        run({"/bin/bash", "-c", "trap '' XFSZ; ulimit -f 512; \"$1\" import jsonl \"$2\" -o \"$3\"", "bash",
             CATENA_PROGRAM, write("log", log), path("t.catena")});
    EXPECT_EQ(done.exit_code, kBadInput) << done.err;
    EXPECT_THAT(done.err, AllOf(HasSubstr("cannot write "), Not(HasSubstr("events from"))));
}

TEST_F(Import, RoundTripGivesTheSameChains) {
    const std::string log = data("sysflow-express/express.jsonl.xz");
    if (log.empty())
        GTEST_SKIP() << "the data of others is not at ../shared/data; CATENA_TEST_DATA says where it is";
    const std::string first = path("first.catena");
    const std::string second = path("second.catena");
    ASSERT_EQ(catena({"import", "sysflow", log, "-o", first}).exit_code, kDone);
    const Outcome exported = catena({"events", first, "--format", "json"});
    const Outcome done = catena({"import", "jsonl", write("log", exported.out), "-o", second});
    EXPECT_EQ(done.exit_code, kDone) << done.err;
    EXPECT_THAT(done.err, Not(HasSubstr("no known meaning")));
    EXPECT_EQ(catena({"events", second, "--where", "false", "--format", "json"}).exit_code, kDone);
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{"file:/var/log/malware.log", "--all"},
                                               {"file:/tmp/exfil.py", "--both", "--all"},
                                               {"process:2025", "--forward", "--all"},
                                               {"event:20000", "--all"}}) {
        const json a = chain(first, words);
        const json b = chain(second, words);
        EXPECT_GT(a.at("nodes").size(), 1U) << words[0];
        EXPECT_TRUE(labels(a) == labels(b)) << words[0];
        EXPECT_TRUE(flows(a) == flows(b)) << words[0];
    }
}

TEST_F(Import, ExpressTraceLeadsBackToNodeAndWhoDroveIt) {
    const std::string log = data("sysflow-express/express.jsonl.xz");
    if (log.empty())
        GTEST_SKIP() << "the data of others is not at ../shared/data; CATENA_TEST_DATA says where it is";
    const std::string trace = path("t.catena");
    ASSERT_EQ(catena({"import", "sysflow", log, "-o", trace}).exit_code, kDone);
    const json back = chain(trace, {"file:/var/log/malware.log", "--all"});
    EXPECT_THAT(labels(back, "process"), Contains("node (2025)"));
    EXPECT_THAT(labels(back, "file"), Contains("/tmp/exfil.py"));
    EXPECT_THAT(labels(back, "process"), Contains(HasSubstr("exfil.py")));
    EXPECT_THAT(labels(back, "socket"), Contains(HasSubstr("10.187.39.243:")));
}

// attack_processes.tsv was derived from the trace by others.
class Stretch : public Import {
  protected:
    struct Attacker {
        std::string pid, uuid, parent, execs;
    };
    void expect_all_records() {
        EXPECT_EQ(ask(trace_, "SELECT seen FROM loss"), "910307");
        EXPECT_EQ(ask(trace_, "SELECT stored = (SELECT count(*) FROM events) FROM loss"), "true");
        EXPECT_EQ(ask(trace_, "SELECT lost FROM loss"), "0");
    }
    void expect_backward();
    void expect_forward();
    void SetUp() override {
        const std::string log = data("cadets-e1-stretch/stretch.json.xz");
        if (log.empty())
            GTEST_SKIP() << "the data of others is not at ../shared/data; CATENA_TEST_DATA says where it is";
        trace_ = path("t.catena");
        const Outcome done = catena({"import", "cadets", log, "-o", trace_});
        ASSERT_EQ(done.exit_code, kDone) << done.err;
        std::ifstream table(data("cadets-e1-stretch/attack_processes.tsv"));
        std::string line;
        std::getline(table, line);
        while (std::getline(table, line)) {
            std::vector<std::string> cells;
            std::istringstream row(line);
            for (std::string cell; std::getline(row, cell, '\t');) cells.push_back(cell);
            attackers_.push_back(
                {.pid = cells.at(1), .uuid = cells.at(0), .parent = cells.at(2), .execs = cells.at(7)});
        }
        ASSERT_EQ(attackers_.size(), 26U);
    }
    std::string trace_;
    std::vector<Attacker> attackers_;
};

std::set<std::string> pids(const json& chain) {
    std::set<std::string> all;
    for (const std::string& label : labels(chain, "process")) {
        const std::size_t open = label.rfind('(');
        all.insert(label.substr(open + 1, label.rfind(')') - open - 1));
    }
    return all;
}

// From the read of /etc/shadow to the attacker's address.
void Stretch::expect_backward() {
    const std::string event = ask(
        trace_,
        "SELECT min(e.id) FROM events e JOIN processes p ON p.id = e.process JOIN files f ON f.id = e.object "
        "WHERE p.pid = 3316 AND f.path = '/etc/shadow' AND e.op = 'read'");
    const json back = chain(trace_, {"event:" + event, "--all"});
    EXPECT_THAT(labels(back, "socket"), Contains(HasSubstr("129.55.12.167:")));
    // cat, its shell, what that ran before, the dropper, the shell that ran it, and nginx.
    EXPECT_EQ(pids(back), (std::set<std::string>{"3316", "3217", "3219", "3267", "3281", "3283", "3285",
                                                 "3288", "3199", "3198", "98651"}));
}

// From the dropper to every process that came of it.
void Stretch::expect_forward() {
    const std::set<std::string> reached =
        pids(chain(trace_, {"file:/var/tmp/nginx/client_body_temp/dropper", "--forward", "--all"}));
    std::size_t came = 0;
    for (const Attacker& attacker : attackers_) {
        // The five shells that nginx started ran the dropper in a child: they came before it.
        if (attacker.parent == "98650" || attacker.parent == "98651") continue;
        EXPECT_TRUE(reached.contains(attacker.pid)) << attacker.pid;
        ++came;
    }
    EXPECT_EQ(came, 21U);
    EXPECT_EQ(reached.size(), 21U);  // and nobody else
}

TEST_F(Stretch, AttackIsFoundBothWays) {
    expect_all_records();
    expect_backward();
    expect_forward();
}

}  // namespace
}  // namespace catena::cli
