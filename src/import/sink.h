// Sink: where the parsers of foreign formats put what they read: events and what their entities are. It
// numbers, leaves out descriptions that say nothing new, keeps the accounts, and hands batches on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/generation_map.h"
#include "base/result.h"
#include "event/batch.h"
#include "event/numbering.h"
#include "import/tally.h"

namespace catena::import {

struct BadLine {
    std::uint64_t number = 0;
    std::string reason;
};

// What an import came to.
struct Summary {
    std::uint64_t lines = 0;
    std::uint64_t events = 0;        // stored
    std::uint64_t merged = 0;        // calls that those stand for beyond one each
    std::uint64_t nothing = 0;       // records that carry nothing, or nothing that is recorded
    std::uint64_t bad = 0;           // lines that could not be read
    std::vector<BadLine> first_bad;  // the first kMaxNamed of them
    Tally unknown_fields;
    Tally unknown_records;           // kinds of records that no rule is for; part of `nothing`
    std::int64_t first_ns = 0;       // of events, in the order of the file
    std::int64_t last_ns = 0;        // the latest
    std::uint64_t out_of_order = 0;  // events that are earlier than one before them
    std::string cut;                 // why the input ended early; else empty

    static constexpr std::size_t kMaxNamed = 5;
};

class Sink {
  public:
    using Append = std::function<base::Status(const event::Batch&)>;

    explicit Sink(Append append);

    // An event with id 0 gets the next number.
    void add(event::Event event);
    // Entities are described before or after the events that name them.
    void add(event::ProcessImage image);
    void add(const event::FileName& name);  // unless it is the name the file is known to have
    void add(const event::Socket& socket);  // unless it is what is known
    void add(const event::Object& object);
    // Whether it is a file, socket or object that has been described.
    [[nodiscard]] bool knows(event::EntityId id) { return known_.find(id) != nullptr; }
    // A record that carries nothing; `kind` where no rule is for it.
    void pass() { ++summary_.nothing; }
    void pass_unknown(std::string_view kind);
    void bad(std::uint64_t line, std::string reason);
    void meta(const std::string& key, std::string value) { batch_.meta[key] = std::move(value); }

    // Hands on what waits once it is enough for a batch, or in any case.
    base::Status hand_on();
    // Hands on the rest, with the final accounts.
    base::Status finish();

    [[nodiscard]] Summary& summary() { return summary_; }
    [[nodiscard]] Tally& unknown_fields() { return summary_.unknown_fields; }

  private:
    [[nodiscard]] bool is_news(event::EntityId id, std::uint64_t state);
    void account();
    base::Status flush();

    Append append_;
    event::Batch batch_;
    event::Numbering numbering_;
    // Of entities, the hash of how they were described last. What it forgets is described again.
    base::GenerationMap<event::EntityId, std::uint64_t> known_;
    std::int64_t next_id_ = 1;
    std::uint64_t accounted_bad_ = 0;
    Summary summary_;
};

}  // namespace catena::import
