#include "cli/draft.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "event/escape.h"
#include "store/store.h"

namespace catena::cli {
namespace {

// What DuckDB and the store put beside a recording that is being written.
constexpr const char* kCompanions[] = {".wal", ".wal.checkpoint", ".wal.recovery", ".tmp", ".repack"};

void remove_companions(const std::string& path) {
    std::error_code ignored;
    for (const char* companion : kCompanions) std::filesystem::remove_all(path + companion, ignored);
}

}  // namespace

base::Result<Draft> Draft::create(const std::string& target, Replace replace) {
    std::error_code error;
    if (std::filesystem::symlink_status(target, error).type() != std::filesystem::file_type::not_found) {
        const std::string name = event::escape_for_terminal(target);
        if (replace == Replace::No) {
            return base::fail(base::ErrorCode::BadInput,
                              name + " is there already: choose another name, or replace it with --force");
        }
        // Nobody must lose any other file to a mistyped name.
        if (const auto there = store::open_recording(target); !there) {
            return base::fail(
                base::ErrorCode::BadInput,
                name + " is not replaced, since it cannot be read as a recording: " + there.error().message);
        }
    }
    return Draft(target, target + ".part" + std::to_string(::getpid()));
}

base::Status Draft::publish() {
    remove_companions(target_);
    if (std::rename(path_.c_str(), target_.c_str()) != 0)
        return base::fail_errno("cannot rename " + path_ + " to " + target_);
    remove_companions(path_);
    path_.clear();
    return {};
}

void Draft::remove() const {
    if (path_.empty()) return;
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
    remove_companions(path_);
}

}  // namespace catena::cli
