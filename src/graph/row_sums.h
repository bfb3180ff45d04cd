// RowSums: rows that are still open, into which repetitions are summed up.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "event/event.h"

namespace catena::graph {

// Holds at most twice `capacity` rows: those that have not been added to for longest are closed. Not
// thread-safe.
class RowSums {
  public:
    // A row's two runs: of its flow, or of the flows of both ways.
    using Runs = std::array<std::uint64_t, 2>;

    explicit RowSums(std::size_t capacity) : capacity_(capacity) {}

    // Sums the event up in the open row that says the same and has the same runs. Where there is none, it
    // opens one. Rows that are closed by it are appended to `rows`. True where it was summed up.
    bool add(const event::Event& event, const Runs& runs, std::vector<event::Event>& rows);
    // Only if such a row is open.
    bool add_to_open(const event::Event& event, const Runs& runs, std::vector<event::Event>& rows);

    // Closes all.
    void close(std::vector<event::Event>& rows);

  private:
    // What all that is summed up in a row has in common.
    struct Key {
        std::uint64_t process = 0;
        std::uint64_t object = 0;
        std::int32_t tid = 0;
        event::Op op = event::Op::None;
        event::Source source = event::Source::Kernel;
        sys::Abi abi = sys::Abi::X64;
        bool flows = false;  // it carries something
        std::int64_t arg = 0;
        std::int64_t failure = 0;  // ret, where that is an error
        std::string path;
        std::string path2;
        bool operator==(const Key&) const = default;
    };
    struct Hash {
        std::size_t operator()(const Key& key) const noexcept;
    };
    struct Row {
        event::Event event;
        Runs runs{};
    };
    using Rows = std::unordered_map<Key, Row, Hash>;

    static Key key_of(const event::Event& event);
    static void sum(event::Event& row, const event::Event& event);
    Row* find(const Key& key, std::vector<event::Event>& rows);
    void make_room(std::vector<event::Event>& rows);

    std::size_t capacity_;
    Rows young_;
    Rows old_;
};

}  // namespace catena::graph
