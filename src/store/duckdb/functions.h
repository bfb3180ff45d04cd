// The functions of DuckDB's C API that this folder calls, as pointers of the same names.
//
// The library is loaded when the first database is opened, not when catena starts: to bind its 40,000
// references takes three times as long as everything else that starts, and half of the verbs open no
// database.
#pragma once

#include <duckdb.h>

#include "base/result.h"

namespace catena::store::duckdb {

#define CATENA_DUCKDB_FUNCTIONS(EACH)             \
    EACH(duckdb_append_data_chunk)                \
    EACH(duckdb_appender_column_count)            \
    EACH(duckdb_appender_column_type)             \
    EACH(duckdb_appender_create)                  \
    EACH(duckdb_appender_destroy)                 \
    EACH(duckdb_appender_error)                   \
    EACH(duckdb_appender_flush)                   \
    EACH(duckdb_bind_varchar_length)              \
    EACH(duckdb_close)                            \
    EACH(duckdb_connect)                          \
    EACH(duckdb_create_config)                    \
    EACH(duckdb_create_data_chunk)                \
    EACH(duckdb_data_chunk_get_column_count)      \
    EACH(duckdb_data_chunk_get_size)              \
    EACH(duckdb_data_chunk_get_vector)            \
    EACH(duckdb_data_chunk_reset)                 \
    EACH(duckdb_data_chunk_set_size)              \
    EACH(duckdb_destroy_config)                   \
    EACH(duckdb_destroy_data_chunk)               \
    EACH(duckdb_destroy_extracted)                \
    EACH(duckdb_destroy_logical_type)             \
    EACH(duckdb_destroy_pending)                  \
    EACH(duckdb_destroy_prepare)                  \
    EACH(duckdb_destroy_result)                   \
    EACH(duckdb_disconnect)                       \
    EACH(duckdb_execute_pending)                  \
    EACH(duckdb_extract_statements)               \
    EACH(duckdb_extract_statements_error)         \
    EACH(duckdb_fetch_chunk)                      \
    EACH(duckdb_free)                             \
    EACH(duckdb_nparams)                          \
    EACH(duckdb_open_ext)                         \
    EACH(duckdb_pending_error)                    \
    EACH(duckdb_pending_prepared_streaming)       \
    EACH(duckdb_prepare_error)                    \
    EACH(duckdb_prepare_extracted_statement)      \
    EACH(duckdb_prepared_statement_column_count)  \
    EACH(duckdb_prepared_statement_column_name)   \
    EACH(duckdb_prepared_statement_column_type)   \
    EACH(duckdb_prepared_statement_type)          \
    EACH(duckdb_query)                            \
    EACH(duckdb_result_error)                     \
    EACH(duckdb_set_config)                       \
    EACH(duckdb_validity_row_is_valid)            \
    EACH(duckdb_validity_set_row_invalid)         \
    EACH(duckdb_vector_assign_string_element_len) \
    EACH(duckdb_vector_ensure_validity_writable)  \
    EACH(duckdb_vector_get_data)                  \
    EACH(duckdb_vector_get_validity)              \
    EACH(duckdb_vector_size)

// Within this namespace, these hide the library's functions. Null until load_functions has succeeded.
// NOLINTNEXTLINE(bugprone-macro-parentheses): a name that is declared
#define CATENA_DECLARE(NAME) extern decltype(&::NAME) NAME;
CATENA_DUCKDB_FUNCTIONS(CATENA_DECLARE)
#undef CATENA_DECLARE

// Loads the library and finds all of them; once, for all threads. NotSupported: it is not there, or another
// one.
[[nodiscard]] base::Status load_functions();

}  // namespace catena::store::duckdb
