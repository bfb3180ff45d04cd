// TableAppender: appends rows to one table through vectors of DuckDB that it fills in place, some 2000 rows
// at a time.
//
// A row is its cells put in the order of the columns, then end_row(). Rows are in the table once flush()
// succeeded, and in the recording once the connection's transaction is committed. After a failure everything
// fails. Not thread-safe; must not outlive its connection.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/duckdb/handle.h"

namespace catena::store::duckdb {

class TableAppender {
  public:
    static base::Result<TableAppender> create(duckdb_connection connection, const char* table);

    // A cell of exactly this width: BIGINT and UBIGINT, INTEGER and UINTEGER, an ENUM's position.
    TableAppender& put(std::int64_t value) { return put_raw(value); }
    TableAppender& put(std::uint64_t value) { return put_raw(value); }
    TableAppender& put(std::int32_t value) { return put_raw(value); }
    TableAppender& put(std::uint32_t value) { return put_raw(value); }
    TableAppender& put(std::uint8_t value) { return put_raw(value); }
    // Any bytes, escaped to text.
    TableAppender& put(std::string_view bytes);
    // What is escaped already.
    TableAppender& put_text(std::string_view text);
    TableAppender& put_null();

    base::Status end_row();
    base::Status flush();

  private:
    TableAppender() = default;

    template <class T>
    TableAppender& put_raw(T value) {
        static_cast<T*>(data_[column_++])[row_] = value;
        return *this;
    }
    void find_vectors();
    base::Status send();

    AppenderHandle appender_;
    ChunkHandle chunk_;
    std::vector<duckdb_vector> vectors_;
    std::vector<void*> data_;
    std::size_t column_ = 0;
    std::size_t row_ = 0;
    std::size_t text_bytes_ = 0;  // in the chunk
};

}  // namespace catena::store::duckdb
