// What a recording is before DuckDB opens it: a file that somebody may hold. Here the mistakes a user can
// make get sentences.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace catena::store::duckdb {

enum class Access { Read, Write };

// What the file is, judged by its first bytes.
enum class FileContent {
    Empty,
    Short,     // begins like a DuckDB database and ends within its headers
    Other,     // not a DuckDB database
    Database,  // a DuckDB database, of whomever
    Cut  // a DuckDB database that is shorter than its headers say; what is missing may have been free space
};

// The logs that can be beside a recording, the usual one first: what was committed and is not yet folded into
// the file. The others are there where DuckDB was killed while it folded or recovered.
std::vector<std::string> log_paths(const std::string& path);

// Opens a regular file. BadInput where there is none or it is something else, NotPermitted where permissions
// refuse it.
base::Result<base::Fd> open_regular(const std::string& path, Access access);

base::Result<FileContent> inspect(int fd, const std::string& path);

// BadInput, with who it is, where another process holds the file in a way that excludes `access`.
base::Status check_unlocked(int fd, const std::string& path, Access access);

// Takes the lock that DuckDB's processes respect, for as long as `fd` is open. Fails like check_unlocked.
base::Status lock_for_writing(int fd, const std::string& path);

// The sentence for a recording that another process, described by `holder`, holds.
base::Error held_error(const std::string& path, const std::string& holder, Access held_for);

}  // namespace catena::store::duckdb
