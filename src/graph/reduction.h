// Reducer: merges repeated flows of a history, by the rule and the very code that the kernel programs use
// (wire/merge.h; why no answer changes by it: docs/decisions/0008).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/generation_map.h"
#include "event/event.h"
#include "graph/dense_index.h"
#include "wire/merge.h"

namespace catena::graph {

// What a Reducer may keep. Less costs rows, never an answer.
struct ReducerLimits {
    std::uint32_t versions = CAT_VERSIONS;  // words; 0: one for each node
    std::uint32_t sets = CAT_SETS;          // of two slots, for each thread: at most CAT_SETS; 0: unlimited
    std::size_t threads = 65'536;
    std::size_t edges = 65'536;    // at least so many of those used last, at most twice as many
    std::size_t sockets = 65'536;  // so many peers, likewise
};

// Streaming and bounded. Not thread-safe.
class Reducer {
  public:
    struct Counts {
        std::uint64_t kept = 0;    // events that came out as they went in
        std::uint64_t echoes = 0;  // of these, flows that brought their target nothing but what it had given
        std::uint64_t merged = 0;  // events that were summed up in rows
        std::uint64_t rows = 0;    // that sum them up
    };

    explicit Reducer(ReducerLimits limits = {});

    // Sockets before the events, or else what is sent into one is not known to come out of its peer.
    void add(const event::Socket& socket);

    // Appends what is known to be due to `rows`: the event itself, or sums of earlier ones (their id is 0).
    // Events in order of time: one that is older than its predecessor, or that was merged before, is kept as
    // it is.
    void add(const event::Event& event, std::vector<event::Event>& rows);

    // Appends all sums that are not told yet.
    void tell(std::vector<event::Event>& rows);

    [[nodiscard]] const Counts& counts() const { return counts_; }

  private:
    struct Entry {
        cat_slot slot{};
        event::Event like;  // the kept flow: what all that are merged into it have in common
    };
    struct Set {
        std::array<Entry, 2> entries;
        unsigned clock = 0;  // picks the slot to give up
    };
    struct Thread {
        std::uint64_t key = 0;
        std::unordered_map<std::uint64_t, Set> sets;
    };
    // A flow that can be merged.
    struct Flow {
        std::uint64_t key = 0;
        std::uint64_t back_key = 0;  // of the other way through the same object; 0 where there is none
        std::uint64_t edge = 0;
        std::uint32_t source = 0;
        std::uint32_t target = 0;
    };
    struct Words {
        std::uint32_t into = 0;
        std::uint32_t from = 0;
    };

    [[nodiscard]] std::optional<cat_flow_kind> kind_of(const event::Event& event) const;
    std::uint32_t word(std::uint64_t id);
    Words words_of(const event::Event& event);
    Flow flow_of(const event::Event& event, cat_flow_kind kind);
    std::uint64_t bump(std::uint32_t word) { return versions_[word]++; }

    Thread& thread_of(const event::Event& event, std::vector<event::Event>& rows);
    Set& set_of(Thread& thread, std::uint64_t key) const;
    Entry* find(Thread& thread, std::uint64_t key) const;
    Entry& take(Thread& thread, const Flow& flow, const event::Event& event, std::uint64_t token,
                std::vector<event::Event>& rows);
    void tell(Entry& entry, std::vector<event::Event>& rows);
    void tell(Thread& thread, std::vector<event::Event>& rows);

    void keep(const event::Event& event, std::vector<event::Event>& rows);
    void add_flow(const event::Event& event, const Flow& flow, std::vector<event::Event>& rows);

    ReducerLimits limits_;
    Counts counts_;
    std::int64_t newest_ns_ = 0;
    DenseIndex nodes_;  // where each node has a word of its own
    std::vector<std::uint64_t> versions_;
    base::GenerationMap<std::uint64_t, std::uint64_t> edges_;  // the version that each has carried
    base::GenerationMap<std::uint64_t, std::uint64_t> peers_;
    std::list<Thread> threads_;  // the one used last first
    std::unordered_map<std::uint64_t, std::list<Thread>::iterator> thread_places_;
};

}  // namespace catena::graph
