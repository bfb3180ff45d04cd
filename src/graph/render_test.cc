// What holds of every rendering, whatever is in a recording.
#include "graph/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>
#include <string_view>

#include "event/escape.h"
#include "event/json_lines.h"
#include "graph/columns.h"
#include "graph/json_text.h"
#include "graph/narrative.h"
#include "graph/plot.h"
#include "graph/random_recording_for_test.h"

namespace catena::graph {
namespace {

using event::Op;

constexpr std::uint64_t kSeeds = 600;

// Calls `look` with many chains.
template <class Look>
void for_each_chain(Look look) {
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
        SCOPED_TRACE(seed);
        const RandomRecording recording(seed);
        const Graph graph = recording.graph(recording.direction());
        look(recording.chain(graph, recording.direction()), recording);
        if (testing::Test::HasFailure()) return;
    }
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

std::size_t count_of(std::string_view text, std::string_view part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
        ++count;
    return count;
}

// What is between quotes, in which a backslash quotes the next character, replaced.
std::string without_names(const std::string& text) {
    static const std::regex kQuoted(R"re("(\\.|[^"\\])*")re");
    return std::regex_replace(text, kQuoted, "NAME");
}

// Of the whole text but its newlines, nothing would be escaped but backslashes, which are doubled already.
void expect_printable(const std::string& text) {
    for (std::string line : lines_of(text)) {
        std::erase(line, '\\');
        EXPECT_EQ(event::escape_for_terminal(line), line);
    }
}

TEST(Render, NothingComesOutThatATerminalWouldObey) {
    for_each_chain([](const Chain& chain, const RandomRecording&) {
        for (const std::string& text : {to_text(chain, Colour::Off), to_text(chain, Colour::Off, kAllOfIt),
                                        to_json(chain), to_dot(chain), to_prov(chain), to_mermaid(chain)})
            expect_printable(text);
    });
}

TEST(Render, ColoursAreTheOnlyDifferenceThatColoursMake) {
    for_each_chain([](const Chain& chain, const RandomRecording&) {
        std::string coloured = to_text(chain, Colour::On);
        for (std::size_t at = coloured.find("\x1b["); at != std::string::npos; at = coloured.find("\x1b["))
            coloured.erase(at, coloured.find('m', at) + 1 - at);
        EXPECT_EQ(coloured, to_text(chain, Colour::Off));
    });
}

TEST(Render, LinesKeepToTheirColumns) {
    for_each_chain([](const Chain& chain, const RandomRecording&) {
        for (const std::size_t columns : {60, 80, 120, 200}) {
            for (const std::string& line : lines_of(to_text(chain, Colour::Off, {.columns = columns})))
                EXPECT_LE(columns_of(line), columns) << line;
        }
    });
}

TEST(Render, AStoryHasFifteenStepsAtMostAndCountsTheRest) {
    std::size_t most = 0;
    for_each_chain([&](const Chain& chain, const RandomRecording&) {
        const Narrative narrative = narrative_of(chain, 15);
        EXPECT_LE(narrative.steps.size(), 15U);
        EXPECT_EQ(narrative.steps.size() + narrative.more, narrative_of(chain, SIZE_MAX).steps.size());
        EXPECT_TRUE(std::ranges::is_sorted(narrative.steps, {}, &Step::first_ns));
        most = std::max(most, narrative.steps.size() + narrative.more);
    });
    EXPECT_GT(most, 15U);  // or nothing was tried
}

TEST(Render, EveryFlowIsInOneStepAndEveryEventOfAStepIsOfItsFlows) {
    for_each_chain([](const Chain& chain, const RandomRecording& recording) {
        std::vector<int> told(chain.edges.size());
        for (const Step& step : narrative_of(chain, SIZE_MAX).steps) {
            std::set<std::int64_t> events;
            for (const std::size_t edge : step.edges) {
                ++told.at(edge);
                events.insert(chain.edges[edge].events.begin(), chain.edges[edge].events.end());
                EXPECT_LE(step.first_ns, chain.edges[edge].first_ns);
                EXPECT_GE(step.last_ns, chain.edges[edge].last_ns);
            }
            EXPECT_THAT(step.events, testing::ElementsAreArray(events));
            for (const std::int64_t id : step.events)
                EXPECT_EQ(recording.events().at(static_cast<std::size_t>(id) - 1).id, id);
        }
        for (std::size_t i = 0; i < told.size(); ++i)
            EXPECT_EQ(told[i], chain.edges[i].op == Op::None ? 0 : 1) << i;
    });
}

// Each flow goes on where the one before it came to, and did so no earlier than that one could have carried
// anything.
void expect_way(const Chain& chain, const std::vector<std::size_t>& way, std::size_t from) {
    std::int64_t since_ns = kAlwaysFrom;
    for (const std::size_t index : way) {
        const ChainEdge& edge = chain.edges[index];
        if (edge.op == Op::None && edge.source != from) {
            EXPECT_EQ(edge.target, from);
            from = edge.source;
            continue;
        }
        EXPECT_EQ(edge.source, from);
        from = edge.target;
        if (edge.op == Op::None) continue;
        EXPECT_GE(edge.last_ns, std::max(since_ns, kAlwaysFrom + kCallSlackNs) - kCallSlackNs);
        since_ns = std::max(since_ns, edge.first_ns);
    }
}

TEST(Render, WaysHangTogetherAndDoNotGoBackInTime) {
    std::size_t ways = 0;
    for_each_chain([&](const Chain& chain, const RandomRecording&) {
        const Plot plot(chain);
        for (const std::size_t origin : plot.origins()) {
            const auto way = plot.way_from(origin);
            expect_way(chain, way, origin);
            ways += way.size() > 1 ? 1 : 0;
        }
        if (chain.direction != Direction::Forward || plot.effect() == nullptr) return;
        for (const std::size_t end : plot.ends()) {
            const auto way = plot.way_to(end);
            if (way.empty()) continue;
            expect_way(chain, way, plot.effect()->target);
            EXPECT_TRUE(chain.edges[way.back()].target == end || chain.edges[way.back()].op == Op::None);
            ++ways;
        }
    });
    EXPECT_GT(ways, kSeeds / 4);
}

TEST(Render, WhatHappenedAndTheBestWayToItAreToldFirst) {
    for_each_chain([](const Chain& chain, const RandomRecording&) {
        const Plot plot(chain);
        if (plot.effect() == nullptr || chain.direction != Direction::Back) return;
        const auto effect = static_cast<std::size_t>(plot.effect() - chain.edges.data());
        std::vector<std::size_t> way = {effect};
        const auto origins = plot.origins();
        for (const std::size_t origin : origins) {
            if (const auto found = plot.way_from(origin); !found.empty()) {
                way = found;
                break;
            }
        }
        std::set<std::size_t> told;
        for (const Step& step : narrative_of(chain, std::max<std::size_t>(way.size(), 15)).steps)
            told.insert(step.edges.begin(), step.edges.end());
        for (const std::size_t edge : way)
            EXPECT_TRUE(chain.edges[edge].op == Op::None || told.contains(edge)) << edge;
    });
}

TEST(Render, TheTreeNamesEveryProcess) {
    for_each_chain([](const Chain& chain, const RandomRecording&) {
        const std::string text =
            to_text(chain, Colour::Off, {.steps = 1, .tree_lines = SIZE_MAX, .columns = 5000});
        for (const ChainNode& node : chain.nodes) {
            if (node.type != event::EntityType::Process) continue;
            EXPECT_THAT(text, testing::HasSubstr(node.label));
        }
    });
}

TEST(Render, JsonForTerminalsIsTheSameJson) {
    const std::string odd = "a\x7f \xc2\x9b[31m \xe2\x80\xae \xe2\x80\xa8 \xf0\x9f\x98\x80 \n \" \\ \u00e9";
    const std::string text = json_for_terminal(nlohmann::json(odd).dump());
    EXPECT_EQ(nlohmann::json::parse(text), odd);
    EXPECT_EQ(text, "\"a\\u007f \\u009b[31m \\u202e \\u2028 \xf0\x9f\x98\x80 \\n \\\" \\\\ \xc3\xa9\"");
}

TEST(Render, JsonHoldsEveryNodeAndFlow) {
    for_each_chain([](const Chain& chain, const RandomRecording&) {
        const auto json = nlohmann::json::parse(to_json(chain));
        ASSERT_EQ(json.at("nodes").size(), chain.nodes.size());
        ASSERT_EQ(json.at("edges").size(), chain.edges.size());
        const auto id = [&](std::size_t node) {
            return event::json_id(chain.nodes[node].id, chain.nodes[node].type);
        };
        for (std::size_t i = 0; i < chain.nodes.size(); ++i) {
            EXPECT_EQ(json["nodes"][i]["id"], id(i));
            EXPECT_EQ(json["nodes"][i]["label"], chain.nodes[i].label);
        }
        for (std::size_t i = 0; i < chain.edges.size(); ++i) {
            EXPECT_EQ(json["edges"][i]["source"], id(chain.edges[i].source));
            EXPECT_EQ(json["edges"][i]["target"], id(chain.edges[i].target));
            EXPECT_EQ(json["edges"][i]["events"], chain.edges[i].events);
        }
        EXPECT_EQ(json["steps"].size(), narrative_of(chain, 15).steps.size());
        EXPECT_EQ(json["sentence"], headline(chain));
    });
}

// tests/render looks at the same with parsers that others wrote.
TEST(Render, PicturesHoldAsManyNodesAndFlows) {
    for_each_chain([](const Chain& chain, const RandomRecording&) {
        const std::string dot = without_names(to_dot(chain));
        const std::string mermaid = without_names(to_mermaid(chain));
        const auto prov = nlohmann::json::parse(to_prov(chain));
        const auto size = [&](const char* name) { return prov.contains(name) ? prov[name].size() : 0; };
        EXPECT_EQ(size("activity") + size("entity") + size("agent"), chain.nodes.size());
        EXPECT_EQ(size("used") + size("wasGeneratedBy") + size("wasInformedBy") + size("wasInfluencedBy") +
                      size("alternateOf"),
                  chain.edges.size());
        EXPECT_EQ(count_of(dot, "NAME -> NAME ["), chain.edges.size());
        EXPECT_EQ(count_of(dot, "\n    NAME [label="), chain.nodes.size());
        EXPECT_EQ(count_of(mermaid, ":::"), chain.nodes.size());
        EXPECT_EQ(count_of(mermaid, " -->|NAME| ") + count_of(mermaid, " -.- "), chain.edges.size());
    });
}

}  // namespace
}  // namespace catena::graph
