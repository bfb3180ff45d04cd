// HistoryReducer: merges the repetitions of a history that is stored already, by a rule that says which
// answers have to stay (docs/decisions/0028).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "event/event.h"
#include "graph/dense_index.h"
#include "graph/dependence.h"
#include "graph/row_sums.h"

namespace catena::graph {

struct ReductionOptions {
    ReductionRule rule = ReductionRule::Fd;
    // Keep what leaves no edge, too: descriptors that come and go, calls that moved nothing. A recorder with
    // causal fidelity filters these.
    bool keep_edgeless = false;
    DependenceLimits limits;
    std::size_t rows = std::size_t{1} << 17U;  // open ones: at most twice as many
    // Events of one instant. More are judged in parts, in their order; tracking, which takes equal times
    // either way, may then find more than before.
    std::size_t instant = std::size_t{1} << 16U;
};

// In one pass (Sd: two), with memory for each entity and within the limits. Not thread-safe.
//
// What is known beforehand comes first: all sockets, images of processes and forks; for Sd all events too, by
// survey(). Then the events, in order of time.
class HistoryReducer {
  public:
    struct Counts {
        std::uint64_t flows = 0;     // rows in that carry something
        std::uint64_t news = 0;      // rows that begin with a flow that had to stay
        std::uint64_t echoes = 0;    // of these, flows that brought nothing but what their target had given
        std::uint64_t passed = 0;    // rows that summed up several before
        std::uint64_t merged = 0;    // events (not rows) that were summed up in the row of another
        std::uint64_t covered = 0;   // events that no row speaks of any more (Sd)
        std::uint64_t edgeless = 0;  // likewise, since they leave no edge
    };

    explicit HistoryReducer(const ReductionOptions& options);

    void add(event::Socket socket) { sockets_.push_back(std::move(socket)); }
    // A process's first image; `forked` where an event tells of its fork. Where none does, the graph infers
    // one, if it is within the time of the recording.
    void add_process(const event::ProcessImage& image, bool forked, std::int64_t start_ns,
                     std::int64_t end_ns);
    void survey(const event::Event& event);
    // Everything of that is known now. False where sockets name each other as peers in a longer row than any
    // kernel makes: nothing can be reduced then.
    [[nodiscard]] bool start();

    // Appends rows that are complete. A row has the id, the descriptor and so on of the event that it begins
    // with, the sum of counts and bytes, and the last one's time.
    void add(const event::Event& event, std::vector<event::Event>& rows);
    void finish(std::vector<event::Event>& rows);

    [[nodiscard]] const Counts& counts() const { return counts_; }

  private:
    struct Fork {
        std::int64_t ts_ns = 0;
        event::EntityId parent;
        event::EntityId child;
    };

    [[nodiscard]] bool peers_end() const;
    NodeIndex node(event::EntityId id);
    void add_flows(const event::Event& event);
    void add_forks(std::int64_t ts_ns);
    void judge_forks_before(std::int64_t ts_ns);
    void end_instant(std::vector<event::Event>& rows);
    void place(const event::Event& event, std::span<const Dependence::Judgement> judgements,
               std::vector<event::Event>& rows);

    ReductionOptions options_;
    Counts counts_;
    std::unique_ptr<Dependence> dependence_;
    RowSums sums_;
    DenseIndex nodes_;
    DenseIndex received_;  // ids into which something flows (Sd)
    std::vector<event::Socket> sockets_;
    std::unordered_map<std::uint64_t, std::uint64_t> peers_;
    std::vector<Fork> forks_;  // by time, the earliest last
    std::vector<event::Event> instant_;
    std::vector<Dependence::Flow> flows_;
    std::vector<Dependence::Judgement> judgements_;
};

}  // namespace catena::graph
