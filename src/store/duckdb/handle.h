// Handle: the only owner of an object of DuckDB's C API. Move-only; destroys on destruction. Not thread-safe.
#pragma once

#include <utility>

#include "store/duckdb/functions.h"

namespace catena::store::duckdb {

// `Destroy` is one of the pointers in functions.h.
template <class T, auto& Destroy>
class Handle {
  public:
    Handle() = default;
    explicit Handle(T raw) : raw_(raw) {}
    Handle(Handle&& other) noexcept : raw_(std::exchange(other.raw_, T{})) {}
    Handle& operator=(Handle&& other) noexcept {
        if (this != &other) {
            reset();
            raw_ = std::exchange(other.raw_, T{});
        }
        return *this;
    }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle() { reset(); }

    [[nodiscard]] T get() const { return raw_; }
    // For calls that hand an object out through a pointer; what was owned before is destroyed.
    [[nodiscard]] T* out() {
        reset();
        return &raw_;
    }
    // For calls that take a pointer to the object that stays owned here.
    [[nodiscard]] T* address() { return &raw_; }
    void reset() {
        if (Destroy != nullptr) Destroy(&raw_);
        raw_ = T{};
    }

  private:
    T raw_{};
};

// What follows destroys nothing when it is null: DuckDB's destroy functions check.
using DatabaseHandle = Handle<duckdb_database, duckdb_close>;
using ConnectionHandle = Handle<duckdb_connection, duckdb_disconnect>;
using ConfigHandle = Handle<duckdb_config, duckdb_destroy_config>;
using ResultHandle = Handle<duckdb_result, duckdb_destroy_result>;
using StatementHandle = Handle<duckdb_prepared_statement, duckdb_destroy_prepare>;
using ExtractedHandle = Handle<duckdb_extracted_statements, duckdb_destroy_extracted>;
using PendingHandle = Handle<duckdb_pending_result, duckdb_destroy_pending>;
using AppenderHandle = Handle<duckdb_appender, duckdb_appender_destroy>;
using ChunkHandle = Handle<duckdb_data_chunk, duckdb_destroy_data_chunk>;
using TypeHandle = Handle<duckdb_logical_type, duckdb_destroy_logical_type>;

}  // namespace catena::store::duckdb
