// DuckDB copies all tables, views and types to a new file, which then takes the place of the old one. How
// large a block should be depends on how much there is: each table takes one at least, and numbers of eight
// bytes are compressed only where 4096 of them have room in one.
#include "store/duckdb/repack.h"

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "store/duckdb/database.h"
#include "store/duckdb/recording_file.h"
#include "store/duckdb/schema.h"

namespace catena::store::duckdb {

using base::ErrorCode;
using base::Status;

namespace {

constexpr const char* kPackedRows = "30720";
constexpr std::uint64_t kMaxBytes = std::uint64_t{32} << 20U;
constexpr std::uint64_t kSmallBytes = std::uint64_t{640} << 10U;

Status copy(const std::string& from, const std::string& to, const char* block_bytes) {
    auto database = Database::open(":memory:", {{"threads", "1"},
                                                {"memory_limit", "24MB"},
                                                {"temp_directory", ""},
                                                {"autoinstall_known_extensions", "false"},
                                                {"autoload_known_extensions", "false"}});
    if (!database) return std::unexpected(std::move(database).error());
    auto connection = database->connect();
    if (!connection) return std::unexpected(std::move(connection).error());
    return connection->run("ATTACH " + sql_literal(from) + " AS loose (READ_ONLY); ATTACH " +
                               sql_literal(to) + " AS packed (BLOCK_SIZE " + block_bytes +
                               ", STORAGE_VERSION '" + kStorageVersion + "', ROW_GROUP_SIZE " + kPackedRows +
                               "); COPY FROM DATABASE loose TO packed; CHECKPOINT packed",
                           ErrorCode::System);
}

}  // namespace

std::string repack_path(const std::string& path) { return path + ".repack"; }

void repack(const std::string& path) {
    std::error_code error;
    const std::string real = std::filesystem::canonical(path, error);
    const std::uint64_t bytes = error ? UINT64_MAX : std::filesystem::file_size(real, error);
    if (error || bytes > kMaxBytes) return;
    const std::string packed = repack_path(real);
    std::filesystem::remove(packed, error);
    for (const std::string& log : log_paths(packed)) std::filesystem::remove(log, error);
    const bool copied = copy(real, packed, bytes <= kSmallBytes ? kSmallBlockBytes : kBlockBytes).has_value();
    const std::uint64_t packed_bytes = copied ? std::filesystem::file_size(packed, error) : UINT64_MAX;
    if (!error && packed_bytes < bytes && std::rename(packed.c_str(), real.c_str()) == 0) return;
    std::filesystem::remove(packed, error);
    for (const std::string& log : log_paths(packed)) std::filesystem::remove(log, error);
}

}  // namespace catena::store::duckdb
