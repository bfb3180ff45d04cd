// Store: where recordings are kept. One writer or several readers a recording; DuckDB now (store/duckdb/).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/batch.h"
#include "event/call.h"
#include "event/entity.h"
#include "event/event.h"
#include "event/function.h"

namespace catena::store {

using Batch = event::Batch;

// Appends to one recording. Used by one thread at a time. Destroying it without finish() leaves what was
// committed.
class Writer {
  public:
    virtual ~Writer() = default;
    virtual base::Status append(const Batch& batch) = 0;
    // What was appended so far survives the recorder's death from here on.
    virtual base::Status commit() = 0;
    // Commits, folds the log into the file and closes it.
    virtual base::Status finish() = 0;
};

// Creates a recording, replacing one that is there (a recording only: another file is refused).
base::Result<std::unique_ptr<Writer>> create_recording(const std::string& path);

// Columns and rows of a query, as text (SQL NULL is an empty optional).
struct Table {
    std::vector<std::string> columns;
    std::vector<std::string> types;  // DuckDB's type names
};
using Row = std::vector<std::optional<std::string>>;
// A row of whole numbers, unsigned ones in two's complement; 0 where NULL.
using Numbers = std::span<const std::int64_t>;

// Reads one finished (or left behind) recording; never writes to it. One thread at a time.
class Reader {
  public:
    virtual ~Reader() = default;

    virtual std::map<std::string, std::string> meta() = 0;
    // Calls `visit` for each event for which the SQL condition `where` holds (all where empty), ordered by
    // (ts_ns, id).
    virtual base::Status events(const std::string& where,
                                const std::function<void(event::Event&&)>& visit) = 0;
    // The same events in any order, and of each only what a flow is: id, ts_ns, last_ns, op, process, tid,
    // object, bytes, ret, count. Several times as fast.
    virtual base::Status flows(const std::string& where,
                               const std::function<void(const event::Event&)>& visit) = 0;
    // The system calls of a recording with full fidelity for which `where` holds (over the columns of view
    // syscalls), ordered by (enter_ns, id). None in other recordings.
    virtual base::Status calls(const std::string& where, const std::function<void(event::Call&&)>& visit) = 0;
    // All images of all processes, ordered by since_ns. Of these and the next three: those for which `where`
    // holds (over the columns of the views of these names), or all.
    virtual base::Status images(const std::string& where,
                                const std::function<void(event::ProcessImage&&)>& visit) = 0;
    virtual base::Status names(const std::string& where,
                               const std::function<void(event::FileName&&)>& visit) = 0;
    // Each socket once, as last written.
    virtual base::Status last_sockets(const std::string& where,
                                      const std::function<void(event::Socket&&)>& visit) = 0;
    virtual base::Status last_objects(const std::string& where,
                                      const std::function<void(event::Object&&)>& visit) = 0;
    // The functions that system calls were made in; none where none were watched.
    virtual base::Status function_paths(const std::function<void(event::FunctionPath&&)>& visit) = 0;
    base::Status processes(const std::function<void(event::ProcessImage&&)>& visit) {
        return images("", visit);
    }
    base::Status files(const std::function<void(event::FileName&&)>& visit) { return names("", visit); }
    base::Status sockets(const std::function<void(event::Socket&&)>& visit) {
        return last_sockets("", visit);
    }
    base::Status objects(const std::function<void(event::Object&&)>& visit) {
        return last_objects("", visit);
    }
    // What can stand behind FROM for (id, traits): of each object that something carried anything to or from,
    // the sum of 1 (something flowed into it), 2 (it was accepted), 4 (connected), 8 (forked).
    virtual std::string traits() = 0;
    virtual base::Result<event::Accounting> accounting() = 0;  // summed over the CPUs, their last rows
    // Any SQL that reads. `header` is called once before the rows.
    virtual base::Status query(const std::string& sql, const std::function<void(const Table&)>& header,
                               const std::function<void(const Row&)>& row) = 0;
    // A SELECT whose columns are all BIGINT or UBIGINT; Usage where one is not.
    virtual base::Status numbers(const std::string& sql, const std::function<void(Numbers)>& row) = 0;
};

// Opens a recording. BadInput where it is missing, empty, truncated, not a recording, from a newer schema, or
// held by a recorder.
// `memory_limit`, as DuckDB writes it ("160MB"), is what the reader itself may take.
base::Result<std::unique_ptr<Reader>> open_recording(const std::string& path,
                                                     const std::string& memory_limit = {});

// The text as it is in a recording, and as a literal of SQL.
std::string stored_literal(std::string_view bytes);

}  // namespace catena::store
