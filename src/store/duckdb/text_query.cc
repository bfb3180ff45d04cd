// The statement becomes a subquery, and is selected from with every column cast to VARCHAR: so DuckDB does
// the printing for all of its types, and rows still stream.
#include "store/duckdb/text_query.h"

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "store/duckdb/rows.h"

namespace catena::store::duckdb {

using base::ErrorCode;
using base::fail;
using base::Status;

namespace {

// "(the statement) AS result(c0, c1, …)": its columns get names that are all different. The line break ends a
// comment.
std::string as_subquery(const std::string& sql, std::size_t columns) {
    const std::size_t end = sql.find_last_not_of("; \t\r\n");
    std::string names;
    for (std::size_t i = 0; i < columns; ++i) names += (i > 0 ? ", c" : "c") + std::to_string(i);
    return "(" + sql.substr(0, end == std::string::npos ? 0 : end + 1) + "\n) AS result(" + names + ")";
}

Table columns_of(duckdb_prepared_statement statement) {
    Table table;
    const idx_t count = duckdb_prepared_statement_column_count(statement);
    for (idx_t i = 0; i < count; ++i) {
        const char* name = duckdb_prepared_statement_column_name(statement, i);
        table.columns.emplace_back(name != nullptr ? name : "");
        duckdb_free(const_cast<char*>(name));
    }
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
    Table table = columns_of(statement->get());
    const std::string subquery = as_subquery(sql, table.columns.size());
    const std::array<Column, 1> type = {text_column("column_type")};
    const auto keep_type = [&](const Chunk& chunk) {
        for (std::size_t i = 0; i < chunk.size(); ++i) table.types.emplace_back(chunk.text(0, i));
    };
    const auto described =
        connection.select(type, "FROM (DESCRIBE FROM " + subquery + ")", keep_type, ErrorCode::Usage);
    if (!described && described.error().code != ErrorCode::Usage) return described;
    if (!described || table.types.size() != table.columns.size()) {
        // DuckDB took it as a statement, so what is wrong is at its end.
        return fail(ErrorCode::Usage,
                    "nothing may stand behind the semicolon that ends the statement: leave it out");
    }
    header(table);
    std::vector<Column> columns;
    columns.reserve(table.columns.size());
    for (std::size_t i = 0; i < table.columns.size(); ++i)
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
    return connection.select(columns, "FROM " + subquery, visit, ErrorCode::Usage);
}

}  // namespace catena::store::duckdb
