// The tables and views of a recording (docs/formats/recording.md). A change that an old reader would misread
// raises the version.
#pragma once

#include <cstdint>
#include <string>

namespace catena::store::duckdb {

inline constexpr int kSchemaVersion = 1;
inline constexpr const char* kSchemaKey =
    "schema_version";  // its row in table meta makes a database a recording

// The oldest DuckDB that reads a recording, and the size of the blocks of its file (docs/decisions/0010).
inline constexpr const char* kStorageVersion = "v1.3.0";
inline constexpr const char* kBlockBytes = "65536";
inline constexpr const char* kSmallBlockBytes = "16384";

// "ENUM('none', 'fork', …)": the operations this program knows, in the order of event::Op.
std::string op_enum();

// Creates everything, in an empty database.
std::string schema_sql();

// Of how many events on a recording has a table `traits`.
inline constexpr std::int64_t kEventsForTraits = 1'000'000;

// A SELECT of the columns of table traits: what entities were seen to be part of, as the events say.
std::string traits_sql();

}  // namespace catena::store::duckdb
