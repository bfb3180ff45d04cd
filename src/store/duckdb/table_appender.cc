#include "store/duckdb/table_appender.h"

#include <algorithm>
#include <cassert>

#include "event/escape.h"
#include "store/duckdb/database.h"

namespace catena::store::duckdb {

using base::ErrorCode;
using base::Result;
using base::Status;

namespace {

// A command line can have 2 MB: so many of them as there are rows in a chunk must not wait in memory.
constexpr std::size_t kMaxChunkTextBytes = std::size_t{16} << 20U;

// Nearly all text needs no escaping; then it is not copied either.
bool is_plain(char c) { return c > 0 && c != '\\'; }

std::unexpected<base::Error> failure(duckdb_appender appender) {
    const char* message = duckdb_appender_error(appender);
    return std::unexpected(
        to_error(message != nullptr ? message : "DuckDB gave no reason", ErrorCode::System));
}

}  // namespace

Result<TableAppender> TableAppender::create(duckdb_connection connection, const char* table) {
    TableAppender self;
    if (duckdb_appender_create(connection, nullptr, table, self.appender_.out()) == DuckDBError) {
        return failure(self.appender_.get());
    }
    const idx_t count = duckdb_appender_column_count(self.appender_.get());
    std::vector<TypeHandle> owners;
    std::vector<duckdb_logical_type> types;
    for (idx_t i = 0; i < count; ++i) {
        owners.emplace_back(duckdb_appender_column_type(self.appender_.get(), i));
        types.push_back(owners.back().get());
    }
    self.chunk_ = ChunkHandle(duckdb_create_data_chunk(types.data(), count));
    self.find_vectors();
    return self;
}

void TableAppender::find_vectors() {
    const idx_t count = duckdb_data_chunk_get_column_count(chunk_.get());
    vectors_.clear();
    data_.clear();
    for (idx_t i = 0; i < count; ++i) {
        vectors_.push_back(duckdb_data_chunk_get_vector(chunk_.get(), i));
        data_.push_back(duckdb_vector_get_data(vectors_.back()));
    }
}

TableAppender& TableAppender::put(std::string_view bytes) {
    return std::ranges::all_of(bytes, is_plain) ? put_text(bytes) : put_text(event::escape(bytes));
}

TableAppender& TableAppender::put_text(std::string_view text) {
    duckdb_vector_assign_string_element_len(vectors_[column_++], row_, text.data(), text.size());
    text_bytes_ += text.size();
    return *this;
}

TableAppender& TableAppender::put_null() {
    duckdb_vector vector = vectors_[column_++];
    duckdb_vector_ensure_validity_writable(vector);
    duckdb_validity_set_row_invalid(duckdb_vector_get_validity(vector), row_);
    return *this;
}

Status TableAppender::end_row() {
    assert(column_ == vectors_.size());
    column_ = 0;
    ++row_;
    return row_ == duckdb_vector_size() || text_bytes_ >= kMaxChunkTextBytes ? send() : Status();
}

Status TableAppender::send() {
    if (row_ == 0) return {};
    duckdb_data_chunk_set_size(chunk_.get(), row_);
    row_ = 0;
    text_bytes_ = 0;
    const duckdb_state state = duckdb_append_data_chunk(appender_.get(), chunk_.get());
    duckdb_data_chunk_reset(chunk_.get());
    find_vectors();
    if (state == DuckDBError) return failure(appender_.get());
    return {};
}

Status TableAppender::flush() {
    if (auto sent = send(); !sent) return sent;
    if (duckdb_appender_flush(appender_.get()) == DuckDBError) return failure(appender_.get());
    return {};
}

}  // namespace catena::store::duckdb
