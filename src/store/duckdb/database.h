// Database and Connection: DuckDB through its C API, with our errors. The adapter that everything else in
// this folder uses.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "store/duckdb/handle.h"

namespace catena::store::duckdb {

using Settings = std::vector<std::pair<const char*, std::string>>;

// The error that DuckDB's message stands for: a full disk, damage to the file, or else `otherwise`.
base::Error to_error(std::string_view message, base::ErrorCode otherwise);

// What DuckDB says before it shows the place in the SQL: the part that makes sense where the SQL is ours.
std::string first_paragraph(std::string_view message);

// The text as a literal in SQL.
std::string sql_literal(std::string_view text);

// Some rows of a result, held by the caller of the visitor. Accessors do not check types: Connection::select
// does, once.
class Chunk {
  public:
    explicit Chunk(duckdb_data_chunk chunk);

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool is_null(std::size_t column, std::size_t row) const;
    // A BIGINT or UBIGINT; 0 where NULL.
    [[nodiscard]] std::int64_t integer(std::size_t column, std::size_t row) const;
    // A UTINYINT, or an ENUM of at most 256 names as its position; 0 where NULL.
    [[nodiscard]] std::uint8_t byte(std::size_t column, std::size_t row) const;
    // A VARCHAR; empty where NULL. Valid while the chunk is.
    [[nodiscard]] std::string_view text(std::size_t column, std::size_t row) const;

  private:
    struct Column {
        const void* data;
        std::uint64_t* validity;
    };
    std::size_t size_;
    std::vector<Column> columns_;
};

using ChunkVisitor = std::function<void(const Chunk&)>;

// A column of a typed SELECT: what to ask for, and the type that must come back.
struct Column {
    std::string expression;
    duckdb_type type;
};

// One connection: one statement at a time, a thread at a time. Must not outlive its database.
class Connection {
  public:
    explicit Connection(ConnectionHandle handle) : handle_(std::move(handle)) {}

    [[nodiscard]] duckdb_connection get() const { return handle_.get(); }

    // Runs statements whose rows nobody wants.
    base::Status run(const std::string& sql, base::ErrorCode otherwise = base::ErrorCode::BadInput);

    // Streams "SELECT columns… rest" to `visit`, chunk by chunk. Fails before the first row where a column's
    // type is another.
    base::Status select(std::span<const Column> columns, const std::string& rest, const ChunkVisitor& visit,
                        base::ErrorCode otherwise = base::ErrorCode::BadInput);

    // Streams the rows of one prepared statement.
    base::Status stream(duckdb_prepared_statement statement, const ChunkVisitor& visit,
                        base::ErrorCode otherwise);

    // Prepares the only statement in `sql`.
    base::Result<StatementHandle> prepare(const std::string& sql, base::ErrorCode otherwise);

  private:
    ConnectionHandle handle_;
};

// An open database file. Connections of several threads may share it.
class Database {
  public:
    static base::Result<Database> open(const std::string& path, const Settings& settings);

    base::Result<Connection> connect();

  private:
    explicit Database(DatabaseHandle handle) : handle_(std::move(handle)) {}

    DatabaseHandle handle_;
};

}  // namespace catena::store::duckdb
