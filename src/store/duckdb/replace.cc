// The old file is locked from the moment that it is known to be a recording until it is gone, and must still
// be what `path` names by then: of two recorders that start on the same path at once, one gets it and the
// other hears of it.
#include "store/duckdb/replace.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "store/duckdb/database.h"
#include "store/duckdb/recording_file.h"
#include "store/duckdb/repack.h"
#include "store/duckdb/schema.h"

namespace catena::store::duckdb {

using base::ErrorCode;
using base::fail;
using base::Status;

namespace {

std::unexpected<base::Error> refuse(const std::string& path, const std::string& why) {
    return fail(ErrorCode::BadInput, path + " is there already and " + why +
                                         ", so it is not replaced: choose another name, or remove it");
}

base::Result<std::int64_t> count(Connection& connection, const std::string& what) {
    std::int64_t found = 0;
    const std::array<Column, 1> columns = {Column{"count(*)", DUCKDB_TYPE_BIGINT}};
    const auto counted = connection.select(
        columns, "FROM " + what, [&](const Chunk& chunk) { found = chunk.integer(0, 0); }, ErrorCode::Usage);
    if (!counted) return std::unexpected(counted.error());
    return found;
}

// Whether the database at `path`, which nobody else holds, may be replaced: it is a recording, or holds
// nothing at all, as where a recorder died before its first breath.
Status check_replaceable(const std::string& path) {
    auto database = Database::open(path, {{"access_mode", "READ_ONLY"}, {"enable_external_access", "false"}});
    if (!database) {
        return refuse(path,
                      "cannot be read as a recording (" + first_paragraph(database.error().message) + ")");
    }
    auto connection = database->connect();
    if (!connection) return std::unexpected(std::move(connection).error());
    const auto tables = count(*connection, "duckdb_tables() WHERE NOT internal AND NOT temporary");
    if (tables && *tables == 0) return {};
    const auto ours = count(*connection, std::string("meta WHERE key = '") + kSchemaKey + "'");
    if (ours && *ours > 0) return {};
    return refuse(path, "is a DuckDB database, but not a recording of Catena");
}

Status remove_file(const std::string& path) {
    if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
    return base::fail_errno("cannot remove " + path);
}

// DuckDB would take logs without their database for its own and replay them.
Status remove_logs(const std::string& path) {
    for (const std::string& log : log_paths(path)) {
        if (auto removed = remove_file(log); !removed) return removed;
    }
    return remove_file(repack_path(path));
}

}  // namespace

Status make_room(const std::string& path) {
    auto fd = open_regular(path, Access::Write);
    if (!fd) {
        const bool absent = ::access(path.c_str(), F_OK) != 0 && errno == ENOENT;
        if (!absent) return std::unexpected(std::move(fd).error());
        return remove_logs(path);
    }
    if (auto free = check_unlocked(fd->get(), path, Access::Write); !free) return free;
    const auto content = inspect(fd->get(), path);
    if (!content) return std::unexpected(content.error());
    if (*content == FileContent::Other || *content == FileContent::Short) {
        return refuse(path, "is not a recording");
    }
    if (*content != FileContent::Empty) {
        if (auto replaceable = check_replaceable(path); !replaceable) return replaceable;
    }
    if (auto locked = lock_for_writing(fd->get(), path); !locked) return locked;
    struct stat ours = {};
    struct stat there = {};
    if (::fstat(fd->get(), &ours) != 0 || ::stat(path.c_str(), &there) != 0 || ours.st_ino != there.st_ino) {
        return std::unexpected(held_error(path, "another process", Access::Write));
    }
    if (auto removed = remove_file(path); !removed) return removed;
    return remove_logs(path);
}

}  // namespace catena::store::duckdb
