// Small histories for the tests of reductions: every one of a size, and long random ones; and what is asked
// of their graphs.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "event/event.h"
#include "graph/graph.h"
#include "graph/tracker.h"

namespace catena::graph {

// Who did what to which of the things of a world. `other` is a process for VmWrite, else an object.
enum class Deed : std::uint8_t { In, Out, VmWrite };
struct Step {
    std::uint32_t process = 0;
    std::uint32_t other = 0;
    Deed deed = Deed::In;
    std::uint32_t thread = 0;
    std::int64_t pause = 10;  // since the step before
};
using Steps = std::vector<Step>;

// Processes have the ids 1…, objects those that follow. Sockets are pairs: the first is the peer of the
// second, and so on.
struct World {
    std::uint32_t processes = 2;
    std::uint32_t objects = 2;
    bool sockets = false;
    bool late_peers = false;  // known only when their sockets have been used for a while

    [[nodiscard]] std::uint64_t object(std::uint32_t number) const { return 1 + processes + number; }
    [[nodiscard]] std::uint64_t ids() const { return 1 + processes + objects; }
    [[nodiscard]] event::Socket socket(std::uint32_t number) const {
        return {.id = {object(number)},
                .protocol = "unix",
                .local = {},
                .remote = {},
                .peer = {object(number ^ 1U)}};
    }
};

// Events 1, 2, …; each moves as many bytes as its number, so that sums tell what is in them.
std::vector<event::Event> events_of(const World& world, const Steps& steps);
Graph graph_of(const World& world, const std::vector<event::Event>& events, std::int64_t slack_ns = 0);
std::string text_of(const Steps& steps);

// The nodes of an answer, as bits by id.
using Nodes = std::uint64_t;
Nodes ask(const Graph& graph, Direction direction, std::uint64_t id, std::int64_t ns, Window window = {});

// Count and bytes of each operation between two are what they were.
void expect_conserved(const std::vector<event::Event>& events, const std::vector<event::Event>& rows);

// Calls `visit` with every history of exactly `size` steps; processes and objects come in the order of their
// numbers.
template <class Visit>
void each_history(const World& world, bool vm_writes, const std::vector<std::int64_t>& pauses,
                  std::size_t size, Steps& steps, std::uint32_t processes, std::uint32_t objects,
                  const Visit& visit) {
    if (testing::Test::HasFatalFailure()) return;
    if (steps.size() == size) return visit(steps);
    const auto go_on = [&](Step step, std::uint32_t known_processes, std::uint32_t known_objects) {
        for (const std::int64_t pause : pauses) {
            step.pause = pause;
            steps.push_back(step);
            each_history(world, vm_writes, pauses, size, steps, known_processes, known_objects, visit);
            steps.pop_back();
        }
    };
    for (std::uint32_t process = 0; process < std::min(processes + 1, world.processes); ++process) {
        const std::uint32_t known = std::max(processes, process + 1);
        for (std::uint32_t object = 0; object < std::min(objects + 1, world.objects); ++object) {
            for (const Deed deed : {Deed::In, Deed::Out})
                go_on({process, object, deed}, known, std::max(objects, object + 1));
        }
        for (std::uint32_t other = 0; vm_writes && other < std::min(known + 1, world.processes); ++other) {
            if (other != process) go_on({process, other, Deed::VmWrite}, std::max(known, other + 1), objects);
        }
    }
}

template <class Visit>
void each_history(const World& world, bool vm_writes, const std::vector<std::int64_t>& pauses,
                  std::size_t size, const Visit& visit) {
    Steps steps;
    each_history(world, vm_writes, pauses, size, steps, 0, 0, visit);
}

class RandomHistory {
  public:
    explicit RandomHistory(std::uint32_t seed) : random_(seed) {}

    std::uint32_t below(std::uint32_t end) {
        return std::uniform_int_distribution<std::uint32_t>(0, end - 1)(random_);
    }

    // Loops, now and then interrupted: programs repeat themselves.
    Steps steps(const World& world, std::uint32_t threads, std::size_t size, std::uint32_t longest_pause) {
        Steps steps;
        while (steps.size() < size) {
            Steps loop(1 + below(5));
            for (Step& step : loop) {
                step = {below(world.processes), below(world.objects), below(2) == 0 ? Deed::In : Deed::Out,
                        below(threads)};
                if (below(16) != 0 || world.processes < 2 || world.sockets) continue;
                step.deed = Deed::VmWrite;
                step.other = (step.process + 1 + below(world.processes - 1)) % world.processes;
            }
            for (std::uint32_t i = 1 + below(12); i > 0; --i)
                steps.insert(steps.end(), loop.begin(), loop.end());
        }
        steps.resize(size);
        for (Step& step : steps) step.pause = 10 + below(longest_pause);
        return steps;
    }

    World world() { return {.processes = 1 + below(6), .objects = 1 + below(below(4) == 0 ? 40 : 6)}; }

  private:
    std::mt19937 random_;
};

}  // namespace catena::graph
