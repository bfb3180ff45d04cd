// The statement becomes a temporary view, and the view is selected from with every column cast to VARCHAR: so
// DuckDB does the printing for all of its types, and rows still stream.
#include "store/duckdb/text_query.h"

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "store/duckdb/rows.h"

namespace catena::store::duckdb {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

// How a statement is made into something whose columns can be cast: most as they are, DESCRIBE and its like
// only in brackets (where the semicolon that users put at the end has no place).
std::array<std::string, 2> as_view_bodies(const std::string& sql) {
    const std::size_t end = sql.find_last_not_of("; \t\r\n");
    return {sql, "FROM (\n" + sql.substr(0, end == std::string::npos ? 0 : end + 1) + "\n)"};
}

Result<Table> make_result_view(Connection& connection, duckdb_prepared_statement statement,
                               const std::string& sql) {
    Table table;
    std::string names;
    const idx_t count = duckdb_prepared_statement_column_count(statement);
    for (idx_t i = 0; i < count; ++i) {
        const char* name = duckdb_prepared_statement_column_name(statement, i);
        table.columns.emplace_back(name != nullptr ? name : "");
        duckdb_free(const_cast<char*>(name));
        names += (i > 0 ? ", c" : "c") + std::to_string(i);
    }
    Status made;
    for (const std::string& body : as_view_bodies(sql)) {
        made = connection.run("CREATE TEMP VIEW catena_result(" + names + ") AS " + body, ErrorCode::Usage);
        if (made) break;
    }
    if (!made) return std::unexpected(std::move(made).error());
    const std::array<Column, 1> type = {text_column("column_type")};
    auto described = connection.select(type, "FROM (DESCRIBE catena_result)", [&](const Chunk& chunk) {
        for (std::size_t i = 0; i < chunk.size(); ++i) table.types.emplace_back(chunk.text(0, i));
    });
    if (!described) return std::unexpected(std::move(described).error());
    return table;
}

}  // namespace

Status text_query(Connection& connection, const std::string& sql,
                  const std::function<void(const Table&)>& header,
                  const std::function<void(const Row&)>& row) {
    auto statement = connection.prepare(sql, ErrorCode::Usage);
    if (!statement) return std::unexpected(std::move(statement).error());
    if (duckdb_prepared_statement_type(statement->get()) != DUCKDB_STATEMENT_TYPE_SELECT) {
        return fail(ErrorCode::Usage,
                    "only statements that read are possible here: a recording is never changed");
    }
    if (duckdb_nparams(statement->get()) > 0) {
        return fail(ErrorCode::Usage,
                    "the statement has parameters, and there is nothing to put in their place");
    }
    auto table = make_result_view(connection, statement->get(), sql);
    if (!table) return std::unexpected(std::move(table).error());
    header(*table);
    std::vector<Column> columns;
    for (std::size_t i = 0; i < table->columns.size(); ++i)
        columns.push_back(text_column("c" + std::to_string(i)));
    Row cells(columns.size());
    const auto visit = [&](const Chunk& chunk) {
        for (std::size_t i = 0; i < chunk.size(); ++i) {
            for (std::size_t c = 0; c < cells.size(); ++c) {
                if (chunk.is_null(c, i)) {
                    cells[c].reset();
                } else {
                    cells[c].emplace(chunk.text(c, i));
                }
            }
            row(cells);
        }
    };
    return connection.select(columns, "FROM catena_result", visit, ErrorCode::Usage);
}

}  // namespace catena::store::duckdb
