// Runs a user's SQL and gives every value as text, in DuckDB's own notation.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "store/duckdb/database.h"
#include "store/store.h"

namespace catena::store::duckdb {

// As Reader::query.
base::Status text_query(Connection& connection, const std::string& sql,
                        const std::function<void(const Table&)>& header,
                        const std::function<void(const Row&)>& row);

}  // namespace catena::store::duckdb
