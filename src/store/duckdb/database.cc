#include "store/duckdb/database.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>

namespace catena::store::duckdb {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr const char* kUnknown = "DuckDB gave no reason";

// DuckDB names the kind of an error in front of the message. These are not the fault of whoever wrote the
// SQL.
bool tells_damage(std::string_view message) {
    constexpr std::array<std::string_view, 6> kKinds = {"IO Error",    "FATAL Error",   "INTERNAL Error",
                                                        "Fatal Error", "Serialization", "Corrupt"};
    return std::ranges::any_of(kKinds, [&](std::string_view kind) { return message.starts_with(kind); });
}

std::unexpected<base::Error> failure(const char* message, ErrorCode otherwise) {
    return std::unexpected(to_error(message != nullptr && *message != '\0' ? message : kUnknown, otherwise));
}

}  // namespace

base::Error to_error(std::string_view message, ErrorCode otherwise) {
    if (message.find(std::strerror(ENOSPC)) != std::string_view::npos) {
        return {ErrorCode::System, ENOSPC, std::string(message)};
    }
    if (message.starts_with("Out of Memory")) return {ErrorCode::System, ENOMEM, std::string(message)};
    return {tells_damage(message) ? ErrorCode::BadInput : otherwise, 0, std::string(message)};
}

std::string first_paragraph(std::string_view message) {
    return std::string(message.substr(0, message.find("\n\n")));
}

Chunk::Chunk(duckdb_data_chunk chunk) : size_(duckdb_data_chunk_get_size(chunk)) {
    const idx_t count = duckdb_data_chunk_get_column_count(chunk);
    columns_.reserve(count);
    for (idx_t i = 0; i < count; ++i) {
        duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, i);
        columns_.push_back({duckdb_vector_get_data(vector), duckdb_vector_get_validity(vector)});
    }
}

bool Chunk::is_null(std::size_t column, std::size_t row) const {
    return !duckdb_validity_row_is_valid(columns_[column].validity, row);
}

std::int64_t Chunk::integer(std::size_t column, std::size_t row) const {
    return is_null(column, row) ? 0 : static_cast<const std::int64_t*>(columns_[column].data)[row];
}

std::uint8_t Chunk::byte(std::size_t column, std::size_t row) const {
    return is_null(column, row) ? 0 : static_cast<const std::uint8_t*>(columns_[column].data)[row];
}

std::string_view Chunk::text(std::size_t column, std::size_t row) const {
    if (is_null(column, row)) return {};
    // Its text may lie inside the string itself, so the string must be the vector's, not a copy.
    const auto& string = static_cast<const duckdb_string_t*>(columns_[column].data)[row];
    const std::size_t length = string.value.inlined.length;
    const bool inlined = length <= sizeof(string.value.inlined.inlined);
    return {inlined ? string.value.inlined.inlined : string.value.pointer.ptr, length};
}

std::string sql_literal(std::string_view text) {
    std::string literal = "'";
    for (const char c : text) literal.append(c == '\'' ? 2 : 1, c);
    return literal + "'";
}

Status Connection::run(const std::string& sql, ErrorCode otherwise) {
    ResultHandle result;
    if (duckdb_query(get(), sql.c_str(), result.out()) == DuckDBError) {
        return failure(duckdb_result_error(result.address()), otherwise);
    }
    return {};
}

Result<StatementHandle> Connection::prepare(const std::string& sql, ErrorCode otherwise) {
    ExtractedHandle extracted;
    const idx_t count = duckdb_extract_statements(get(), sql.c_str(), extracted.out());
    if (count == 0) {
        const char* message = duckdb_extract_statements_error(extracted.get());
        return failure(message != nullptr ? message : "there is no SQL statement", otherwise);
    }
    if (count > 1)
        return fail(otherwise, "one SQL statement is expected, there are " + std::to_string(count));
    StatementHandle statement;
    if (duckdb_prepare_extracted_statement(get(), extracted.get(), 0, statement.out()) == DuckDBError) {
        return failure(duckdb_prepare_error(statement.get()), otherwise);
    }
    return statement;
}

Status Connection::stream(duckdb_prepared_statement statement, const ChunkVisitor& visit,
                          ErrorCode otherwise) {
    PendingHandle pending;
    if (duckdb_pending_prepared_streaming(statement, pending.out()) == DuckDBError) {
        return failure(duckdb_pending_error(pending.get()), otherwise);
    }
    ResultHandle result;
    if (duckdb_execute_pending(pending.get(), result.out()) == DuckDBError) {
        return failure(duckdb_result_error(result.address()), otherwise);
    }
    while (true) {
        const ChunkHandle chunk(duckdb_fetch_chunk(result.get()));
        if (chunk.get() == nullptr) break;
        visit(Chunk(chunk.get()));
    }
    // The end of the rows and a failure amid them look the same until one asks.
    const char* message = duckdb_result_error(result.address());
    if (message != nullptr && *message != '\0') return failure(message, otherwise);
    return {};
}

Status Connection::select(std::span<const Column> columns, const std::string& rest, const ChunkVisitor& visit,
                          ErrorCode otherwise) {
    std::string sql = "SELECT ";
    for (const Column& column : columns) {
        if (&column != columns.data()) sql += ", ";
        sql += column.expression;
    }
    Result<StatementHandle> statement = prepare(sql + " " + rest, otherwise);
    if (!statement) return std::unexpected(std::move(statement).error());
    if (duckdb_prepared_statement_type(statement->get()) != DUCKDB_STATEMENT_TYPE_SELECT) {
        return fail(otherwise, "only statements that read are possible");
    }
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (duckdb_prepared_statement_column_type(statement->get(), i) != columns[i].type) {
            return fail(otherwise, columns[i].expression + " has another type than expected");
        }
    }
    return stream(statement->get(), visit, otherwise);
}

Result<Database> Database::open(const std::string& path, const Settings& settings) {
    if (auto status = load_functions(); !status) return std::unexpected(std::move(status).error());
    ConfigHandle config;
    if (duckdb_create_config(config.out()) == DuckDBError) return fail(ErrorCode::System, "out of memory");
    for (const auto& [name, value] : settings) {
        if (duckdb_set_config(config.get(), name, value.c_str()) == DuckDBError) {
            return fail(ErrorCode::System, std::string("DuckDB does not know the setting ") + name);
        }
    }
    DatabaseHandle handle;
    char* message = nullptr;
    if (duckdb_open_ext(path.c_str(), handle.out(), config.get(), &message) == DuckDBError) {
        auto error = failure(message, ErrorCode::BadInput);
        duckdb_free(message);
        return error;
    }
    return Database(std::move(handle));
}

Result<Connection> Database::connect() {
    ConnectionHandle handle;
    if (duckdb_connect(handle_.get(), handle.out()) == DuckDBError) {
        return fail(ErrorCode::System, "DuckDB refuses a connection");
    }
    return Connection(std::move(handle));
}

}  // namespace catena::store::duckdb
