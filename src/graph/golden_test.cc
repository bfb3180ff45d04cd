// Golden tests: each folder in tests/golden/chain holds a recording and, for each query in it, what must come
// out. With UPDATE_GOLDEN=1 in the environment they are written anew; read the difference before committing
// it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "graph/recording_for_test.h"
#include "graph/render.h"
#include "graph/time_text.h"

namespace catena::graph {
namespace {

namespace fs = std::filesystem;

struct Case {
    fs::path folder;
    nlohmann::json query;
};

std::string contents(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

RecordingForTest load(const fs::path& folder) {
    RecordingForTest recording;
    recording.add_lines(contents(folder / "recording.jsonl"));
    return recording;
}

std::vector<Case> all_cases() {
    std::vector<Case> cases;
    for (const auto& entry : fs::directory_iterator(fs::path(CATENA_GOLDEN_DIR) / "chain")) {
        const RecordingForTest recording = load(entry.path());
        for (const auto& query : recording.others()) cases.push_back({entry.path(), query});
    }
    return cases;
}

std::string name_of(const testing::TestParamInfo<Case>& info) {
    return info.param.folder.filename().string() + "_" + info.param.query.at("query").get<std::string>();
}

Direction direction_of(const nlohmann::json& query) {
    const std::string name = query.value("direction", "back");
    if (name == "both") return Direction::Both;
    return name == "forward" ? Direction::Forward : Direction::Back;
}

std::string render(const Chain& chain, const std::string& format, const StoryLimits& limits) {
    if (format == "json") return to_json(chain, limits);
    if (format == "prov") return to_prov(chain);
    if (format == "mermaid") return to_mermaid(chain);
    return format == "dot" ? to_dot(chain) : to_text(chain, Colour::Off, limits);
}

class Golden : public testing::TestWithParam<Case> {};

TEST_P(Golden, ChainComesOutAsBefore) {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
    const auto& [folder, json] = GetParam();
    const RecordingForTest recording = load(folder);
    ChainQuery query{.direction = direction_of(json)};
    query.max_nodes = json.value("max_nodes", SIZE_MAX);
    query.rank = json.value("rank", false);
    for (const std::string& rule : json.value("keep", std::vector<std::string>{})) {
        query.kept[static_cast<std::size_t>(rule_from_string(rule).value())] = true;
    }
    const Graph graph = recording.graph(query.direction);
    for (const char* end : {"since", "until"}) {
        if (!json.contains(end)) continue;
        const auto ns = parse_moment(json.at(end).get<std::string>(), graph.start_ns(), graph.end_ns());
        ASSERT_TRUE(ns) << ns.error().message;
        (std::string(end) == "since" ? query.window.since_ns : query.window.until_ns) = *ns;
    }
    StoryLimits limits = json.value("everything", false) ? kAllOfIt : StoryLimits{};
    limits.columns = json.value("columns", limits.columns);
    limits.steps = json.value("steps", limits.steps);
    const Chain chain = recording.chain(graph, json.at("point").get<std::string>(), query);
    for (const std::string& format : json.value("formats", std::vector<std::string>{"text"})) {
        const fs::path expected = folder / (json.at("query").get<std::string>() + "." + format);
        const std::string actual = render(chain, format, limits);
        if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(expected, std::ios::binary) << actual;
        EXPECT_EQ(contents(expected), actual) << expected << "; UPDATE_GOLDEN=1 accepts the new form";
    }
}

INSTANTIATE_TEST_SUITE_P(Chains, Golden, testing::ValuesIn(all_cases()), name_of);

}  // namespace
}  // namespace catena::graph
